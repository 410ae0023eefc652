// Numbers of JSON within bounds, as expressions over their spelling.
#pragma once

#include <optional>

#include <retort/result.h>

#include "grammar/decimal.h"
#include "grammar/expression.h"

namespace retort::grammar {

struct NumberBounds {
  bool integer = false;  // integers only, and spelled as such: no fraction, no exponent
  std::optional<Decimal> minimum = {}, maximum = {};
  bool exclusive_minimum = false, exclusive_maximum = false;  // of the two above
  std::optional<Decimal> multiple_of = {};                    // positive
};

// The JSON numbers within `bounds`, nothing() where there are none. Every spelling that it lets
// through is within them, and each such number has one. Decimals bounded by other than their sign,
// and multiples, are spelled without an exponent, but for the ones that programs write by
// themselves: 1e-05 and smaller, 1e+16 and larger. Fails (invalid_request) with what cannot be had
// in a reasonable number of states: multiple_of with a large odd part.
Result<Expression> compile_number(ExpressionPool& pool, const NumberBounds& bounds);

}  // namespace retort::grammar
