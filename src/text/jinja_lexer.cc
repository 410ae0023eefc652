// The lexer: tags, whitespace control, and the tokens within tags.
#include "text/jinja_lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/utf8.h"
#include "text/jinja_run.h"
#include "text/jinja_text.h"

namespace retort::text::jinja {
namespace {

bool is_ascii_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name_start(std::string_view text) {
  const base::CodePoint point = base::decode_utf8(text);
  return point.bytes != 0 && (point.value == '_' || is_alpha(point.value));
}

// Longest first, so that "**" is not two "*".
constexpr std::array<std::string_view, 26> kOperators = {
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
    "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};

class Lexer {
 public:
  Lexer(std::string_view source, std::vector<Token>& tokens, SyntaxError& error)
      : source_(normalized(source)), tokens_(tokens), error_(error) {}

  bool run() {
    while (at_ < source_.size()) {
      if (!root()) return false;
    }
    add(Token::Kind::end, {});
    return true;
  }

 private:
  // Newlines as "\n", and one newline at the very end dropped (keep_trailing_newline is off).
  static std::string normalized(std::string_view source) {
    std::string text;
    text.reserve(source.size());
    for (std::size_t i = 0; i < source.size(); ++i) {
      if (source[i] == '\r') {
        if (i + 1 < source.size() && source[i + 1] == '\n') continue;
        text.push_back('\n');
      } else {
        text.push_back(source[i]);
      }
    }
    if (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }

  std::string_view rest() const { return std::string_view(source_).substr(at_); }
  bool sees(std::string_view text) const { return rest().starts_with(text); }

  bool fail(std::string message) {
    error_ = {std::move(message), line_};
    return false;
  }

  void add(Token::Kind kind, std::string value) {
    tokens_.push_back({kind, std::move(value), line_});
  }

  // Moves to `to`, counting lines.
  void advance(std::size_t to) {
    line_ += static_cast<std::size_t>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                                 source_.begin() + static_cast<std::ptrdiff_t>(to),
                                                 '\n'));
    if (to > at_) line_starting_ = source_[to - 1] == '\n';
    at_ = to;
  }

  std::size_t skip_space(std::size_t at) const {
    while (at < source_.size()) {
      const base::CodePoint point = base::decode_utf8(std::string_view(source_).substr(at));
      if (!is_space(point.value)) break;
      at += point.bytes;
    }
    return at;
  }

  // Adds the text before a tag, stripped as the tag's sign and lstrip_blocks say.
  void add_data(std::size_t begin, std::size_t end, char sign, bool variable) {
    std::string_view text = std::string_view(source_).substr(begin, end - begin);
    if (sign == '-') {
      text = strip(Text::literal(text), nullptr, false, true).bytes();
      text = std::string_view(source_).substr(begin, text.size());
    } else if (sign != '+' && !variable) {
      const std::size_t newline = text.rfind('\n');
      const std::size_t line_begin = newline == std::string_view::npos ? 0 : newline + 1;
      if ((line_begin > 0 || line_starting_) && skip_space(begin + line_begin) >= end) {
        text = text.substr(0, line_begin);
      }
    }
    if (!text.empty()) add(Token::Kind::data, std::string(text));
  }

  bool root() {
    std::size_t tag = at_;
    while (true) {
      tag = source_.find('{', tag);
      if (tag == std::string::npos || tag + 1 >= source_.size()) {
        add(Token::Kind::data, std::string(rest()));
        advance(source_.size());
        return true;
      }
      const char second = source_[tag + 1];
      if (second == '%' || second == '{' || second == '#') break;
      ++tag;
    }
    const char kind = source_[tag + 1];
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    const bool signed_tag = sign == '-' || sign == '+';
    const std::size_t body = tag + 2 + (signed_tag ? 1 : 0);
    add_data(at_, tag, signed_tag ? sign : '\0', kind == '{');
    advance(tag);
    if (kind == '#') {
      advance(body);
      return comment();
    }
    if (const std::size_t raw_begin = kind == '%' ? raw_tag(body) : 0; raw_begin != 0) {
      advance(raw_begin);
      return raw();
    }
    add(kind == '{' ? Token::Kind::variable_begin : Token::Kind::block_begin, {});
    advance(body);
    return tag_body(kind == '{');
  }

  // Where the text of a raw block begins, if the block tag whose inside begins at `at` is `raw`;
  // else 0.
  std::size_t raw_tag(std::size_t at) const {
    const std::string_view source = source_;
    at = skip_space(at);
    if (!source.substr(at).starts_with("raw")) return 0;
    at = skip_space(at + 3);
    if (source.substr(at).starts_with("-%}")) return skip_space(at + 3);
    if (source.substr(at).starts_with("%}")) return at + 2;
    return 0;
  }

  // The end of a block or comment tag at `at` ("%}", "-%}", "+%}"), whitespace control included;
  // npos where there is none.
  std::size_t tag_end(std::size_t at, std::string_view close) const {
    const std::string_view source = std::string_view(source_).substr(at);
    if (source.starts_with(close)) {
      at += close.size();
      return at < source_.size() && source_[at] == '\n' ? at + 1 : at;
    }
    if (source.empty() || !source.substr(1).starts_with(close)) return std::string::npos;
    if (source[0] == '-') return skip_space(at + 1 + close.size());
    return source[0] == '+' ? at + 1 + close.size() : std::string::npos;
  }

  bool comment() {
    std::size_t close = source_.find("#}", at_);
    if (close == std::string::npos) return fail("Missing end of comment tag");
    if (close > at_ && (source_[close - 1] == '-' || source_[close - 1] == '+')) --close;
    advance(tag_end(close, "#}"));
    return true;
  }

  bool raw() {
    for (std::size_t tag = source_.find("{%", at_); tag != std::string::npos;
         tag = source_.find("{%", tag + 1)) {
      std::size_t inside = tag + 2;
      char sign = inside < source_.size() ? source_[inside] : '\0';
      if (sign == '-' || sign == '+') {
        ++inside;
      } else {
        sign = '\0';
      }
      inside = skip_space(inside);
      if (!std::string_view(source_).substr(inside).starts_with("endraw")) continue;
      const std::size_t end = tag_end(skip_space(inside + 6), "%}");
      if (end == std::string::npos) continue;
      add_data(at_, tag, sign, false);
      advance(end);
      return true;
    }
    return fail("Missing end of raw directive");
  }

  // The tokens within {{ }} or {% %}.
  bool tag_body(bool variable) {
    std::vector<char> open;
    while (true) {
      if (open.empty()) {
        std::size_t end = std::string::npos;
        if (!variable) {
          end = tag_end(at_, "%}");
        } else if (sees("}}")) {
          end = at_ + 2;
        } else if (sees("-}}")) {
          end = skip_space(at_ + 3);
        }
        if (end != std::string::npos) {
          add(variable ? Token::Kind::variable_end : Token::Kind::block_end, {});
          advance(end);
          return true;
        }
      }
      const std::size_t space = skip_space(at_);
      if (space > at_) {
        advance(space);
        continue;
      }
      if (at_ >= source_.size()) return true;  // the parser sees the end of the template
      if (!token(open)) return false;
    }
  }

  bool token(std::vector<char>& open) {
    if (is_ascii_digit(source_[at_])) return number();
    if (is_name_start(rest())) return name();
    if (source_[at_] == '\'' || source_[at_] == '"') return string();
    return operator_token(open);
  }

  // Digits with single underscores between, from `at`; where they end.
  std::size_t digits(std::size_t at, bool (*fits)(char)) const {
    const std::size_t begin = at;
    while (at < source_.size()) {
      if (fits(source_[at])) {
        ++at;
      } else if (source_[at] == '_' && at > begin && at + 1 < source_.size() &&
                 fits(source_[at + 1])) {
        ++at;
      } else {
        break;
      }
    }
    return at;
  }

  static std::string without_underscores(std::string_view text) {
    std::string plain(text);
    std::erase(plain, '_');
    return plain;
  }

  bool number() {
    const std::size_t whole = digits(at_, is_ascii_digit);
    const bool after_dot = at_ > 0 && source_[at_ - 1] == '.';
    if (const std::size_t end = after_dot ? whole : real_end(whole); end > whole) {
      add(Token::Kind::real, without_underscores(rest().substr(0, end - at_)));
      advance(end);
      return true;
    }
    return integer(whole);
  }

  // Where the float whose whole part ends at `whole` ends; `whole` if it is no float.
  std::size_t real_end(std::size_t whole) const {
    std::size_t end = whole;
    if (end < source_.size() && source_[end] == '.') {
      const std::size_t fraction = digits(end + 1, is_ascii_digit);
      if (fraction > end + 1) end = fraction;
    }
    std::size_t exponent = end;
    if (exponent < source_.size() && (source_[exponent] == 'e' || source_[exponent] == 'E')) {
      ++exponent;
      if (exponent < source_.size() && (source_[exponent] == '+' || source_[exponent] == '-')) {
        ++exponent;
      }
      const std::size_t after = digits(exponent, is_ascii_digit);
      if (after > exponent) end = after;
    }
    return end;
  }

  bool integer(std::size_t whole) {
    int base = 10;
    std::size_t begin = at_;
    std::size_t end = whole;
    if (source_[at_] == '0') {
      const char mark = at_ + 1 < source_.size() ? static_cast<char>(source_[at_ + 1] | 0x20) : ' ';
      bool (*fits)(char) = nullptr;
      if (mark == 'b') fits = [](char c) { return c == '0' || c == '1'; };
      if (mark == 'o') fits = [](char c) { return c >= '0' && c <= '7'; };
      if (mark == 'x') {
        fits = [](char c) { return is_ascii_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); };
      }
      const std::size_t after = fits == nullptr ? at_ + 2 : prefixed_end(fits);
      if (fits != nullptr && after > at_ + 2) {
        base = mark == 'b' ? 2 : mark == 'o' ? 8 : 16;
        begin = at_ + 2;
        end = after;
      } else {
        // "0" and "00" are zero; what follows is another token.
        end = digits(at_, [](char c) { return c == '0'; });
      }
    }
    const std::string plain =
        without_underscores(std::string_view(source_).substr(begin, end - begin));
    std::int64_t value = 0;
    const auto parsed = std::from_chars(plain.data(), plain.data() + plain.size(), value, base);
    if (parsed.ec != std::errc()) return fail(cat("integer ", plain, " is beyond 64 bits"));
    add(Token::Kind::integer, std::to_string(value));
    advance(end);
    return true;
  }

