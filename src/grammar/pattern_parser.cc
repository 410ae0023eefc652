#include "grammar/pattern_parser.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/utf8.h"
#include "grammar/expression.h"

namespace retort::grammar {
namespace {

using Kind = PatternNode::Kind;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::optional<char32_t> hex_value(char c) {
  if (is_digit(c)) return static_cast<char32_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<char32_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<char32_t>(c - 'A' + 10);
  return std::nullopt;
}

// ECMA-262 sections 12.2 and 12.3: white space and line terminators.
CodePointSet space_set() {
  return make_set({{'\t', '\r'},
                   {' ', ' '},
                   {0xA0, 0xA0},
                   {0x1680, 0x1680},
                   {0x2000, 0x200A},
                   {0x2028, 0x2029},
                   {0x202F, 0x202F},
                   {0x205F, 0x205F},
                   {0x3000, 0x3000},
                   {0xFEFF, 0xFEFF}});
}

CodePointSet dot_set() {
  return complement(make_set({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}));
}

// What an atom of a class or an escape stands for.
struct Atom {
  CodePointSet set;
  std::optional<char32_t> character;  // where it is a single one, a surrogate perhaps
};

Atom single(char32_t character) {
  return {make_set({{character, character}}), character};
}

struct Bounds {
  std::uint32_t min, max;
};

struct BySpan {
  bool operator()(const CodePointSet& a, const CodePointSet& b) const {
    return std::ranges::lexicographical_compare(a, b, [](const CodePoints& x, const CodePoints& y) {
      return std::pair(x.first, x.last) < std::pair(y.first, y.last);
    });
  }
};

class Parser {
 public:
  Parser(std::string_view text, const PatternLimits& limits) : text_(text), limits_(limits) {}

  Result<ParsedPattern> parse() {
    const auto root = choice(0);
    if (!root) return root.error();
    if (at_ < text_.size()) return pattern_error("a ) without its (", at_);
    out_.root = *root;
    return std::move(out_);
  }

 private:
  using Node = Result<std::uint32_t>;

