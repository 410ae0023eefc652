#include "grammar/grammar.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace retort::grammar {
namespace {

Error refused(std::string message) {
  return Error(ErrorKind::invalid_request, std::move(message));
}

}  // namespace

GrammarBuilder::GrammarBuilder(const GrammarLimits& limits)
    : limits_(limits), expressions_(limits.expressions) {}

RuleId GrammarBuilder::add(Rule rule) {
  if (rules_.size() >= limits_.rules_max || parts_ + rule.parts.size() > limits_.parts_max) {
    exhausted_ = true;
    if (!rules_.empty()) return 0;
    rule.parts.clear();
  }
  parts_ += rule.parts.size();
  rules_.push_back(std::move(rule));
  return static_cast<RuleId>(rules_.size() - 1);
}

RuleId GrammarBuilder::reserve() {
  return add({});
}

RuleId GrammarBuilder::terminal(Expression expression, bool spaced) {
  const auto [found, added] = terminals_[spaced ? 1 : 0].try_emplace(expression, 0);
  if (added) {
    found->second = add(
        {.kind = Rule::Kind::terminal, .spaced = spaced, .expression = expression, .parts = {}});
  }
  return found->second;
}

RuleId GrammarBuilder::sequence(std::vector<RuleId> parts) {
  if (parts.size() == 1) return parts[0];
  return add({.kind = Rule::Kind::sequence, .parts = std::move(parts)});
}

RuleId GrammarBuilder::choice(std::vector<RuleId> parts) {
  if (parts.size() == 1) return parts[0];
  return add({.kind = Rule::Kind::choice, .parts = std::move(parts)});
}

RuleId GrammarBuilder::repeat(RuleId part, std::uint32_t min, std::uint32_t max) {
  return add({.kind = Rule::Kind::repeat, .min = min, .max = max, .parts = {part}});
}

RuleId GrammarBuilder::key(Expression expression) {
  return add({.kind = Rule::Kind::key, .spaced = true, .expression = expression, .parts = {}});
}

RuleId GrammarBuilder::key_scope(RuleId part) {
  return add({.kind = Rule::Kind::key_scope, .parts = {part}});
}

void GrammarBuilder::define(RuleId reserved, RuleId meaning) {
  if (exhausted_) return;
  rules_[reserved] = {.kind = Rule::Kind::choice, .parts = {meaning}};
  ++parts_;
}

// To a fixed point: a rule is nullable once what it is made of is known to be.
void GrammarBuilder::find_nullable() {
  const auto nullable_now = [this](const Rule& rule) {
    const auto is_nullable = [this](RuleId part) { return rules_[part].nullable; };
    switch (rule.kind) {
      case Rule::Kind::undefined:
        return false;
      case Rule::Kind::terminal:
      case Rule::Kind::key:
        return expressions_.nullable(rule.expression);
      case Rule::Kind::sequence:
        return std::all_of(rule.parts.begin(), rule.parts.end(), is_nullable);
      case Rule::Kind::choice:
        return std::any_of(rule.parts.begin(), rule.parts.end(), is_nullable);
      case Rule::Kind::key_scope:
        return is_nullable(rule.parts[0]);
      case Rule::Kind::repeat:
        return rule.min == 0 || is_nullable(rule.parts[0]);
    }
    return false;
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
      if (rule->nullable || !nullable_now(*rule)) continue;
      rule->nullable = true;
      changed = true;
    }
  }
}

// Depth first over "can begin with", three colours, with a stack of its own.
RuleId GrammarBuilder::find_left_recursion() const {
  enum class Colour : std::uint8_t { white, grey, black };
  struct Visit {
    RuleId rule;
    std::size_t next_part = 0;
  };
  std::vector<Colour> colour(rules_.size(), Colour::white);
  std::vector<Visit> path;
  for (RuleId start = 0; start < rules_.size(); ++start) {
    if (colour[start] != Colour::white) continue;
    colour[start] = Colour::grey;
    path.push_back({start});
    while (!path.empty()) {
      Visit& visit = path.back();
      const Rule& rule = rules_[visit.rule];
      const bool behind = rule.kind == Rule::Kind::sequence && visit.next_part > 0 &&
                          !rules_[rule.parts[visit.next_part - 1]].nullable;
      if (visit.next_part >= rule.parts.size() || behind) {
        colour[visit.rule] = Colour::black;
        path.pop_back();
        continue;
      }
      const RuleId part = rule.parts[visit.next_part++];
      if (colour[part] == Colour::grey) return part;
      if (colour[part] == Colour::black) continue;
      colour[part] = Colour::grey;
      path.push_back({part});
    }
  }
  return static_cast<RuleId>(rules_.size());
}

Result<Grammar> GrammarBuilder::finish(RuleId root) && {
  if (exhausted()) {
    return refused("The grammar is too large: more than " + std::to_string(limits_.rules_max) +
                   " rules or " + std::to_string(limits_.expressions.expressions_max) +
                   " expressions.");
  }
  for (RuleId rule = 0; rule < rules_.size(); ++rule) {
    if (rules_[rule].kind == Rule::Kind::undefined) {
      return refused("Rule " + std::to_string(rule) + " of the grammar was never defined.");
    }
  }
  find_nullable();
  if (const RuleId rule = find_left_recursion(); rule < rules_.size()) {
    return refused("The grammar is left-recursive: a rule can begin with itself.");
  }
  Grammar grammar{.rules = std::move(rules_), .root = root, .expressions = std::move(expressions_)};
  grammar.depth_max = depth_max_;
  grammar.byte_class = grammar.expressions.byte_classes();
  const bool has_keys = std::ranges::any_of(
      grammar.rules, [](const Rule& rule) { return rule.kind == Rule::Kind::key; });
  // What is left of a key's expression without the keys before it may tell any two bytes apart.
  if (has_keys) std::iota(grammar.byte_class.begin(), grammar.byte_class.end(), std::uint8_t{0});
  grammar.byte_classes =
      1u + *std::max_element(grammar.byte_class.begin(), grammar.byte_class.end());
  return grammar;
}

}  // namespace retort::grammar