  // Python allows 0x_ff.
  std::size_t prefixed_end(bool (*fits)(char)) const {
    std::size_t begin = at_ + 2;
    if (begin + 1 < source_.size() && source_[begin] == '_' && fits(source_[begin + 1])) ++begin;
    const std::size_t end = digits(begin, fits);
    return end > begin ? end : at_ + 2;
  }

  bool name() {
    std::size_t end = at_;
    while (end < source_.size()) {
      const base::CodePoint point = base::decode_utf8(std::string_view(source_).substr(end));
      // Marks continue an identifier too; utf8proc has them in no class of ours below \w.
      if (!is_word(point.value) && (point.value < 0x300 || is_space(point.value) ||
                                    !is_printable(point.value) || point.value > 0x36F)) {
        break;
      }
      end += point.bytes;
    }
    add(Token::Kind::name, std::string(rest().substr(0, end - at_)));
    advance(end);
    return true;
  }

  bool string() {
    const char quote = source_[at_];
    std::size_t end = at_ + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) {
      return fail(cat("unexpected char ", quote == '"' ? "'\"'" : "\"'\"", " at ",
                      std::to_string(at_), ": the string does not end"));
    }
    std::string value;
    if (!unescape(std::string_view(source_).substr(at_ + 1, end - at_ - 1), value)) return false;
    add(Token::Kind::string, std::move(value));
    advance(end + 1);
    return true;
  }

