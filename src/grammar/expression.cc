#include "grammar/expression.h"

#include <algorithm>
#include <utility>

namespace retort::grammar {
namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash ^= value + 0x9e3779b97f4a7c15ull + (hash << 6) + (hash >> 2);
  return hash * 0xff51afd7ed558ccdull;
}

// What stands for itself in a JSON string.
constexpr ByteSet kPlainAscii = [] {
  ByteSet plain;
  for (std::uint8_t byte = 0x20; byte < 0x80; ++byte) {
    if (byte != '"' && byte != '\\') plain.add(byte);
  }
  return plain;
}();

// Of a modulo expression: a digit has been read; points are skipped.
constexpr std::uint32_t kBegun = 1, kPoints = 2;

std::uint32_t one_less(std::uint32_t count) {
  return count == 0 || count == kUnbounded ? count : count - 1;
}

}  // namespace

std::size_t ExpressionPool::NodeHash::operator()(const Node& node) const noexcept {
  std::uint64_t hash = static_cast<std::uint64_t>(node.kind);
  hash = mix(hash, node.a);
  hash = mix(hash, node.b);
  return mix(hash, node.c) >> 7;
}

ExpressionPool::ExpressionPool(const ExpressionLimits& limits) : limits_(limits) {
  intern({.kind = Kind::nothing, .finite = true});
  intern({.kind = Kind::empty, .nullable = true, .finite = true});
  const Expression everything =
      intern({.kind = Kind::complement, .nullable = true, .a = nothing()});
  live_[everything] = 1;
  json_character_ = make_json_character();
  declare_json_characters(json_character_);
}

Expression ExpressionPool::intern(const Node& node) {
  // The flags follow from the rest, so that they take no part in equality's outcome.
  const auto [found, added] = interned_.try_emplace(node, static_cast<Expression>(nodes_.size()));
  if (!added) return found->second;
  if (nodes_.size() >= limits_.expressions_max) {
    exhausted_ = true;
    interned_.erase(found);
    return nothing();
  }
  nodes_.push_back(node);
  json_part_.push_back(json_part(node));
  live_.push_back(node.kind == Kind::nothing ? std::int8_t{0}
                  : node.searched            ? std::int8_t{-1}
                                             : std::int8_t{1});
  return static_cast<Expression>(nodes_.size() - 1);
}

// The ways of a choice too: either() takes them apart.
void ExpressionPool::declare_json_characters(Expression expression) {
  json_part_[expression] |= kCharacters;
  if (nodes_[expression].kind != Kind::either) return;
  for (const Expression part : list(nodes_[expression])) json_part_[part] |= kCharacters;
}

std::uint8_t ExpressionPool::json_part(const Node& node) const {
  switch (node.kind) {
    case Kind::nothing:
      return kCharacters | kRest;
    case Kind::empty:
      return kCharacters;
    case Kind::bytes:
      return (sets_[node.a] & ~kPlainAscii).empty() ? kCharacters : std::uint8_t{0};
    case Kind::string:
      return kRest;
    case Kind::concat:
      return (json_part_[node.a] & kCharacters) != 0 ? json_part_[node.b] : std::uint8_t{0};
    case Kind::repeat:
      return json_part_[node.a] & kCharacters;
    case Kind::either:
    case Kind::both: {
      std::uint8_t all = kCharacters | kRest, any = 0;
      for (const Expression part : list(node)) {
        all &= json_part_[part];
        any |= json_part_[part];
      }
      return node.kind == Kind::either ? all : any;
    }
    default:
      return 0;
  }
}

// What `expression` is all of: kCharacters, kRest, or neither.
std::uint8_t ExpressionPool::any_json(Expression expression) const {
  const Node& node = nodes_[expression];
  if (node.kind == Kind::string && node.a == 0 && node.b == kUnbounded) return kRest;
  const bool repeats = node.kind == Kind::repeat && node.a == json_character_;
  return repeats && node.b == 0 && node.c == kUnbounded ? kCharacters : std::uint8_t{0};
}

bool ExpressionPool::is_quote(Expression expression) const {
  const Node& node = nodes_[expression];
  if (node.kind == Kind::bytes) return sets_[node.a] == ByteSet::of('"');
  return node.kind == Kind::literal && literals_[node.a].substr(node.b) == "\"";
}

