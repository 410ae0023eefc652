// Bounds of a number from any bytes: an expression or a refusal, and what the expression lets
// through is within them, compared as exact decimals.
//
// The first byte says what the bounds are; then, by lines: minimum, maximum, multiple, and numbers
// to try.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "grammar/number.h"

namespace {

using namespace retort::grammar;

void require(bool claim) {
  if (!claim) std::abort();
}

std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::optional<Decimal> number(std::string_view text) {
  const auto parsed = Decimal::parse(text);
  return parsed ? std::optional(*parsed) : std::nullopt;
}

bool within(const Decimal& value, const NumberBounds& bounds) {
  if (bounds.minimum) {
    const int order = compare(value, *bounds.minimum);
    if (order < 0 || (order == 0 && bounds.exclusive_minimum)) return false;
  }
  if (bounds.maximum) {
    const int order = compare(value, *bounds.maximum);
    if (order > 0 || (order == 0 && bounds.exclusive_maximum)) return false;
  }
  if (bounds.multiple_of && !is_multiple(value, *bounds.multiple_of)) return false;
  return !bounds.integer || value.is_integer();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  NumberBounds bounds{.integer = (data[0] & 1) != 0};
  bounds.exclusive_minimum = (data[0] & 2) != 0;
  bounds.exclusive_maximum = (data[0] & 4) != 0;
  bounds.minimum = number(next_line(rest));
  bounds.maximum = number(next_line(rest));
  bounds.multiple_of = number(next_line(rest));
  ExpressionPool pool({.expressions_max = 60'000, .search_max = 2'000});
  const auto compiled = compile_number(pool, bounds);
  if (!compiled) {
    require(compiled.error().kind() == retort::ErrorKind::invalid_request);
    return 0;
  }
  for (int tries = 0; tries < 20 && !rest.empty(); ++tries) {
    const std::string_view text = next_line(rest);
    const auto value = number(text);
    const bool let_through = pool.matches(*compiled, text);
    if (pool.exhausted()) return 0;
    if (!value) continue;  // no number, or one too far from 1 to be compared
    require(!let_through || within(*value, bounds));
    const bool plain = text.find_first_of("eE") == std::string_view::npos &&
                       (!bounds.integer || text.find('.') == std::string_view::npos);
    require(let_through || !plain || !within(*value, bounds));
  }
  return 0;
}
