// Grammar: what a constrained answer may be, compiled.
//
// A context-free grammar over bytes whose terminals are expressions. JSON Schema
// (schema_grammar.h), GBNF (gbnf.h), regular expressions and choices all become one of these;
// matcher.h walks it, and token_mask.h asks the matcher which tokens may come next.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include <retort/result.h>

#include "grammar/expression.h"

namespace retort::grammar {

// A rule of a grammar, by its number.
using RuleId = std::uint32_t;

struct Rule {
  enum class Kind : std::uint8_t {
    undefined,
    terminal,   // `expression`, behind up to kSpaceMax characters of white space where `spaced`
    sequence,   // `parts`, one behind the other
    choice,     // one of `parts`
    repeat,     // parts[0], `min` to `max` times
    key,        // a terminal of JSON strings: one that is no other key of the key_scope it is in
    key_scope,  // parts[0]
  };
  Kind kind = Kind::undefined;
  bool spaced = false;
  bool nullable = false;
  Expression expression = 0;  // of a terminal or key
  std::uint32_t min = 0, max = 0;
  std::vector<RuleId> parts;
};

// Arrays and objects inside each other in an answer: what readers of JSON, ours too, let through.
inline constexpr std::uint32_t kJsonDepthMax = 64;

// White space in a row that is let through between the tokens of JSON.
inline constexpr std::uint8_t kSpaceMax = 64;

// What GrammarBuilder makes and an Automaton (matcher.h) takes over.
struct Grammar {
  std::vector<Rule> rules;
  RuleId root = 0;
  ExpressionPool expressions;
  std::array<std::uint8_t, 256> byte_class{};  // of the pool
  std::uint32_t depth_max = kUnbounded;        // rules that may be unfinished at once
  std::size_t byte_classes = 0;
};

struct GrammarLimits {
  std::size_t rules_max = 100'000;
  std::size_t parts_max = 1'000'000;  // of all rules together
  ExpressionLimits expressions;
};

// Makes a grammar rule by rule. Rules may name each other before they are defined: reserve() gives
// a number to be define()d later. What goes beyond a limit is dropped, and finish() says so.
class GrammarBuilder {
 public:
  explicit GrammarBuilder(const GrammarLimits& limits = {});

  ExpressionPool& expressions() noexcept { return expressions_; }

  RuleId reserve();
  // Each returns the number of a rule; equal terminals share one.
  RuleId terminal(Expression expression, bool spaced);
  RuleId sequence(std::vector<RuleId> parts);
  RuleId choice(std::vector<RuleId> parts);  // no parts: matches nothing
  RuleId repeat(RuleId part, std::uint32_t min, std::uint32_t max);
  // A string of JSON, quotes and all, that stands in its scope once only, however it is spelled.
  // White space may stand before it. To be reached from its scope's rule through few others.
  RuleId key(Expression expression);
  RuleId key_scope(RuleId part);
  // Gives `reserved` the meaning of `meaning`.
  void define(RuleId reserved, RuleId meaning);

  // No more than `depth_max` rules may be unfinished at once: for JSON, the brackets that are open.
  // What would go deeper cannot come.
  void limit_depth(std::uint32_t depth_max) { depth_max_ = depth_max; }

  bool exhausted() const noexcept { return exhausted_ || expressions_.exhausted(); }
  std::size_t rules() const noexcept { return rules_.size(); }

  // The grammar that begins at `root`. Fails where a limit was met, where a rule was never defined,
  // and where a rule can begin with itself (left recursion).
  Result<Grammar> finish(RuleId root) &&;

 private:
  RuleId add(Rule rule);
  void find_nullable();
  // A rule that can begin with itself; none: the number of rules.
  RuleId find_left_recursion() const;

  GrammarLimits limits_;
  ExpressionPool expressions_;
  std::vector<Rule> rules_;
  std::unordered_map<Expression, RuleId> terminals_[2];  // the rule of one, plain and spaced
  std::size_t parts_ = 0;
  std::uint32_t depth_max_ = kUnbounded;
  bool exhausted_ = false;
};

}  // namespace retort::grammar
