// Expressions: regular languages over bytes, matched by their derivatives.
//
// An expression is a number in a pool, and equal expressions have equal numbers, so that an
// automaton's states are the expressions themselves: the state after a byte is the derivative by
// that byte (Brzozowski 1964; Owens, Reppy, Turon 2009, "Regular-expression derivatives
// re-examined"). That gives intersection and complement for free, which JSON Schema needs: a
// pattern and a length, any key but those declared.
//
// Everything a grammar matches between its brackets is an expression: patterns.h, formats.h and
// numbers.h make them, grammar.h puts them in their places, matcher.h walks them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "grammar/byte_set.h"

namespace retort::grammar {

// A number in its pool. Equal numbers are equal languages; the reverse need not hold.
using Expression = std::uint32_t;

// No upper bound, e.g. of ExpressionPool::repeat.
inline constexpr std::uint32_t kUnbounded = std::numeric_limits<std::uint32_t>::max();

struct ExpressionLimits {
  // Expressions in one pool; what is beyond is nothing(), and exhausted() says so.
  std::size_t expressions_max = 400'000;
  // Steps of one search for a member of a language (live).
  std::size_t search_max = 20'000;
};

// How many more characters the rest of a JSON string may have: see json_string_rest.
struct StringRest {
  std::uint32_t min = 0, max = kUnbounded;  // code points, as JSON Schema counts
  bool except_some = false;                 // a finite set of strings is left out besides
};

// Not thread-safe: taking a derivative adds expressions.
class ExpressionPool {
 public:
  explicit ExpressionPool(const ExpressionLimits& limits = {});

  static constexpr Expression nothing() { return 0; }   // no string at all
  static constexpr Expression empty() { return 1; }     // the empty string alone
  static constexpr Expression anything() { return 2; }  // every string of bytes

  Expression bytes(const ByteSet& set);
  Expression literal(std::string_view text);
  // One of `texts`, whatever their number: a derivative costs one step down a tree.
  Expression one_of(std::span<const std::string> texts);

  // Every way to spell one of `texts` (UTF-8) within the quotes of a JSON string: each character as
  // itself, or as any of its escapes. As quick to make as one_of.
  Expression any_spelling_of(std::span<const std::string> texts);

  Expression concat(Expression first, Expression second);
  Expression concat(std::initializer_list<Expression> parts);
  Expression either(Expression first, Expression second);
  Expression either(const std::vector<Expression>& parts);
  Expression both(Expression first, Expression second);
  Expression complement(Expression expression);  // every string of bytes that is not in it
  Expression without(Expression expression, Expression excluded);
  // `expression` from `min` to `max` times (kUnbounded: any number), min <= max.
  Expression repeat(Expression expression, std::uint32_t min, std::uint32_t max);
  Expression optional(Expression expression) { return either(empty(), expression); }

  // One or more decimal digits, leading zeros too, whose value is a multiple of `modulus`
  // (1 to 2^32). With `points`, decimal points may stand anywhere and change no value.
  Expression multiple_of(std::uint64_t modulus, bool points = false);

  // One character of a JSON string as it is spelled: itself in UTF-8, or an escape, \u pairs too.
  Expression json_character() const { return json_character_; }
  // `min` to `max` characters of a JSON string, then its closing quote. The mask of tokens knows
  // this form and answers from a table.
  Expression json_string_rest(std::uint32_t min, std::uint32_t max);
  // Says that `expression` is made of such characters, whole ones. It lets the pool see that what
  // is added to any string, or intersected with it, is part of it: so an unanchored pattern comes
  // to json_string_rest once it has been found.
  void declare_json_characters(Expression expression);
  // Whether `expression` is such a rest, or one less a finite set of strings.
  std::optional<StringRest> as_string_rest(Expression expression) const;

  bool nullable(Expression expression) const { return nodes_[expression].nullable; }
  // The bytes that a string of it can begin with, and perhaps more: quicker to ask than
  // derivative() for each.
  const ByteSet& first_bytes(Expression expression);
  Expression derivative(Expression expression, std::uint8_t byte);
  // Whether any string is in it. Searches where both() or complement() made it; where the search
  // does not end within its limit, exhausted() is set and the answer is no.
  bool live(Expression expression);
  // Whether `text` is in it. For tests and for checking single values.
  bool matches(Expression expression, std::string_view text);

