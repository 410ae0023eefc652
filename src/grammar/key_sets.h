// KeySets: which keys an object has had so far, where no two may be the same.
//
// A schema that asks for a number of properties and leaves their names open (minProperties) can be
// met only by keys that differ, and readers of JSON count the same key once. No grammar without
// memory says that, so the matcher (matcher.h) keeps beside each such object the set of its keys,
// by number, and asks here what is left of a key's expression without them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "grammar/expression.h"

namespace retort::grammar {

// Not thread-safe. Sets stay: a number means the same for as long as this lives.
class KeySets {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNone = 0;  // no keys

  // `set` and `key` (UTF-8) beside. The same keys in another order may be another set.
  Id with(Id set, const std::string& key);
  // The strings of `keys`, an expression of JSON strings with their quotes, that spell no key of
  // `set`. Costs a step for each key of the set when it is first asked for.
  Expression unused(ExpressionPool& pool, Expression keys, Id set);

  std::size_t size() const noexcept { return sets_.size(); }

 private:
  struct Set {
    Id before;
    std::string last;
  };

  std::vector<Set> sets_ = std::vector<Set>(1);
  std::unordered_map<std::string, Id> index_;  // by the set before, and the key
  std::unordered_map<std::uint64_t, Expression> unused_;
};

}  // namespace retort::grammar