std::uint32_t ExpressionPool::intern_set(const ByteSet& set) {
  const auto found = std::find(sets_.begin(), sets_.end(), set);
  if (found != sets_.end()) return static_cast<std::uint32_t>(found - sets_.begin());
  sets_.push_back(set);
  return static_cast<std::uint32_t>(sets_.size() - 1);
}

Expression ExpressionPool::bytes(const ByteSet& set) {
  if (set.empty()) return nothing();
  return intern({.kind = Kind::bytes, .finite = true, .a = intern_set(set)});
}

Expression ExpressionPool::literal(std::string_view text) {
  if (text.empty()) return empty();
  const auto [found, added] =
      literal_index_.try_emplace(std::string(text), static_cast<std::uint32_t>(literals_.size()));
  if (added) literals_.emplace_back(text);
  return intern({.kind = Kind::literal, .finite = true, .a = found->second});
}

Expression ExpressionPool::one_of(std::span<const std::string> texts) {
  if (texts.empty()) return nothing();
  if (texts.size() == 1) return literal(texts[0]);
  return tree(Kind::tree, make_tree(texts));
}

Expression ExpressionPool::any_spelling_of(std::span<const std::string> texts) {
  has_spelled_ = true;
  return tree(Kind::spelled, make_tree(texts));
}

std::uint32_t ExpressionPool::make_tree(std::span<const std::string> texts) {
  const auto root = static_cast<std::uint32_t>(trees_.size());
  trees_.emplace_back();
  for (const std::string& text : texts) {
    std::uint32_t at = root;
    for (const char c : text) {
      const auto byte = static_cast<std::uint8_t>(c);
      auto& children = trees_[at].children;
      const auto place = std::lower_bound(children.begin(), children.end(),
                                          std::pair<std::uint8_t, std::uint32_t>(byte, 0));
      if (place != children.end() && place->first == byte) {
        at = place->second;
        continue;
      }
      const auto child = static_cast<std::uint32_t>(trees_.size());
      children.insert(place, {byte, child});
      trees_.emplace_back();  // `children` is not used behind this line
      at = child;
    }
    trees_[at].terminal = true;
  }
  return root;
}

Expression ExpressionPool::tree(Kind kind, std::uint32_t node) {
  const TreeNode& at = trees_[node];
  if (at.children.empty()) return at.terminal ? empty() : nothing();
  return intern({.kind = kind, .nullable = at.terminal, .finite = true, .a = node});
}

Expression ExpressionPool::concat(Expression first, Expression second) {
  if (first == nothing() || second == nothing()) return nothing();
  if (first == empty()) return second;
  if (second == empty()) return first;
  if (first == anything() && second == anything()) return anything();
  const Node& head = nodes_[first];
  if (head.kind == Kind::concat) {  // to the right, so that equal strings of parts are equal
    const Expression inner = head.a;
    return concat(inner, concat(head.b, second));
  }
  if (head.kind == Kind::repeat && head.a == json_character_ && is_quote(second)) {
    return json_string_rest(head.b, head.c);
  }
  const Node& tail = nodes_[second];
  return intern({.kind = Kind::concat,
                 .nullable = head.nullable && tail.nullable,
                 .searched = head.searched || tail.searched,
                 .finite = head.finite && tail.finite,
                 .a = first,
                 .b = second});
}

Expression ExpressionPool::concat(std::initializer_list<Expression> parts) {
  Expression whole = empty();
  for (auto part = std::rbegin(parts); part != std::rend(parts); ++part)
    whole = concat(*part, whole);
  return whole;
}

std::span<const Expression> ExpressionPool::list(const Node& node) const {
  return std::span(lists_).subspan(node.a, node.b);
}

void ExpressionPool::flatten(Kind kind, Expression part, std::vector<Expression>& into) const {
  const Node& node = nodes_[part];
  if (node.kind != kind) {
    into.push_back(part);
    return;
  }
  const auto parts = list(node);
  into.insert(into.end(), parts.begin(), parts.end());
}

// Sets of bytes are one set: the union of the alternatives, the intersection of what must all hold.
void ExpressionPool::merge_sets(Kind kind, std::vector<Expression>& parts) {
  std::optional<ByteSet> merged;
  std::erase_if(parts, [&](Expression part) {
    const Node& node = nodes_[part];
    if (node.kind != Kind::bytes) return false;
    const ByteSet& set = sets_[node.a];
    merged = !merged ? set : kind == Kind::either ? *merged | set : *merged & set;
    return true;
  });
  if (merged) parts.push_back(bytes(*merged));
}

