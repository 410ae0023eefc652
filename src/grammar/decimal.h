// Decimal: the numbers of JSON, exact and of any length a schema writes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <retort/result.h>

namespace retort::grammar {

// digits * 10^exponent, negative or not. Zero has no digits, no exponent and no sign.
struct Decimal {
  bool negative = false;
  std::string digits;  // no zeros at either end
  int exponent = 0;

  // Beyond what a double holds: 308 digits before the point, 324 behind it.
  static constexpr std::size_t kPlacesMax = 400;

  // A JSON number, as spelled. Fails where it is none, or where digits or zeros would stand more
  // than `places_max` places from the point: what is done with a number takes a step for each.
  static Result<Decimal> parse(std::string_view text, std::size_t places_max = kPlacesMax);
  bool is_integer() const { return digits.empty() || exponent >= 0; }
  friend bool operator==(const Decimal&, const Decimal&) = default;
};
// Negative, 0 or positive as a is less than, equal to or greater than b.
int compare(const Decimal& a, const Decimal& b);
// Whether a is an integer multiple of b, which is positive.
bool is_multiple(const Decimal& a, const Decimal& b);

}  // namespace retort::grammar
