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
  // Members that may stand anywhere, any number of times: keys that are not declared.
  struct Other {
    RuleId member;   // of any of these keys
    RuleId new_key;  // of one that the object's new_keys have not had; only where needs_new_keys()
  };
  std::vector<Property> properties;  // in the order in which they come
  std::vector<Other> others;
  std::uint64_t other_keys = kManyKeys;  // how many keys they have
  std::uint64_t min = 0, max = kUnbounded;

  static constexpr std::uint64_t kManyKeys = ~std::uint64_t{0};
};

// Whether an object of `min` members or more may come to that number by keys that it does not
// declare, `required` of those that it does aside: these must then differ, as a key that stands
// twice counts once.
constexpr bool needs_new_keys(std::uint64_t min, std::uint64_t required) {
  return min > required + 1;
}

// Makes the rules of one object. A state is how many of the declared properties are behind, written
// or left out, and how many members have been written, as far as that matters; no state is made
// from which the object cannot be finished. While the least number of members is not certain, each
// key that is not declared is one that the object has not had; behind that the same key again does
// no harm.
class ObjectStates {
 public:
  ObjectStates(GrammarBuilder& builder, ObjectShape shape);

  // How many states there are.
  std::uint64_t size() const {
    return (shape_.properties.size() + 1) * (count_max_ + 1) * (counts_left_out_ ? spare_ + 1 : 1);
  }
  // The object, braces and all.
  RuleId make();

 private:
  struct State {
    std::size_t behind = 0;      // properties, written or left out
    std::uint64_t members = 0;   // written
    std::uint64_t left_out = 0;  // of the properties behind; 0 where that does not matter
    auto operator<=>(const State&) const = default;
  };

  std::uint64_t one_more(std::uint64_t count) const { return std::min(count + 1, count_max_); }
  bool may_count(std::uint64_t count) const { return !bounded_ || count < shape_.max; }
  bool can_end(State state) const;
  bool can_be_finished(State state) const;
  RuleId after(State state);
  bool wants_new_key(State state) const;
  State passing(State state, std::size_t index) const;
  std::optional<RuleId> property_at(std::size_t index, State state);
  void append_declared(State state, std::vector<RuleId>& ways);
  std::vector<RuleId> next_members(State state);
  void define_after(State state);

  GrammarBuilder& builder_;
  ObjectShape shape_;
  std::vector<std::size_t> required_from_;  // [properties + 1] required ones at and behind each
  bool bounded_ = false;                    // max matters
  bool new_keys_ = false;                   // keys must differ until there are enough
  bool counts_left_out_ = false;            // there are too few other keys to leave out at will
  std::uint64_t spare_ = 0;                 // properties that may then be left out
  std::uint64_t count_max_ = 0;             // counts above it are not told apart
  RuleId comma_, end_;
  std::map<State, RuleId> after_;     // what may follow a member
  std::map<State, RuleId> declared_;  // the next declared property, from far on
  std::map<State, RuleId> properties_;
  std::vector<State> undefined_;
};

}  // namespace retort::grammar
