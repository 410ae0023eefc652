#include "grammar/gbnf.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "grammar/pattern.h"

namespace retort::grammar {
namespace {

constexpr char32_t kLastCodePoint = 0x10FFFF;

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void sort_and_merge(CodePointSet& set) {
  std::sort(set.begin(), set.end(),
            [](const CodePoints& a, const CodePoints& b) { return a.first < b.first; });
  CodePointSet merged;
  for (const CodePoints& range : set) {
    if (!merged.empty() && range.first <= merged.back().last + 1) {
      merged.back().last = std::max(merged.back().last, range.last);
    } else {
      merged.push_back(range);
    }
  }
  set = std::move(merged);
}

CodePointSet others(const CodePointSet& set) {
  CodePointSet rest;
  char32_t next = 0;
  for (const CodePoints& range : set) {
    if (range.first > next) rest.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kLastCodePoint) rest.push_back({next, kLastCodePoint});
  return rest;
}

// A piece of a rule: an expression as long as no rule is named in it, else a rule.
struct Piece {
  std::optional<Expression> expression;
  RuleId rule = 0;
};

class Parser {
 public:
  Parser(std::string_view text, const GbnfLimits& limits)
      : text_(text), limits_(limits), builder_(limits.grammar), pool_(builder_.expressions()) {}

  Result<Grammar> run() {
    if (text_.size() > limits_.bytes_max) {
      return Error(ErrorKind::invalid_request,
                   "the grammar has more than " + std::to_string(limits_.bytes_max) + " bytes");
    }
    skip_space(/*lines=*/true);
    while (at_ < text_.size() && !error_) parse_rule();
    if (error_) return *std::move(error_);
    const auto root = names_.find("root");
    if (root == names_.end() || !root->second.defined) {
      return Error(ErrorKind::invalid_request, "the grammar has no rule named root");
    }
    for (const auto& [name, rule] : names_) {
      if (rule.defined) continue;
      return Error(ErrorKind::invalid_request,
                   "the grammar's rule " + name + " is used but not defined");
    }
    const RuleId root_rule = root->second.id;
    return std::move(builder_).finish(root_rule);
  }

 private:
  struct Named {
    RuleId id = 0;
    bool defined = false;
  };

  bool fail(const std::string& what) {
    if (error_) return false;
    const std::string_view before = text_.substr(0, at_);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
    error_.emplace(ErrorKind::invalid_request,
                   "the grammar is not GBNF: line " + std::to_string(line) + ", column " +
                       std::to_string(at_ - line_begin + 1) + ": " + what);
    return false;
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  void skip_space(bool lines) {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r'))) {
        ++at_;
      } else {
        return;
      }
    }
  }