// Of rests of a string that must all hold, one that has the bounds of all.
void ExpressionPool::merge_string_rests(std::vector<Expression>& parts) {
  std::optional<StringRest> merged;
  std::erase_if(parts, [&](Expression part) {
    const Node& node = nodes_[part];
    if (node.kind != Kind::string) return false;
    if (!merged) merged.emplace();
    merged->min = std::max(merged->min, node.a);
    merged->max = std::min(merged->max, node.b);
    return true;
  });
  if (merged) parts.push_back(json_string_rest(merged->min, merged->max));
}

Expression ExpressionPool::intern_list(Kind kind, const std::vector<Expression>& parts) {
  std::uint64_t hash = static_cast<std::uint64_t>(kind);
  for (const Expression part : parts) hash = mix(hash, part);
  std::vector<Expression>& same_hash = list_index_[hash];
  for (const Expression known : same_hash) {
    if (nodes_[known].kind == kind && std::ranges::equal(list(nodes_[known]), parts)) return known;
  }
  Node node{.kind = kind, .nullable = kind == Kind::both, .finite = kind == Kind::either};
  node.searched = kind == Kind::both;
  for (const Expression part : parts) {
    const Node& of = nodes_[part];
    if (kind == Kind::either) {
      node.nullable = node.nullable || of.nullable;
      node.finite = node.finite && of.finite;
      node.searched = node.searched || of.searched;
    } else {
      node.nullable = node.nullable && of.nullable;
      node.finite = node.finite || of.finite;
    }
  }
  node.a = static_cast<std::uint32_t>(lists_.size());
  node.b = static_cast<std::uint32_t>(parts.size());
  lists_.insert(lists_.end(), parts.begin(), parts.end());
  const Expression made = intern(node);
  if (!exhausted_) list_index_[hash].push_back(made);
  return made;
}

Expression ExpressionPool::either(Expression first, Expression second) {
  return either(std::vector<Expression>{first, second});
}

Expression ExpressionPool::either(const std::vector<Expression>& parts) {
  std::vector<Expression> flat;
  for (const Expression part : parts) flatten(Kind::either, part, flat);
  merge_sets(Kind::either, flat);
  std::sort(flat.begin(), flat.end());
  flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
  if (std::binary_search(flat.begin(), flat.end(), anything())) return anything();
  std::erase(flat, nothing());
  std::uint8_t any = 0;
  for (const Expression part : flat) any |= any_json(part);
  if (any != 0) {  // it takes up what is part of it
    std::erase_if(flat, [&](Expression part) {
      return any_json(part) == 0 && (json_part_[part] & any) != 0;
    });
  }
  if (flat.empty()) return nothing();
  if (flat.size() == 1) return flat[0];
  return intern_list(Kind::either, flat);
}

Expression ExpressionPool::both(Expression first, Expression second) {
  std::vector<Expression> flat;
  flatten(Kind::both, first, flat);
  flatten(Kind::both, second, flat);
  merge_sets(Kind::both, flat);
  merge_string_rests(flat);
  std::sort(flat.begin(), flat.end());
  flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
  std::erase(flat, anything());
  std::uint8_t within = 0;
  for (const Expression part : flat) within |= any_json(part) == 0 ? json_part_[part] : 0;
  if (within != 0) {  // it is no bound to what is part of it
    std::erase_if(flat, [&](Expression part) { return (any_json(part) & within) != 0; });
  }
  if (flat.empty()) return anything();
  if (flat.size() == 1) return flat[0];
  bool all_nullable = true, has_empty = false;
  for (const Expression part : flat) {
    if (part == nothing()) return nothing();
    has_empty = has_empty || part == empty();
    all_nullable = all_nullable && nodes_[part].nullable;
    const Node& node = nodes_[part];
    if (node.kind == Kind::complement && std::binary_search(flat.begin(), flat.end(), node.a)) {
      return nothing();
    }
  }
  if (has_empty) return all_nullable ? empty() : nothing();
  return intern_list(Kind::both, flat);
}

Expression ExpressionPool::complement(Expression expression) {
  const Node& node = nodes_[expression];
  if (node.kind == Kind::complement) return node.a;
  if (expression == nothing()) return anything();
  return intern(
      {.kind = Kind::complement, .nullable = !node.nullable, .searched = true, .a = expression});
}

