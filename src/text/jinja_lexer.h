// The lexer of the template language: source text to tokens, as jinja2/lexer.py of Jinja2 3.1 does
// it with trim_blocks and lstrip_blocks on. The parser is its one reader.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// A place among the tokens of a template. After fail() it stands at the end, so that every loop of
// a parser ends; the first mistake is kept.
class TokenCursor {
 public:
  using Names = std::span<const std::string_view>;

  explicit TokenCursor(SyntaxError& error) : error_(error) {}

  // Reads the tokens of `source` and stands before the first.
  bool start(std::string_view source);

  const Token& current() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  // Goes on by one, except from the end, and returns where it stood.
  Token next();

  bool skip_op(std::string_view op);
  bool skip_name(std::string_view name);
  bool at_name(Names names) const;

  bool failed() const { return failed_; }
  void fail(std::string message) { fail(std::move(message), current().line); }
  void fail(std::string message, std::size_t line);

  // Each fails where something else stands. `what`: the token's name in the message.
  void expect_op(std::string_view op);
  std::string expect_name();
  void expect(Token::Kind kind, std::string_view what);

 private:
  SyntaxError& error_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

// A token in messages, e.g. "end of print statement".
std::string describe(const Token& token);

}  // namespace retort::text::jinja
