// DraftModel: a smaller model of the same vocabulary that guesses what the engine's model will say.
//
// It has a KV cache of its own with the same page numbers as the engine's, so that a sequence's
// pages are its pages here too. What it has read of a sequence may lag behind, and is read when a
// guess is wanted. Its guesses come by the draws of the positions that they are for, so where the
// two models agree on the odds they mostly agree on the token. A guess is only ever a guess: what
// is stored here can be stale or wrong without changing an answer.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <retort/result.h>

#include "engine/page_pool.h"
#include "engine/sampler.h"
#include "engine/sequence.h"
#include "model/kv_cache.h"
#include "model/model.h"
#include "tensor/thread_pool.h"

namespace retort::engine {

// Not thread-safe: the engine's thread owns it.
class DraftModel {
 public:
  // `model` outlives it; `pages` as many as the engine's cache has; `vocab_size` the engine's
  // model's. Fails where the KV cache cannot be had.
  static Result<std::unique_ptr<DraftModel>> make(model::Model& model, std::size_t pages,
                                                  std::int64_t vocab_size);

  // Whether the model can read `sequence` and go `tokens` further: within its context, and no token
  // that it has no row for.
  bool takes(const Sequence& sequence, std::size_t tokens) const;

  struct Wanted {
    Sequence* sequence = nullptr;
    std::size_t tokens = 0;  // at least one; the sequence's pages reach so far
  };
  // Sets the guesses of `wanted`. Sequences of which much is unread get none: some of it is read.
  // Errors (internal): the forward pass failed.
  Result<void> guess(std::span<const Wanted> wanted, tensor::ThreadPool& pool);

  // Of `sequence`, no more than `valid` tokens are what was read here.
  void settle(Sequence& sequence, std::size_t valid);

  // Its guesses were not worth their time; with the tokens that go by, they become worth another
  // try.
  void forgive(Sequence& sequence) const;

  // What one token ahead costs, as measured; 0 before the first.
  double seconds() const noexcept { return seconds_; }

 private:
  DraftModel(model::Model& model, model::KvCache cache, std::int64_t vocab_size);

  void recall_pages(Sequence& sequence) const;
  void forget_pages(const Sequence& sequence, std::size_t tokens);
  Result<void> read(Sequence& sequence, std::size_t tokens, tensor::ThreadPool& pool);
  Result<void> go_ahead(std::vector<Wanted>& open, std::size_t round, tensor::ThreadPool& pool);
  std::optional<TokenId> choose(const Sequence& sequence, std::span<const float> logits);

  model::Model& model_;
  model::KvCache cache_;
  const std::size_t vocab_size_;  // of the engine's model
  Sampler sampler_;
  std::vector<float> logits_;                  // [rows, the draft model's vocab_size] f32
  std::vector<float> row_;                     // [vocab_size_] f32: one of them
  std::vector<std::optional<PageKey>> holds_;  // by page: the tokens that its content is of
  double seconds_ = 0;
};

}  // namespace retort::engine
