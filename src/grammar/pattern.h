// Patterns: the regular expressions of JSON Schema (ECMA-262, `u` flag) and of guided_regex.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <retort/result.h>

#include "grammar/expression.h"

namespace retort::grammar {

// Code points from `first` to `last`, both within. A set of them is sorted, disjoint and merged.
struct CodePoints {
  char32_t first, last;
  friend bool operator==(const CodePoints&, const CodePoints&) = default;
};
using CodePointSet = std::vector<CodePoints>;

// How a character of the language described is spelled in the bytes that are matched.
enum class Spelling : std::uint8_t {
  utf8,         // itself
  json_string,  // as within the quotes of a JSON string: itself, or any of its escapes
};

// One character of `set` in its spelling. Surrogates (U+D800 to U+DFFF) are no characters.
Expression one_character(ExpressionPool& pool, const CodePointSet& set, Spelling spelling);
// `text` (UTF-8) as JSON writers spell it within quotes: quotes, backslashes and control
// characters escaped in their short form (else \u00xx in lower case), all else itself.
std::string json_spelling(std::string_view text);
// Every spelling of `text` (UTF-8) within the quotes of a JSON string.
Expression any_json_spelling(ExpressionPool& pool, std::string_view text);

struct PatternLimits {
  std::size_t bytes_max = 16 * 1024;
  std::size_t depth_max = 64;          // of groups
  std::uint32_t repeats_max = 10'000;  // the largest number in {}
};

// The strings that `pattern` finds something in: JSON Schema's meaning, not anchored unless it says
// ^ or $. With `whole`, those that it describes from end to end, as guided_regex means it. Errors
// (invalid_request) say what is wrong or not supported and at which byte.
Result<Expression> compile_pattern(ExpressionPool& pool, std::string_view pattern,
                                   Spelling spelling, bool whole = false,
                                   const PatternLimits& limits = {});

}  // namespace retort::grammar