Expression ExpressionPool::without(Expression expression, Expression excluded) {
  return both(expression, complement(excluded));
}

Expression ExpressionPool::repeat(Expression expression, std::uint32_t min, std::uint32_t max) {
  if (max == 0 || expression == empty()) return empty();
  if (expression == nothing()) return min == 0 ? empty() : nothing();
  const Node node = nodes_[expression];
  if (node.nullable) min = 0;
  if (min == 1 && max == 1) return expression;
  if (max == kUnbounded && min <= 1) {
    if (node.kind == Kind::bytes && sets_[node.a] == ByteSet::all() && min == 0) return anything();
    if (node.kind == Kind::repeat && node.b == 0 && node.c == kUnbounded) return expression;
    if (expression == anything()) return anything();
  }
  return intern({.kind = Kind::repeat,
                 .nullable = min == 0,
                 .searched = node.searched,
                 .finite = node.finite && max != kUnbounded,
                 .a = expression,
                 .b = min,
                 .c = max});
}

Expression ExpressionPool::modulo(std::uint32_t modulus_minus_one, std::uint32_t remainder,
                                  std::uint32_t flags) {
  return intern({.kind = Kind::modulo,
                 .nullable = (flags & kBegun) != 0 && remainder == 0,
                 .a = modulus_minus_one,
                 .b = remainder,
                 .c = flags});
}

Expression ExpressionPool::multiple_of(std::uint64_t modulus, bool points) {
  return modulo(static_cast<std::uint32_t>(modulus - 1), 0, points ? kPoints : 0);
}

// RFC 8259 section 7, with well-formed UTF-8 (Unicode 15, table 3-7) and surrogates in pairs only:
// a lone one stands for no character.
Expression ExpressionPool::make_json_character() {
  const auto range = [this](int first, int last) {
    return bytes(ByteSet::range(static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(last)));
  };
  const Expression more = range(0x80, 0xBF);
  const Expression digit =
      bytes(ByteSet::range('0', '9') | ByteSet::range('a', 'f') | ByteSet::range('A', 'F'));
  const Expression d = bytes(ByteSet::of('d') | ByteSet::of('D'));
  ByteSet not_d = ByteSet::range('0', '9') | ByteSet::range('a', 'f') | ByteSet::range('A', 'F');
  not_d = not_d & ~ByteSet::of('d') & ~ByteSet::of('D');
  const Expression high = bytes(ByteSet::of('8') | ByteSet::of('9') | ByteSet::of('a') |
                                ByteSet::of('b') | ByteSet::of('A') | ByteSet::of('B'));
  const Expression low = bytes(ByteSet::range('c', 'f') | ByteSet::range('C', 'F'));
  const Expression plain_unit = either(concat({bytes(not_d), digit, digit, digit}),
                                       concat({d, range('0', '7'), digit, digit}));
  const Expression pair = concat({d, high, digit, digit, literal("\\u"), d, low, digit, digit});
  ByteSet simple;
  for (const char c : std::string_view("\"\\/bfnrt")) simple.add(static_cast<std::uint8_t>(c));
  const Expression escape =
      concat(literal("\\"), either(bytes(simple), concat(literal("u"), either(plain_unit, pair))));
  return either({bytes(kPlainAscii), escape, concat(range(0xC2, 0xDF), more),
                 concat({range(0xE0, 0xE0), range(0xA0, 0xBF), more}),
                 concat({range(0xE1, 0xEC), more, more}),
                 concat({range(0xED, 0xED), range(0x80, 0x9F), more}),
                 concat({range(0xEE, 0xEF), more, more}),
                 concat({range(0xF0, 0xF0), range(0x90, 0xBF), more, more}),
                 concat({range(0xF1, 0xF3), more, more, more}),
                 concat({range(0xF4, 0xF4), range(0x80, 0x8F), more, more})});
}

Expression ExpressionPool::json_string_rest(std::uint32_t min, std::uint32_t max) {
  if (min > max) return nothing();
  return intern({.kind = Kind::string, .finite = max != kUnbounded, .a = min, .b = max});
}

