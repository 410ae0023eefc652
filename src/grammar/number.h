// Numbers of JSON within bounds, as expressions over their spelling.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <retort/result.h>

#include "grammar/expression.h"

namespace retort::grammar {

// A decimal number, exact: digits * 10^exponent, negative or not. Zero has no digits.
struct Decimal {
  bool negative = false;
  std::string digits;  // no zeros at either end
  int exponent = 0;

  // A JSON number, as spelled. Fails where it is none, or its exponent is beyond +-400.
  static Result<Decimal> parse(std::string_view text);
  bool is_integer() const { return digits.empty() || exponent >= 0; }
};
// Negative, 0 or positive as a is less than, equal to or greater than b.
int compare(const Decimal& a, const Decimal& b);
// Whether a is an integer multiple of b, which is positive.
bool is_multiple(const Decimal& a, const Decimal& b);

struct NumberBounds {
  bool integer = false;  // integers only, and spelled as such: no fraction, no exponent
  std::optional<Decimal> minimum, maximum;
  bool exclusive_minimum = false, exclusive_maximum = false;  // of the two above
  std::optional<Decimal> multiple_of;                         // positive
};

// The JSON numbers within `bounds`. Every spelling that it lets through is within them. Bounded
// decimals are spelled without an exponent unless the bounds are on the sign alone. Fails with what
// cannot be had in a reasonable number of states (a large multiple_of).
Result<Expression> compile_number(ExpressionPool& pool, const NumberBounds& bounds);

}  // namespace retort::grammar
