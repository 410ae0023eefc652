#include "provider/constraint_cache.h"

#include <utility>

namespace retort::provider {

Result<CompiledConstraint> ConstraintCache::get(const std::string& key, const Compile& compile) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = index_.find(key); found != index_.end()) {
      const grammar::Automaton& automaton = *found->second->compiled.automaton;
      if (!automaton.exhausted() && !automaton.worn()) {
        entries_.splice(entries_.begin(), entries_, found->second);
        return found->second->compiled;
      }
      key_bytes_ -= key.size();
      entries_.erase(found->second);
      index_.erase(found);
    }
  }
  Result<CompiledConstraint> compiled = compile();
  if (!compiled || key.size() > limits_.key_bytes_max) return compiled;
  const std::lock_guard lock(mutex_);
  if (index_.contains(key)) return compiled;
  entries_.push_front({key, *compiled});
  index_.emplace(key, entries_.begin());
  key_bytes_ += key.size();
  while (too_large() && entries_.size() > 1) drop_oldest();
  return compiled;
}

// Automata grow as they are used, so that they are measured anew each time.
bool ConstraintCache::too_large() const {
  std::size_t bytes = 0;
  for (const Entry& entry : entries_) bytes += entry.compiled.automaton->bytes();
  return entries_.size() > limits_.entries_max || key_bytes_ > limits_.key_bytes_max ||
         bytes > limits_.automaton_bytes_max;
}

void ConstraintCache::drop_oldest() {
  key_bytes_ -= entries_.back().key.size();
  index_.erase(entries_.back().key);
  entries_.pop_back();
}

std::size_t ConstraintCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace retort::provider