std::optional<StringRest> ExpressionPool::as_string_rest(Expression expression) const {
  const Node& node = nodes_[expression];
  if (node.kind == Kind::string) return StringRest{.min = node.a, .max = node.b};
  if (node.kind != Kind::both) return std::nullopt;
  std::optional<StringRest> rest;
  for (const Expression part : list(node)) {
    const Node& of = nodes_[part];
    // With no bound on its length a string can always go on to one that is not left out.
    if (of.kind == Kind::string && of.b == kUnbounded && !rest) {
      rest = {.min = of.a, .max = of.b, .except_some = true};
    } else if (of.kind != Kind::complement || !nodes_[of.a].finite) {
      return std::nullopt;
    }
  }
  return rest;
}

Expression ExpressionPool::derivative(Expression expression, std::uint8_t byte) {
  if (exhausted_) return nothing();
  derive_steps_ = 0;
  if (!derived_.empty()) derived_.clear();
  return derive(expression, byte);
}

// An expression's parts may share theirs, and theirs again: where there are many, each is derived
// once. Few are quicker without a table.
Expression ExpressionPool::derive(Expression expression, std::uint8_t byte) {
  constexpr std::size_t kFew = 64;
  if (++derive_steps_ <= kFew) return derive_anew(expression, byte);
  if (const auto known = derived_.find(expression); known != derived_.end()) return known->second;
  const Expression derived = derive_anew(expression, byte);
  derived_.emplace(expression, derived);
  return derived;
}

Expression ExpressionPool::derive_anew(Expression expression, std::uint8_t byte) {
  const Node node = nodes_[expression];  // a copy: the pool grows below
  switch (node.kind) {
    case Kind::nothing:
    case Kind::empty:
      return nothing();
    case Kind::bytes:
      return sets_[node.a].has(byte) ? empty() : nothing();
    case Kind::literal: {
      const std::string& text = literals_[node.a];
      if (static_cast<std::uint8_t>(text[node.b]) != byte) return nothing();
      if (node.b + 1 == text.size()) return empty();
      return intern({.kind = Kind::literal, .finite = true, .a = node.a, .b = node.b + 1});
    }
    case Kind::tree:
      return derive_tree(node, byte);
    case Kind::spelled:
      if (byte == '\\') return derive_escape(node.a);
      return byte == '"' || byte < 0x20 ? nothing() : derive_tree(node, byte);
    case Kind::concat: {
      const Expression front = concat(derive(node.a, byte), node.b);
      return nodes_[node.a].nullable ? either(front, derive(node.b, byte)) : front;
    }
    case Kind::either:
    case Kind::both:
      return derive_list(node, byte);
    case Kind::complement:
      return complement(derive(node.a, byte));
    case Kind::repeat:
      return derive_repeat(node, byte);
    case Kind::modulo: {
      if (byte == '.' && (node.c & kPoints) != 0) return expression;
      if (byte < '0' || byte > '9') return nothing();
      const std::uint64_t next = node.b * std::uint64_t{10} + (byte - std::uint64_t{'0'});
      return modulo(node.a, static_cast<std::uint32_t>(next % (std::uint64_t{node.a} + 1)),
                    node.c | kBegun);
    }
    case Kind::string:
      if (byte == '"') return node.a == 0 ? empty() : nothing();
      if (node.b == 0) return nothing();
      return concat(derive(json_character_, byte),
                    json_string_rest(one_less(node.a), one_less(node.b)));
  }
  return nothing();
}

Expression ExpressionPool::derive_list(const Node& node, std::uint8_t byte) {
  if (node.kind == Kind::both) {
    Expression all = anything();
    for (std::uint32_t i = 0; i < node.b && all != nothing(); ++i) {
      all = both(all, derive(lists_[node.a + i], byte));
    }
    return all;
  }
  std::vector<Expression> parts;
  parts.reserve(node.b);
  for (std::uint32_t i = 0; i < node.b; ++i) {
    const Expression part = derive(lists_[node.a + i], byte);
    if (part != nothing()) parts.push_back(part);
  }
  return either(parts);
}

Expression ExpressionPool::derive_repeat(const Node& node, std::uint8_t byte) {
  const Expression once = derive(node.a, byte);
  if (once == nothing()) return nothing();
  return concat(once, repeat(node.a, one_less(node.b), one_less(node.c)));
}

Expression ExpressionPool::derive_tree(const Node& node, std::uint8_t byte) {
  const auto& children = trees_[node.a].children;
  const auto place = std::lower_bound(children.begin(), children.end(),
                                      std::pair<std::uint8_t, std::uint32_t>(byte, 0));
  if (place == children.end() || place->first != byte) return nothing();
  return tree(node.kind, place->second);
}