  // Python's unicode-escape codec.
  bool unescape(std::string_view text, std::string& value) {
    static constexpr std::string_view kPlain = "abfnrtv\\'\"";
    static constexpr std::string_view kMeant = "\a\b\f\n\r\t\v\\'\"";
    char32_t high = 0;  // the first half of a surrogate pair
    while (!text.empty()) {
      const char c = text.size() > 1 ? text[1] : '\0';
      char32_t point = 0;
      if (text[0] != '\\') {
        value.push_back(text[0]);
        text.remove_prefix(1);
      } else if (const std::size_t plain = kPlain.find(c); plain != std::string_view::npos) {
        value.push_back(kMeant[plain]);
        text.remove_prefix(2);
      } else if (c == '\n') {
        text.remove_prefix(2);
      } else if (c == 'x' || c == 'u' || c == 'U') {
        if (!hex_escape(text, point)) return false;
        if (!add_point(point, high, text, value)) return false;
      } else if (c >= '0' && c <= '7') {
        text.remove_prefix(1);
        for (int i = 0; i < 3 && !text.empty() && text[0] >= '0' && text[0] <= '7'; ++i) {
          point = point * 8 + static_cast<char32_t>(text[0] - '0');
          text.remove_prefix(1);
        }
        base::append_utf8(value, point);
      } else if (c == 'N') {
        return fail("\\N{...} in a string is not supported");
      } else {
        value.push_back('\\');
        text.remove_prefix(1);
      }
    }
    return true;
  }

