// LoadOptions: how a model is loaded, and who is told how far it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>

#include "base/turn_lock.h"
#include "tensor/thread_pool.h"

namespace retort::model {

// A model's turn at the compute threads; of nothing where there are no turns.
using Turn = std::unique_lock<base::TurnLock>;
inline Turn begin_turn(base::TurnLock* turns) {
  return turns == nullptr ? Turn() : Turn(*turns);
}

// How much of a model's weights is ready.
struct LoadProgress {
  std::uint64_t bytes = 0;
  std::uint64_t bytes_total = 0;  // of all matrices in the file, at least `bytes`
};

struct LoadOptions {
  // The most new tokens of all sequences that one step may hold; bounds the working memory.
  std::size_t step_tokens_max = 8'192;
  // Positions that sequences will have at most; 0: as many as the model was made for. Matters to
  // models whose rotary scaling depends on it (arch::choose_longrope).
  std::int64_t context = 0;
  // Packs the weights, several matrices at a time; null: the caller alone. The pool is lent in
  // turns of tens of milliseconds, between which other models make their steps.
  tensor::ThreadPool* pool = nullptr;
  // Taken for each such turn and for each step, by all models that share a pool; null where there
  // is one. Outlives the model.
  base::TurnLock* turns = nullptr;
  // Called after each matrix, on any of the pool's threads, several at once; false gives up
  // (ErrorKind::cancelled).
  std::function<bool(const LoadProgress&)> progress = {};
};

}  // namespace retort::model