// Behind a backslash: the escapes of each character that may come at the node, and what follows it.
// Within a character there are none.
Expression ExpressionPool::derive_escape(std::uint32_t tree_node) {
  struct Part {
    std::uint32_t node;
    char32_t value;
    int left;  // bytes of the character
  };
  std::vector<Part> parts;
  for (const auto& [byte, child] : trees_[tree_node].children) {
    if (byte < 0x80) parts.push_back({child, byte, 0});
    if (byte >= 0xC0 && byte < 0xE0) parts.push_back({child, byte & 0x1Fu, 1});
    if (byte >= 0xE0 && byte < 0xF0) parts.push_back({child, byte & 0x0Fu, 2});
    if (byte >= 0xF0) parts.push_back({child, byte & 0x07u, 3});
  }
  std::vector<Expression> ways;
  while (!parts.empty()) {
    const Part part = parts.back();
    parts.pop_back();
    if (part.left == 0) {
      const Expression rest = tree(Kind::spelled, part.node);
      ways.push_back(concat(escape_of(part.value), rest));
      continue;
    }
    for (const auto& [byte, child] : trees_[part.node].children) {
      parts.push_back({child, part.value << 6 | (byte & 0x3Fu), part.left - 1});
    }
  }
  return either(ways);
}

// RFC 8259 section 7, behind the backslash.
Expression ExpressionPool::escape_of(char32_t character) {
  const auto unit = [this](char32_t value) {
    Expression digits = empty();
    for (unsigned shift = 0; shift < 16; shift += 4) {
      const char digit = "0123456789abcdef"[value >> shift & 15];
      ByteSet set = ByteSet::of(static_cast<std::uint8_t>(digit));
      if (digit >= 'a') set.add(static_cast<std::uint8_t>(digit - 'a' + 'A'));
      digits = concat(bytes(set), digits);
    }
    return concat(literal("u"), digits);
  };
  if (character >= 0x10000) {
    const char32_t rest = character - 0x10000;
    return concat({unit(0xD800 + (rest >> 10)), literal("\\"), unit(0xDC00 + (rest & 0x3FF))});
  }
  constexpr std::string_view kEscaped = "\"\\/\b\f\n\r\t", kLetters = "\"\\/bfnrt";
  const std::size_t place =
      character < 0x80 ? kEscaped.find(static_cast<char>(character)) : kEscaped.npos;
  if (place == kEscaped.npos) return unit(character);
  return either(literal(kLetters.substr(place, 1)), unit(character));
}

const ByteSet& ExpressionPool::first_bytes(Expression expression) {
  if (expression >= first_index_.size()) first_index_.resize(nodes_.size() + nodes_.size() / 2, 0);
  if (const std::uint32_t known = first_index_[expression]; known != 0) {
    return first_bytes_[known - 1];
  }
  const ByteSet found = find_first_bytes(nodes_[expression]);
  first_bytes_.push_back(found);
  first_index_[expression] = static_cast<std::uint32_t>(first_bytes_.size());
  return first_bytes_.back();
}

ByteSet ExpressionPool::find_first_bytes(const Node& node) {
  ByteSet set;
  switch (node.kind) {
    case Kind::nothing:
    case Kind::empty:
      return set;
    case Kind::bytes:
      return sets_[node.a];
    case Kind::literal:
      return ByteSet::of(static_cast<std::uint8_t>(literals_[node.a][node.b]));
    case Kind::spelled:
      set.add('\\');
      [[fallthrough]];
    case Kind::tree:
      for (const auto& [byte, child] : trees_[node.a].children) set.add(byte);
      return set;
    case Kind::concat:
      set = first_bytes(node.a);
      return nodes_[node.a].nullable ? set | first_bytes(node.b) : set;
    case Kind::either:
      for (const Expression part : list(node)) set = set | first_bytes(part);
      return set;
    case Kind::both:
      set = ByteSet::all();
      for (const Expression part : list(node)) set = set & first_bytes(part);
      return set;
    case Kind::repeat:
      return first_bytes(node.a);
    case Kind::modulo:
      set = ByteSet::range('0', '9');
      return (node.c & kPoints) != 0 ? set | ByteSet::of('.') : set;
    case Kind::string:
      return first_bytes(json_character_) | ByteSet::of('"');
    case Kind::complement:
      break;
  }
  return ByteSet::all();
}

