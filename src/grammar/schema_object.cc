#include "grammar/schema_object.h"

#include <algorithm>

namespace retort::grammar {
namespace {

// Properties named side by side in one choice: those behind them are a rule of their own, so that
// many optional ones do not make rules in their square.
constexpr std::size_t kSideBySide = 64;

}  // namespace

ObjectStates::ObjectStates(GrammarBuilder& builder, ObjectShape shape)
    : builder_(builder),
      shape_(std::move(shape)),
      required_from_(shape_.properties.size() + 1),
      comma_(builder.terminal(builder.expressions().literal(","), true)),
      end_(builder.terminal(builder.expressions().literal("}"), true)) {
  for (std::size_t i = shape_.properties.size(); i-- > 0;) {
    required_from_[i] = required_from_[i + 1] + (shape_.properties[i].required ? 1 : 0);
  }
  if (shape_.min <= required_from_[0]) shape_.min = 0;
  const bool always_within = shape_.others.empty() && shape_.properties.size() <= shape_.max;
  bounded_ = shape_.max != kUnbounded && !always_within;
  count_max_ = bounded_ ? shape_.max : shape_.min;
  if (shape_.others.empty()) {
    count_max_ = std::min<std::uint64_t>(count_max_, shape_.properties.size());
  }
}

bool ObjectStates::can_end(State state) const {
  return required_from_[state.first] == 0 && state.second >= shape_.min;
}

bool ObjectStates::can_be_finished(State state) const {
  const std::uint64_t left = shape_.properties.size() - state.first;
  if (bounded_ && state.second + required_from_[state.first] > shape_.max) return false;
  return !shape_.others.empty() || state.second + left >= shape_.min;
}

RuleId ObjectStates::after(State state) {
  const auto [found, added] = after_.try_emplace(state, 0);
  if (added) {
    found->second = builder_.reserve();
    undefined_.push_back(state);
  }
  return found->second;
}

// The property at `index`, written as the member behind `count` others, and all that follows.
std::optional<RuleId> ObjectStates::property_at(std::size_t index, std::uint64_t count) {
  const State next{index + 1, one_more(count)};
  if (!may_count(count) || !can_be_finished(next)) return std::nullopt;
  const auto known = properties_.find({index, next.second});
  if (known != properties_.end()) return known->second;
  const RuleId rule = builder_.sequence({shape_.properties[index].member, after(next)});
  properties_.emplace(State{index, next.second}, rule);
  return rule;
}

void ObjectStates::append_declared(State state, std::vector<RuleId>& ways) {
  const std::size_t stop = std::min(state.first + kSideBySide, shape_.properties.size());
  for (std::size_t i = state.first; i < stop; ++i) {
    if (const std::optional<RuleId> way = property_at(i, state.second)) ways.push_back(*way);
    if (shape_.properties[i].required) return;
  }
  if (stop == shape_.properties.size()) return;
  const State far{stop, state.second};
  if (const auto known = declared_.find(far); known != declared_.end()) {
    ways.push_back(known->second);
    return;
  }
  std::vector<RuleId> far_ways;
  append_declared(far, far_ways);
  if (far_ways.empty()) return;
  const RuleId rule = builder_.choice(std::move(far_ways));
  declared_.emplace(far, rule);
  ways.push_back(rule);
}

std::vector<RuleId> ObjectStates::next_members(State state) {
  std::vector<RuleId> ways;
  append_declared(state, ways);
  const State next{state.first, one_more(state.second)};
  if (!may_count(state.second) || !can_be_finished(next)) return ways;
  for (const RuleId member : shape_.others) {
    ways.push_back(builder_.sequence({member, after(next)}));
  }
  return ways;
}

void ObjectStates::define_after(State state) {
  std::vector<RuleId> ways;
  if (can_end(state)) ways.push_back(end_);
  std::vector<RuleId> members = next_members(state);
  if (!members.empty()) {
    ways.push_back(builder_.sequence({comma_, builder_.choice(std::move(members))}));
  }
  builder_.define(after_.at(state), builder_.choice(std::move(ways)));
}

RuleId ObjectStates::make() {
  const RuleId begin = builder_.terminal(builder_.expressions().literal("{"), true);
  std::vector<RuleId> ways = next_members({0, 0});
  if (can_end({0, 0})) ways.push_back(end_);
  const RuleId object = builder_.sequence({begin, builder_.choice(std::move(ways))});
  while (!undefined_.empty() && !builder_.exhausted()) {
    const State state = undefined_.back();
    undefined_.pop_back();
    define_after(state);
  }
  return object;
}

}  // namespace retort::grammar
