// The measurements of `retort bench`: one model, run step by step without server or engine.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <retort/result.h>

#include "model/model.h"
#include "tensor/thread_pool.h"

namespace retort::cli {

struct PrefillFigure {
  std::size_t tokens = 0;
  double tokens_per_s = 0;
  double operations_per_s = 0;  // 8-bit multiply-adds of the matrix products, each counted as two
};

struct DecodeFigure {
  std::size_t batch = 0;
  double tokens_per_s = 0;
  double bytes_per_s = 0;  // weights and KV read
};

// Reads random prompts and generates greedily. Not thread-safe.
class ModelTiming {
 public:
  // Room for `batch_max` sequences of `tokens_max` tokens.
  static Result<ModelTiming> make(model::Model& model, tensor::ThreadPool& pool,
                                  std::size_t batch_max, std::size_t tokens_max,
                                  model::KvType kv_type);

  // Reads a prompt of `tokens`, three times, and gives the median.
  Result<PrefillFigure> prefill(std::size_t tokens);

  // Lets `batch` sequences, each behind a prompt of `prompt` tokens, generate `steps` tokens.
  Result<DecodeFigure> decode(std::size_t batch, std::size_t prompt, std::size_t steps);

 private:
  ModelTiming(model::Model& model, tensor::ThreadPool& pool, model::KvCache cache,
              std::size_t pages_each)
      : model_(model), pool_(pool), cache_(std::move(cache)), pages_each_(pages_each) {}

  Result<void> read_prompt(std::size_t sequence, std::size_t tokens);
  std::vector<model::PageId> pages_of(std::size_t sequence) const;
  double matmul_weights(bool with_output) const;

  model::Model& model_;
  tensor::ThreadPool& pool_;
  model::KvCache cache_;
  std::size_t pages_each_;
  std::vector<float> logits_;
};

}  // namespace retort::cli