bool ExpressionPool::live(Expression expression) {
  if (live_[expression] < 0 && !search(expression)) return false;
  return live_[expression] == 1;
}

const std::vector<std::uint8_t>& ExpressionPool::byte_of_class() {
  const std::array as_of = {sets_.size(), literals_.size(), trees_.size()};
  if (!byte_of_class_.empty() && as_of == classes_as_of_) return byte_of_class_;
  classes_as_of_ = as_of;
  byte_of_class_.clear();
  const std::array<std::uint8_t, 256> classes = byte_classes();
  for (std::size_t byte = 0; byte < classes.size(); ++byte) {
    const auto begin = classes.begin();
    const auto end = begin + static_cast<std::ptrdiff_t>(byte);
    if (std::find(begin, end, classes[byte]) == end) {
      byte_of_class_.push_back(static_cast<std::uint8_t>(byte));
    }
  }
  return byte_of_class_;
}

// Depth first from `expression` to any string of its language. What was looked through in vain is
// dead, all of it, as everything that could be reached from it was looked through too.
bool ExpressionPool::search(Expression expression) {
  if (as_string_rest(expression)) {
    live_[expression] = 1;
    return true;
  }
  const std::vector<std::uint8_t> first_of = byte_of_class();
  struct Visit {
    Expression at;
    std::size_t next_class;
  };
  std::vector<Visit> path{{expression, 0}};
  std::vector<Expression> seen;
  std::unordered_map<Expression, bool> visited{{expression, true}};
  std::size_t steps = 0;
  while (!path.empty()) {
    Visit& visit = path.back();
    if (nodes_[visit.at].nullable || live_[visit.at] == 1) {
      for (const Visit& on_path : path) live_[on_path.at] = 1;
      return true;
    }
    if (visit.next_class >= first_of.size()) {
      seen.push_back(visit.at);
      path.pop_back();
      continue;
    }
    if (++steps > limits_.search_max * 8) {
      exhausted_ = true;
      return false;
    }
    const std::uint8_t byte = first_of[visit.next_class++];
    const Expression next = derivative(visit.at, byte);
    if (next == nothing() || live_[next] == 0 || !visited.emplace(next, true).second) continue;
    path.push_back({next, 0});
  }
  for (const Expression dead : seen) live_[dead] = 0;
  return false;
}

bool ExpressionPool::matches(Expression expression, std::string_view text) {
  for (const char c : text) {
    expression = derivative(expression, static_cast<std::uint8_t>(c));
    if (expression == nothing()) return false;
  }
  return nullable(expression);
}

std::array<std::uint8_t, 256> ExpressionPool::byte_classes() const {
  // For string, and for modulo with or without points.
  ByteSet singles = ByteSet::of('"') | ByteSet::of('.') | ByteSet::range('0', '9');
  if (has_spelled_) {
    for (const char c : std::string_view("\"\\/bfnrtuabcdefABCDEF")) {
      singles.add(static_cast<std::uint8_t>(c));
    }
  }
  for (const std::string& text : literals_) {
    for (const char c : text) singles.add(static_cast<std::uint8_t>(c));
  }
  for (const TreeNode& node : trees_) {
    for (const auto& [byte, child] : node.children) singles.add(byte);
  }
  std::array<std::uint8_t, 256> classes{};
  unsigned count = 1;
  const auto split = [&](auto inside) {
    std::array<int, 512> renamed;
    renamed.fill(-1);
    unsigned next = 0;
    std::array<std::uint8_t, 256> fresh{};
    for (std::size_t byte = 0; byte < 256; ++byte) {
      int& name = renamed[classes[byte] * 2u + (inside(static_cast<std::uint8_t>(byte)) ? 1u : 0u)];
      if (name < 0) name = static_cast<int>(next++);
      fresh[byte] = static_cast<std::uint8_t>(name);
    }
    classes = fresh;
    count = next;
  };
  for (const ByteSet& set : sets_) {
    if (count == 256) break;
    split([&](std::uint8_t byte) { return set.has(byte); });
  }
  // Each single byte is a class of its own: give them numbers in one pass each only where needed.
  for (unsigned byte = 0; byte < 256 && count < 256; ++byte) {
    if (!singles.has(static_cast<std::uint8_t>(byte))) continue;
    split([&](std::uint8_t other) { return other == byte; });
  }
  return classes;
}

}  // namespace retort::grammar