  std::string take_name() {
    const std::size_t begin = at_;
    while (is_name(peek())) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  Named& named(const std::string& name) {
    const auto [found, added] = names_.try_emplace(name);
    if (added) found->second.id = builder_.reserve();
    return found->second;
  }

  bool parse_rule() {
    const std::string name = take_name();
    if (name.empty()) return fail("expected the name of a rule");
    skip_space(false);
    if (!take("::=")) return fail("expected ::= behind " + name);
    skip_space(true);
    const std::optional<Piece> body = parse_alternatives(0);
    if (!body) return false;
    if (at_ < text_.size() && peek() != '\n' && peek() != '\r') {
      return fail("expected the end of the rule");
    }
    skip_space(true);
    Named& rule = named(name);
    if (rule.defined) return fail("the rule " + name + " is defined twice");
    rule.defined = true;
    builder_.define(rule.id, as_rule(*body));
    return true;
  }

  RuleId as_rule(const Piece& piece) {
    return piece.expression ? builder_.terminal(*piece.expression, false) : piece.rule;
  }

  std::optional<Piece> parse_alternatives(std::size_t depth) {
    if (depth > limits_.depth_max) {
      fail("brackets more than " + std::to_string(limits_.depth_max) + " deep");
      return std::nullopt;
    }
    std::vector<Piece> parts;
    do {
      skip_space(/*lines=*/true);
      std::optional<Piece> part = parse_sequence(depth);
      if (!part) return std::nullopt;
      parts.push_back(*part);
    } while (take("|"));
    if (std::all_of(parts.begin(), parts.end(), [](const Piece& p) { return p.expression; })) {
      std::vector<Expression> expressions;
      for (const Piece& part : parts) expressions.push_back(*part.expression);
      return Piece{.expression = pool_.either(expressions)};
    }
    std::vector<RuleId> rules;
    for (const Piece& part : parts) rules.push_back(as_rule(part));
    return Piece{.expression = std::nullopt, .rule = builder_.choice(std::move(rules))};
  }

  // What follows one another, up to | or ) or the end of the line. Neighbours without rules become
  // one expression.
  std::optional<Piece> parse_sequence(std::size_t depth) {
    std::vector<Piece> parts;
    for (;;) {
      skip_space(/*lines=*/depth > 0);
      const char c = peek();
      if (at_ >= text_.size() || c == '|' || c == ')' || c == '\n' || c == '\r') break;
      std::optional<Piece> part = parse_repeated(depth);
      if (!part) return std::nullopt;
      if (part->expression && !parts.empty() && parts.back().expression) {
        parts.back().expression = pool_.concat(*parts.back().expression, *part->expression);
      } else {
        parts.push_back(*part);
      }
    }
    if (parts.empty()) return Piece{.expression = ExpressionPool::empty()};
    if (parts.size() == 1) return parts[0];
    std::vector<RuleId> rules;
    for (const Piece& part : parts) rules.push_back(as_rule(part));
    return Piece{.expression = std::nullopt, .rule = builder_.sequence(std::move(rules))};
  }

  std::optional<Piece> parse_repeated(std::size_t depth) {
    std::optional<Piece> piece = parse_item(depth);
    while (piece) {
      std::uint32_t min = 0, max = kUnbounded;
      if (take("*")) {
      } else if (take("+")) {
        min = 1;
      } else if (take("?")) {
        max = 1;
      } else if (peek() == '{') {
        if (!parse_bounds(min, max)) return std::nullopt;
      } else {
        break;
      }
      if (piece->expression) {
        piece->expression = pool_.repeat(*piece->expression, min, max);
      } else {
        piece->rule = builder_.repeat(piece->rule, min, max);
      }
    }
    return piece;
  }

  bool parse_bounds(std::uint32_t& min, std::uint32_t& max) {
    take("{");
    skip_space(false);
    const std::optional<std::uint32_t> low = take_number();
    skip_space(false);
    max = low.value_or(kUnbounded);
    if (take(",")) {
      skip_space(false);
      max = take_number().value_or(kUnbounded);
      skip_space(false);
    } else if (!low) {
      return fail("expected a number in {}");
    }
    min = low.value_or(0);
    if (error_) return false;
    if (!take("}")) return fail("expected }");
    if (min > max) return fail("the smaller number comes first in {}");
    return true;
  }

  std::optional<std::uint32_t> take_number() {
    if (peek() < '0' || peek() > '9') return std::nullopt;
    std::uint32_t value = 0;
    while (peek() >= '0' && peek() <= '9') {
      value = value * 10 + static_cast<std::uint32_t>(text_[at_++] - '0');
      if (value > limits_.repeats_max) {
        fail("a number in {} beyond " + std::to_string(limits_.repeats_max));
        return std::nullopt;
      }
    }
    return value;
  }

  std::optional<Piece> parse_item(std::size_t depth) {
    if (take("(")) {
      std::optional<Piece> inner = parse_alternatives(depth + 1);
      if (!inner) return std::nullopt;
      skip_space(true);
      if (!take(")")) {
        fail("expected )");
        return std::nullopt;
      }
      return inner;
    }
    if (take("\"")) return parse_literal();
    if (take("[")) return parse_class();
    if (take(".")) {
      return Piece{.expression = one_character(pool_, {{0, kLastCodePoint}}, Spelling::utf8)};
    }
    const std::string name = take_name();
    if (name.empty()) {
      fail("expected a literal, a class, a name or (");
      return std::nullopt;
    }
    return Piece{.expression = std::nullopt, .rule = named(name).id};
  }

  std::optional<Piece> parse_literal() {
    Expression whole = ExpressionPool::empty();
    while (peek() != '"') {
      const std::optional<char32_t> c = take_character();
      if (!c) return std::nullopt;
      whole = pool_.concat(whole, one_character(pool_, {{*c, *c}}, Spelling::utf8));
    }
    take("\"");
    return Piece{.expression = whole};
  }

  std::optional<Piece> parse_class() {
    const bool negated = take("^");
    CodePointSet set;
    while (peek() != ']') {
      const std::optional<char32_t> first = take_character();
      if (!first) return std::nullopt;
      char32_t last = *first;
      if (peek() == '-' && at_ + 1 < text_.size() && text_[at_ + 1] != ']') {
        take("-");
        const std::optional<char32_t> end = take_character();
        if (!end) return std::nullopt;
        last = *end;
        if (last < *first) {
          fail("a range of a class runs backwards");
          return std::nullopt;
        }
      }
      set.push_back({*first, last});
    }
    take("]");
    sort_and_merge(set);
    return Piece{.expression = one_character(pool_, negated ? others(set) : set, Spelling::utf8)};
  }

  // One character of a literal or a class, its escape resolved.
  std::optional<char32_t> take_character() {
    if (at_ >= text_.size() || peek() == '\n') {
      fail("the literal or class does not end");
      return std::nullopt;
    }
    if (take("\\")) return take_escape();
    const auto lead = static_cast<std::uint8_t>(text_[at_]);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t value = size == 1 ? lead : lead & (0xFFu >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
      const auto byte = at_ + i < text_.size() ? static_cast<std::uint8_t>(text_[at_ + i]) : 0;
      if ((byte & 0xC0) != 0x80) {
        fail("not UTF-8");
        return std::nullopt;
      }
      value = value << 6 | (byte & 0x3F);
    }
    at_ += size;
    return value;
  }

  std::optional<char32_t> take_escape() {
    const char c = peek();
    ++at_;
    switch (c) {
      case 'n':
        return U'\n';
      case 'r':
        return U'\r';
      case 't':
        return U'\t';
      case 'x':
        return take_hex(2);
      case 'u':
        return take_hex(4);
      case 'U':
        return take_hex(8);
      case '\\':
      case '"':
      case '[':
      case ']':
      case '-':
      case '^':
        return static_cast<char32_t>(c);
      default:
        --at_;
        fail("an escape that GBNF does not have");
        return std::nullopt;
    }
  }

  std::optional<char32_t> take_hex(int digits) {
    char32_t value = 0;
    for (int i = 0; i < digits; ++i) {
      const int digit = hex_value(peek());
      if (digit < 0) {
        fail("expected " + std::to_string(digits) + " hexadecimal digits");
        return std::nullopt;
      }
      value = value << 4 | static_cast<char32_t>(digit);
      ++at_;
    }
    if (value > kLastCodePoint || (value >= 0xD800 && value <= 0xDFFF)) {
      fail("no such character");
      return std::nullopt;
    }
    return value;
  }

  std::string_view text_;
  const GbnfLimits limits_;
  GrammarBuilder builder_;
  ExpressionPool& pool_;
  std::unordered_map<std::string, Named> names_;
  std::size_t at_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<Grammar> compile_gbnf(std::string_view text, const GbnfLimits& limits) {
  return Parser(text, limits).run();
}

}  // namespace retort::grammar