  bool hex_escape(std::string_view& text, char32_t& point) {
    const std::size_t count = text[1] == 'x' ? 2 : text[1] == 'u' ? 4 : 8;
    std::uint32_t number = 0;
    const char* begin = text.data() + 2;
    const std::size_t there = std::min(count, text.size() - 2);
    const auto parsed = std::from_chars(begin, begin + there, number, 16);
    if (parsed.ptr != begin + count) {
      return fail(cat("truncated \\", text.substr(1, 1), " escape in a string"));
    }
    if (number > 0x10FFFF) return fail("illegal Unicode character in a string");
    text.remove_prefix(2 + count);
    point = number;
    return true;
  }

  // Two surrogate halves in a row become their code point; one alone has no UTF-8.
  bool add_point(char32_t point, char32_t& high, std::string_view rest, std::string& value) {
    if (high != 0) {
      if (point < 0xDC00 || point > 0xDFFF) return fail("lone surrogate in a string");
      point = 0x10000 + ((high - 0xD800) << 10) + (point - 0xDC00);
      high = 0;
    } else if (point >= 0xD800 && point <= 0xDBFF && rest.starts_with("\\u")) {
      high = point;
      return true;
    } else if (point >= 0xD800 && point <= 0xDFFF) {
      return fail("lone surrogate in a string");
    }
    base::append_utf8(value, point);
    return true;
  }

  bool operator_token(std::vector<char>& open) {
    for (const std::string_view op : kOperators) {
      if (!sees(op)) continue;
      const char c = op.size() == 1 ? op[0] : ' ';
      if (c == '(' || c == '[' || c == '{') open.push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
      if (c == ')' || c == ']' || c == '}') {
        if (open.empty()) return fail(cat("unexpected '", op, "'"));
        if (open.back() != c) {
          return fail(cat("unexpected '", op, "', expected '", std::string(1, open.back()), "'"));
        }
        open.pop_back();
      }
      add(Token::Kind::op, std::string(op));
      advance(at_ + op.size());
      return true;
    }
    const std::size_t bytes = std::max<std::size_t>(base::decode_utf8(rest()).bytes, 1);
    return fail(cat("unexpected char '", rest().substr(0, bytes), "' at ", std::to_string(at_)));
  }

  const std::string source_;
  std::vector<Token>& tokens_;
  SyntaxError& error_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  bool line_starting_ = true;
};

}  // namespace

bool tokenize(std::string_view source, std::vector<Token>& tokens, SyntaxError& error) {
  return Lexer(source, tokens, error).run();
}

}  // namespace retort::text::jinja
