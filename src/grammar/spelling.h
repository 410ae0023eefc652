// How characters are spelled in the bytes that an answer is made of: as they are, or as within the
// quotes of a JSON string, where each has several spellings and all are let through.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "grammar/code_points.h"
#include "grammar/expression.h"

namespace retort::grammar {

// How a character of the language described is spelled in the bytes that are matched.
enum class Spelling : std::uint8_t {
  utf8,         // itself
  json_string,  // as within the quotes of a JSON string: itself, or any of its escapes
};

// One character of `set` in its spelling.
Expression one_character(ExpressionPool& pool, const CodePointSet& set, Spelling spelling);
// `text` (UTF-8) as JSON writers spell it within quotes: quotes, backslashes and control
// characters escaped in their short form (else \u00xx in lower case), all else itself.
std::string json_spelling(std::string_view text);

}  // namespace retort::grammar
