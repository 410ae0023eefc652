#include "grammar/key_sets.h"

#include <span>

#include "grammar/spelling.h"

namespace retort::grammar {
namespace {

// `keys` but for `key`, in all its spellings. Where its usual spelling is not in `keys`, no other
// is, and `keys` stay what they are.
Expression without_key(ExpressionPool& pool, Expression keys, const std::string& key) {
  if (!pool.matches(keys, "\"" + json_spelling(key) + "\"")) return keys;
  const Expression spelled = pool.any_spelling_of(std::span(&key, 1));
  return pool.without(keys, pool.concat({pool.literal("\""), spelled, pool.literal("\"")}));
}

}  // namespace

KeySets::Id KeySets::with(Id set, const std::string& key) {
  const auto [found, added] =
      index_.try_emplace(std::to_string(set) + "\"" + key, static_cast<Id>(sets_.size()));
  if (added) sets_.push_back({set, key});
  return found->second;
}

Expression KeySets::unused(ExpressionPool& pool, Expression keys, Id set) {
  const auto index = [keys](Id of) { return std::uint64_t{keys} << 32 | of; };
  std::vector<Id> unknown;  // sets that have not been asked for, the largest first
  for (; set != kNone && !unused_.contains(index(set)); set = sets_[set].before) {
    unknown.push_back(set);
  }
  Expression left = set == kNone ? keys : unused_.at(index(set));
  for (auto next = unknown.rbegin(); next != unknown.rend(); ++next) {
    left = without_key(pool, left, sets_[*next].last);
    unused_.emplace(index(*next), left);
  }
  return left;
}

}  // namespace retort::grammar
