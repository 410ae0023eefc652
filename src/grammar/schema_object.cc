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
    return;
  }
  new_keys_ = needs_new_keys(shape_.min, required_from_[0]);
  counts_left_out_ = new_keys_ && shape_.other_keys < shape_.min;
  if (!counts_left_out_) return;
  const std::uint64_t most = shape_.properties.size() + shape_.other_keys;
  spare_ = most > shape_.min ? most - shape_.min : 0;
}

bool ObjectStates::can_end(State state) const {
  return required_from_[state.behind] == 0 && state.members >= shape_.min;
}

bool ObjectStates::can_be_finished(State state) const {
  const std::uint64_t left = shape_.properties.size() - state.behind;
  if (bounded_ && state.members + required_from_[state.behind] > shape_.max) return false;
  if (shape_.others.empty()) return state.members + left >= shape_.min;
  // Each other key can still come or has come, so that only what is left out is lost.
  return !counts_left_out_ || state.left_out <= spare_;
}

bool ObjectStates::wants_new_key(State state) const {
  return new_keys_ && state.members + required_from_[state.behind] < shape_.min;
}

// `state` with the properties before `index` behind it, those it has not had left out.
ObjectStates::State ObjectStates::passing(State state, std::size_t index) const {
  if (counts_left_out_) state.left_out += index - state.behind;
  state.behind = index;
  return state;
}

RuleId ObjectStates::after(State state) {
  const auto [found, added] = after_.try_emplace(state, 0);
  if (added) {
    found->second = builder_.reserve();
    undefined_.push_back(state);
  }
  return found->second;
}

// The property at `index`, written as the next member, and all that follows.
std::optional<RuleId> ObjectStates::property_at(std::size_t index, State state) {
  State next = passing(state, index);
  ++next.behind;
  next.members = one_more(state.members);
  if (!may_count(state.members) || !can_be_finished(next)) return std::nullopt;
  const auto known = properties_.find(next);
  if (known != properties_.end()) return known->second;
  const RuleId rule = builder_.sequence({shape_.properties[index].member, after(next)});
  properties_.emplace(next, rule);
  return rule;
}

void ObjectStates::append_declared(State state, std::vector<RuleId>& ways) {
  const std::size_t stop = std::min(state.behind + kSideBySide, shape_.properties.size());
  for (std::size_t i = state.behind; i < stop; ++i) {
    if (const std::optional<RuleId> way = property_at(i, state)) ways.push_back(*way);
    if (shape_.properties[i].required) return;
  }
  if (stop == shape_.properties.size()) return;
  const State far = passing(state, stop);
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
  State next = state;
  next.members = one_more(state.members);
  if (!may_count(state.members) || !can_be_finished(next)) return ways;
  for (const ObjectShape::Other& other : shape_.others) {
    const RuleId member = wants_new_key(state) ? other.new_key : other.member;
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
  std::vector<RuleId> ways = next_members({});
  if (can_end({})) ways.push_back(end_);
  const RuleId object = builder_.sequence({begin, builder_.choice(std::move(ways))});
  while (!undefined_.empty() && !builder_.exhausted()) {
    const State state = undefined_.back();
    undefined_.pop_back();
    define_after(state);
  }
  return new_keys_ ? builder_.key_scope(object) : object;
}

}  // namespace retort::grammar