  // The classes of bytes that no expression of the pool tells apart, [256] -> class. Stable once
  // all expressions that are to be matched have been made: derivatives add no classes.
  std::array<std::uint8_t, 256> byte_classes() const;

  std::size_t size() const noexcept { return nodes_.size(); }
  const ExpressionLimits& limits() const noexcept { return limits_; }
  // A limit was met: what has been made since is not to be relied on.
  bool exhausted() const noexcept { return exhausted_; }

 private:
  enum class Kind : std::uint8_t {
    nothing,
    empty,
    bytes,
    literal,
    tree,
    concat,
    either,
    both,
    complement,
    repeat,
    modulo,
    spelled,
    string
  };
  struct Node {
    Kind kind = Kind::nothing;
    bool nullable = false;
    bool searched = false;  // live() has to look: an intersection or complement is within
    bool finite = false;    // of finitely many strings
    std::uint32_t a = 0, b = 0, c = 0;
    friend bool operator==(const Node&, const Node&) = default;
  };
  // What is known of an expression's strings: json_part_.
  static constexpr std::uint8_t kCharacters = 1;  // characters of a JSON string
  static constexpr std::uint8_t kRest = 2;        // such characters, and the closing quote
  struct NodeHash {
    std::size_t operator()(const Node& node) const noexcept;
  };
  struct TreeNode {
    std::vector<std::pair<std::uint8_t, std::uint32_t>> children;  // by byte, rising
    bool terminal = false;
  };

  Expression intern(const Node& node);
  Expression intern_list(Kind kind, const std::vector<Expression>& parts);
  std::uint32_t intern_set(const ByteSet& set);
  std::span<const Expression> list(const Node& node) const;
  void flatten(Kind kind, Expression part, std::vector<Expression>& into) const;
  std::uint32_t make_tree(std::span<const std::string> texts);
  Expression tree(Kind kind, std::uint32_t node);
  Expression modulo(std::uint32_t modulus_minus_one, std::uint32_t remainder, std::uint32_t flags);
  void merge_sets(Kind kind, std::vector<Expression>& parts);
  void merge_string_rests(std::vector<Expression>& parts);
  std::uint8_t json_part(const Node& node) const;
  std::uint8_t any_json(Expression expression) const;
  bool is_quote(Expression expression) const;
  Expression make_json_character();

  ByteSet find_first_bytes(const Node& node);
  Expression derive(Expression expression, std::uint8_t byte);
  Expression derive_anew(Expression expression, std::uint8_t byte);
  Expression derive_list(const Node& node, std::uint8_t byte);
  Expression derive_repeat(const Node& node, std::uint8_t byte);
  Expression derive_tree(const Node& node, std::uint8_t byte);
  Expression derive_escape(std::uint32_t tree_node);
  Expression escape_of(char32_t character);
  bool search(Expression expression);
  const std::vector<std::uint8_t>& byte_of_class();

  ExpressionLimits limits_;
  std::vector<Node> nodes_;
  std::unordered_map<Node, Expression, NodeHash> interned_;
  std::vector<ByteSet> sets_;
  std::vector<Expression> lists_;  // the parts of either and both, one list behind the other
  std::unordered_map<std::uint64_t, std::vector<Expression>> list_index_;  // hash -> list nodes
  std::unordered_map<std::string, std::uint32_t> literal_index_;
  std::vector<std::string> literals_;
  std::vector<TreeNode> trees_;
  std::vector<std::int8_t> live_;           // by expression: 1 yes, 0 no, -1 not known
  std::vector<std::uint8_t> json_part_;     // by expression
  std::deque<ByteSet> first_bytes_;         // as far as asked for
  std::vector<std::uint32_t> first_index_;  // by expression: into first_bytes_, 1-based; 0: not yet
  // Of the derivative that is being taken.
  std::unordered_map<Expression, Expression> derived_;
  std::size_t derive_steps_ = 0;
  // A byte of each class, rising, as of so many sets, literals and nodes of trees.
  std::vector<std::uint8_t> byte_of_class_;
  std::array<std::size_t, 3> classes_as_of_{};
  Expression json_character_ = 0;
  bool has_spelled_ = false;
  bool exhausted_ = false;
};

}  // namespace retort::grammar