  bool done() const { return at_ >= text_.size(); }
  bool at(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  bool take(std::string_view what) {
    if (!at(what)) return false;
    at_ += what.size();
    return true;
  }
  char32_t take_character() {
    const base::CodePoint next = base::decode_utf8(text_.substr(at_));
    at_ += next.bytes;
    return next.value;
  }

  std::uint32_t add(PatternNode node) {
    for (const std::uint32_t part : node.parts) {
      node.has_end = node.has_end || out_.nodes[part].has_end;
      node.has_context = node.has_context || out_.nodes[part].has_context;
    }
    out_.nodes.push_back(std::move(node));
    return static_cast<std::uint32_t>(out_.nodes.size() - 1);
  }
  std::uint32_t add_character(const CodePointSet& set) {
    const auto [found, added] =
        set_index_.try_emplace(set, static_cast<std::uint32_t>(out_.sets.size()));
    if (added) out_.sets.push_back(set);
    return add({.kind = Kind::character, .set = found->second, .at = at_});
  }

  Node choice(std::size_t depth);
  Node sequence(std::size_t depth);
  Node term(std::size_t depth);
  Node atom(std::size_t depth);
  Node group(std::size_t depth);
  Result<void> group_name();
  Node quantified(std::uint32_t node, std::size_t begin);
  Result<std::optional<Bounds>> quantifier();
  std::optional<std::uint32_t> number();
  Node outside_escape();

  Result<CodePointSet> character_class();
  Result<Atom> class_atom();
  Result<Atom> escape(bool in_class);
  std::optional<Atom> set_escape(char letter);
  Result<Atom> property_escape(bool negative);
  Result<Atom> unicode_escape();
  std::optional<char32_t> hex_digits(std::size_t count);

  std::string_view text_;
  PatternLimits limits_;
  std::size_t at_ = 0;
  std::size_t properties_ = 0;
  ParsedPattern out_;
  std::map<CodePointSet, std::uint32_t, BySpan> set_index_;
};

Parser::Node Parser::choice(std::size_t depth) {
  if (depth > limits_.depth_max) return pattern_error("groups nested too deeply", at_);
  PatternNode node{.kind = Kind::choice, .at = at_};
  do {
    const Node way = sequence(depth);
    if (!way) return way;
    node.parts.push_back(*way);
  } while (take("|"));
  return node.parts.size() == 1 ? node.parts[0] : add(std::move(node));
}

Parser::Node Parser::sequence(std::size_t depth) {
  PatternNode node{.kind = Kind::sequence, .at = at_};
  while (!done() && !at("|") && !at(")")) {
    const Node part = term(depth);
    if (!part) return part;
    node.parts.push_back(*part);
  }
  return node.parts.size() == 1 ? node.parts[0] : add(std::move(node));
}

Parser::Node Parser::term(std::size_t depth) {
  const std::size_t begin = at_;
  const Node node = atom(depth);
  return node ? quantified(*node, begin) : node;
}

Parser::Node Parser::quantified(std::uint32_t node, std::size_t begin) {
  const auto bounds = quantifier();
  if (!bounds) return bounds.error();
  if (!*bounds) return node;
  const PatternNode& inner = out_.nodes[node];
  if ((inner.kind == Kind::begin || inner.kind == Kind::end) && text_[begin] != '(') {
    return pattern_error("nothing to repeat", begin);
  }
  const auto [min, max] = **bounds;
  if (inner.has_context && max > 1) {
    return pattern_error("^ and look-ahead in a group that repeats are not supported", begin);
  }
  return add({.kind = Kind::repeat, .min = min, .max = max, .at = begin, .parts = {node}});
}

// What follows an atom; nothing where it is no quantifier.
Result<std::optional<Bounds>> Parser::quantifier() {
  const std::size_t begin = at_;
  std::optional<Bounds> bounds;
  if (take("*")) {
    bounds = {0, kUnbounded};
  } else if (take("+")) {
    bounds = {1, kUnbounded};
  } else if (take("?")) {
    bounds = {0, 1};
  } else if (take("{")) {
    if (at(",") && at_ + 1 < text_.size() && is_digit(text_[at_ + 1])) {
      return pattern_error("{,n} means different things to different engines: write {0,n}", begin);
    }
    const auto min = number();
    auto max = min;
    if (take(",")) max = at("}") ? kUnbounded : number();
    if (!min || !max || !take("}")) {  // an ordinary brace
      at_ = begin;
      return std::optional<Bounds>();
    }
    bounds = {*min, *max};
  }
  if (!bounds) return bounds;
  take("?");  // which match is found first changes no language
  if (bounds->min > bounds->max) return pattern_error("the numbers in {} are out of order", begin);
  const std::uint32_t largest = bounds->max == kUnbounded ? bounds->min : bounds->max;
  if (largest > limits_.repeats_max) return pattern_error("too large a number in {}", begin);
  return bounds;
}

std::optional<std::uint32_t> Parser::number() {
  if (done() || !is_digit(text_[at_])) return std::nullopt;
  std::uint32_t value = 0;
  for (; !done() && is_digit(text_[at_]); ++at_) {
    value = std::min(value * 10 + static_cast<std::uint32_t>(text_[at_] - '0'), 100'000'000u);
  }
  return value;
}

Parser::Node Parser::atom(std::size_t depth) {
  const std::size_t begin = at_;
  if (take("(")) return group(depth);
  if (take("[")) {
    const auto set = character_class();
    if (!set) return set.error();
    return add_character(*set);
  }
  if (take("\\")) return outside_escape();
  if (take("^")) return add({.kind = Kind::begin, .has_context = true, .at = begin});
  if (take("$")) return add({.kind = Kind::end, .has_end = true, .at = begin});
  if (take(".")) return add_character(dot_set());
  const auto repeat = quantifier();
  if (!repeat) return repeat.error();
  if (*repeat) return pattern_error("nothing to repeat", begin);
  return add_character(single(take_character()).set);
}

Parser::Node Parser::group(std::size_t depth) {
  const std::size_t begin = at_ - 1;
  const bool ahead = at("?=") || at("?!");
  const bool negative = at("?!");
  if (at("?<=") || at("?<!")) return pattern_error("look-behind is not supported", begin);
  if (ahead) {
    at_ += 2;
  } else if (at("?") && !take("?:")) {
    const auto named = group_name();
    if (!named) return named.error();
  }
  Node inner = choice(depth + 1);
  if (!inner) return inner;
  if (!take(")")) return pattern_error("a ( without its )", begin);
  if (!ahead) return inner;
  const std::uint32_t look =
      add({.kind = Kind::look_ahead, .negative = negative, .at = begin, .parts = {*inner}});
  out_.nodes[look].has_context = true;
  out_.nodes[look].has_end = false;
  return look;
}

Result<void> Parser::group_name() {
  const std::size_t begin = at_ - 1;
  if (!take("?<") && !take("?P<")) {
    return pattern_error("this kind of group is not supported", begin);
  }
  const std::size_t name = at_;
  while (!done() && !at(">") && !at("(") && !at(")")) ++at_;
  if (at_ == name || !take(">")) return pattern_error("a group without a name", begin);
  return {};
}

Parser::Node Parser::outside_escape() {
  const std::size_t begin = at_ - 1;
  if (take("A")) return add({.kind = Kind::begin, .has_context = true, .at = begin});
  if (take("Z") || take("z")) return add({.kind = Kind::end, .has_end = true, .at = begin});
  if (at("b") || at("B")) return pattern_error("word boundaries are not supported", begin);
  const auto escaped = escape(false);
  if (!escaped) return escaped.error();
  return add_character(escaped->set);
}

Result<CodePointSet> Parser::character_class() {
  const std::size_t begin = at_ - 1;
  const bool negative = take("^");
  std::vector<CodePoints> ranges;
  while (!take("]")) {
    if (done()) return pattern_error("a [ without its ]", begin);
    const std::size_t from = at_;
    const auto low = class_atom();
    if (!low) return low.error();
    const bool range = at("-") && !at("-]") && at_ + 1 < text_.size();
    if (!range || !low->character) {  // [\w-.] means all three, as in older dialects
      ranges.insert(ranges.end(), low->set.begin(), low->set.end());
      continue;
    }
    ++at_;
    const auto high = class_atom();
    if (!high) return high.error();
    if (!high->character) {  // [a-\d] likewise
      ranges.insert(ranges.end(), low->set.begin(), low->set.end());
      ranges.insert(ranges.end(), high->set.begin(), high->set.end());
      ranges.push_back({'-', '-'});
      continue;
    }
    if (*low->character > *high->character) return pattern_error("a range out of order", from);
    ranges.push_back({*low->character, *high->character});
  }
  CodePointSet set = make_set(ranges);
  return negative ? complement(set) : set;
}

Result<Atom> Parser::class_atom() {
  if (take("\\")) return escape(true);
  return single(take_character());
}

// What stands behind a backslash.
Result<Atom> Parser::escape(bool in_class) {
  static constexpr std::string_view kLetters = "tnvfr", kControls = "\t\n\v\f\r";
  const std::size_t begin = at_ - 1;
  if (done()) return pattern_error("a \\ at the end", begin);
  const char c = text_[at_];
  if (!is_letter(c) && !is_digit(c)) return single(take_character());
  ++at_;
  if (const auto known = kLetters.find(c); known != std::string_view::npos) {
    return single(static_cast<char32_t>(kControls[known]));
  }
  if (auto set = set_escape(c)) return *std::move(set);
  if (c == 'p' || c == 'P') return property_escape(c == 'P');
  if (c == 'b' && in_class) return single('\b');
  if (c == '0' && (done() || !is_digit(text_[at_]))) return single(0);
  if (c == 'c' && !done() && is_letter(text_[at_])) {
    return single(static_cast<char32_t>(text_[at_++] & 31));
  }
  if (c == 'u') return unicode_escape();
  if (c == 'x') {
    const auto value = hex_digits(2);
    if (!value) return pattern_error("\\x wants two hexadecimal digits", begin);
    return single(*value);
  }
  if (c == 'k' || is_digit(c)) return pattern_error("back references are not supported", begin);
  return pattern_error(std::string("the escape \\") + c + " is not supported", begin);
}

std::optional<Atom> Parser::set_escape(char letter) {
  CodePointSet set;
  switch (letter | 0x20) {
    case 'd':
      set = make_set({{'0', '9'}});
      break;
    case 'w':
      set = make_set({{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}});
      break;
    case 's':
      set = space_set();
      break;
    default:
      return std::nullopt;
  }
  const bool negative = letter >= 'A' && letter <= 'Z';
  return Atom{negative ? complement(set) : std::move(set), std::nullopt};
}

Result<Atom> Parser::property_escape(bool negative) {
  const std::size_t begin = at_ - 2;
  const std::size_t close = text_.find('}', at_);
  if (!take("{") || close == std::string_view::npos) {
    return pattern_error("\\p wants a property in {}", begin);
  }
  const std::string_view inner = text_.substr(at_, close - at_);
  at_ = close + 1;
  if (++properties_ > limits_.properties_max) return pattern_error("too many \\p{}", begin);
  const std::size_t equals = inner.find('=');
  const bool pair = equals != std::string_view::npos;
  if (pair && equals + 1 == inner.size()) return pattern_error("\\p{name=} names no value", begin);
  const auto set = property(inner.substr(0, equals), pair ? inner.substr(equals + 1) : "");
  if (!set) return pattern_error("no such property is known", begin);
  return Atom{negative ? complement(*set) : *set, std::nullopt};
}

Result<Atom> Parser::unicode_escape() {
  const std::size_t begin = at_ - 2;
  if (take("{")) {
    char32_t value = 0;
    const std::size_t digits = at_;
    for (; !done() && hex_value(text_[at_]); ++at_) {
      value = std::min<char32_t>(value * 16 + *hex_value(text_[at_]), 0x110000);
    }
    if (at_ == digits || !take("}")) return pattern_error("\\u{ wants digits and }", begin);
    if (value > 0x10FFFF) return pattern_error("no such code point", begin);
    return single(value);
  }
  const auto unit = hex_digits(4);
  if (!unit) return pattern_error("\\u wants four hexadecimal digits", begin);
  if (*unit < 0xD800 || *unit > 0xDBFF) return single(*unit);
  const std::size_t behind = at_;
  const auto low = take("\\u") ? hex_digits(4) : std::nullopt;
  if (low && *low >= 0xDC00 && *low <= 0xDFFF) {
    return single(0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00));
  }
  at_ = behind;
  return single(*unit);
}

std::optional<char32_t> Parser::hex_digits(std::size_t count) {
  if (text_.size() - at_ < count) return std::nullopt;
  char32_t value = 0;
  for (const char c : text_.substr(at_, count)) {
    const auto digit = hex_value(c);
    if (!digit) return std::nullopt;
    value = value * 16 + *digit;
  }
  at_ += count;
  return value;
}

}  // namespace

Error pattern_error(std::string_view what, std::size_t at) {
  return Error(ErrorKind::invalid_request,
               "the pattern, at byte " + std::to_string(at) + ": " + std::string(what));
}

Result<ParsedPattern> parse_pattern(std::string_view pattern, const PatternLimits& limits) {
  if (pattern.size() > limits.bytes_max) {
    return pattern_error("longer than a pattern may be", limits.bytes_max);
  }
  const std::size_t valid = base::valid_utf8_prefix(pattern);
  if (valid < pattern.size()) return pattern_error("not UTF-8", valid);
  return Parser(pattern, limits).parse();
}

}  // namespace retort::grammar
