// Objects as rules: which property may come next, and when the object may end.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "grammar/grammar.h"

namespace retort::grammar {

// What one object may hold. Every value rule can be finished.
struct ObjectShape {
  struct Property {
    RuleId member;  // its name, the colon and its value
    bool required = false;
  };
  std::vector<Property> properties;  // in the order in which they come
  std::vector<RuleId> others;        // members that may stand anywhere, any number of times
  std::uint64_t min = 0, max = kUnbounded;
};

// Makes the rules of one object. A state is how many of the declared properties are behind, written
// or left out, and how many members have been written, as far as that matters; no state is made
// from which the object cannot be finished.
class ObjectStates {
 public:
  ObjectStates(GrammarBuilder& builder, ObjectShape shape);

  // How many states there are.
  std::uint64_t size() const { return (shape_.properties.size() + 1) * (count_max_ + 1); }
  // The object, braces and all.
  RuleId make();

 private:
  using State = std::pair<std::size_t, std::uint64_t>;  // properties behind, members written

  std::uint64_t one_more(std::uint64_t count) const { return std::min(count + 1, count_max_); }
  bool may_count(std::uint64_t count) const { return !bounded_ || count < shape_.max; }
  bool can_end(State state) const;
  bool can_be_finished(State state) const;
  RuleId after(State state);
  std::optional<RuleId> property_at(std::size_t index, std::uint64_t count);
  void append_declared(State state, std::vector<RuleId>& ways);
  std::vector<RuleId> next_members(State state);
  void define_after(State state);

  GrammarBuilder& builder_;
  ObjectShape shape_;
  std::vector<std::size_t> required_from_;  // [properties + 1] required ones at and behind each
  bool bounded_ = false;                    // max matters
  std::uint64_t count_max_ = 0;             // counts above it are not told apart
  RuleId comma_, end_;
  std::map<State, RuleId> after_;     // what may follow a member
  std::map<State, RuleId> declared_;  // the next declared property, from far on
  std::map<State, RuleId> properties_;
  std::vector<State> undefined_;
};

}  // namespace retort::grammar
