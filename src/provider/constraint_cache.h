// ConstraintCache: what holds answers to a format, compiled once and shared by requests alike.
//
// The automaton of a grammar grows warm as it is used, so a second request with the same schema
// finds its work done. Bounded: the one that was not asked for the longest goes first.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include <retort/result.h>

#include "grammar/matcher.h"
#include "grammar/schema_validator.h"

namespace retort::provider {

struct CompiledConstraint {
  std::shared_ptr<grammar::Automaton> automaton;
  // Judges the finished answer once more; null where its grammar is all there is to say.
  std::shared_ptr<const grammar::SchemaValidator> validator;
  // The same for the arguments of a call, by the function's name.
  std::map<std::string, std::shared_ptr<const grammar::SchemaValidator>> call_validators = {};
};

struct ConstraintCacheLimits {
  std::size_t entries_max = 64;
  std::size_t key_bytes_max = 8 << 20;          // of all entries together
  std::size_t automaton_bytes_max = 256 << 20;  // of all entries together
};

// Thread-safe. Two threads that miss on the same key at once both compile.
class ConstraintCache {
 public:
  using Compile = std::function<Result<CompiledConstraint>()>;

  explicit ConstraintCache(const ConstraintCacheLimits& limits = {}) : limits_(limits) {}

  // What `key` was compiled to, or what `compile` now says. Errors are not kept. An automaton that
  // is worn is compiled anew; answers that stand in it keep it.
  Result<CompiledConstraint> get(const std::string& key, const Compile& compile);

  std::size_t size() const;

 private:
  struct Entry {
    std::string key;
    CompiledConstraint compiled;
  };

  bool too_large() const;
  void drop_oldest();

  const ConstraintCacheLimits limits_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // under mutex_; the latest first
  std::unordered_map<std::string, std::list<Entry>::iterator> index_;  // under mutex_
  std::size_t key_bytes_ = 0;                                          // under mutex_
};

}  // namespace retort::provider
