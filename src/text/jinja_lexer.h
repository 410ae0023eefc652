// The lexer of the template language: source text to tokens, as jinja2/lexer.py of Jinja2 3.1 does
// it with trim_blocks and lstrip_blocks on. The parser is its one reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <retort/result.h>

namespace retort::text::jinja {

struct Token {
  enum class Kind : std::uint8_t {
    data,            // text between tags
    variable_begin,  // {{
    variable_end,
    block_begin,  // {%
    block_end,
    name,
    string,   // value: its content, escapes resolved
    integer,  // value: its digits in decimal
    real,     // value: as strtod reads it
    op,       // value: the operator, e.g. "**"
    end
  };
  Kind kind = Kind::end;
  std::string value;
  std::size_t line = 1;

  bool is(Kind k, std::string_view v) const { return kind == k && value == v; }
  bool is_op(std::string_view v) const { return is(Kind::op, v); }
  bool is_name(std::string_view v) const { return is(Kind::name, v); }
};

// A mistake in a template: what and on which line.
struct SyntaxError {
  std::string message;
  std::size_t line = 1;
};

// Splits `source` (valid UTF-8) into tokens, the last of which is `end`. On a mistake `error` is
// filled and false returned.
bool tokenize(std::string_view source, std::vector<Token>& tokens, SyntaxError& error);

}  // namespace retort::text::jinja
