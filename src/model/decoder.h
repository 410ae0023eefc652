// Decoder: the forward pass of a decoder-only transformer.
//
// Follows ModelConfig; the families differ in the config, not here. One object holds the weights
// and the working memory of one step at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <retort/result.h>

#include "model/batch.h"
#include "model/kv_cache.h"
#include "model/model_config.h"
#include "model/step_plan.h"
#include "model/weights.h"
#include "tensor/buffer.h"
#include "tensor/kernels.h"
#include "tensor/matmul.h"
#include "tensor/thread_pool.h"

namespace retort::model {

// Not thread-safe.
class Decoder {
 public:
  // `kernels` must outlive it. `config` is validated and matches the weights.
  Decoder(ModelConfig config, Weights weights, const tensor::Kernels& kernels,
          std::size_t step_tokens_max);

  const ModelConfig& config() const noexcept { return config_; }
  const Weights& weights() const noexcept { return weights_; }

  // Model::forward.
  Result<void> forward(const Batch& batch, KvCache& kv, tensor::ThreadPool& pool,
                       std::span<float> logits);

 private:
  // Working memory for `tokens` rows: [tokens, ...] f32 each.
  struct Workspace {
    std::size_t tokens = 0;
    int threads = 0;
    tensor::Buffer memory;
    float* x = nullptr;         // [tokens, width]: the residual stream
    float* normed = nullptr;    // [tokens, width]
    float* added = nullptr;     // [tokens, width]: what a part adds to x
    float* query = nullptr;     // [tokens, heads * head_dim]
    float* key = nullptr;       // [tokens, kv_heads * head_dim]
    float* value = nullptr;     // [tokens, kv_heads * head_dim]
    float* attended = nullptr;  // [tokens, heads * head_dim]
    float* gate = nullptr;      // [tokens, ffn_width]
    float* up = nullptr;        // [tokens, ffn_width]
    float* cosines = nullptr;   // [tokens, rope dims / 2]
    float* sines = nullptr;     // [tokens, rope dims / 2]
    float* halves = nullptr;    // [tokens, kv_heads * head_dim]: two rows of f16
    float* scratch = nullptr;   // [parts, scratch_floats]
    std::size_t scratch_floats = 0;
    tensor::Activations activations;
  };

  // One step in flight.
  struct Step {
    tensor::ThreadPool::Step& threads;
    KvCache& kv;
    std::vector<Row> rows;
    std::vector<AttentionItem> items;
  };

  Result<void> reserve(std::size_t tokens, int threads);
  void embed(Step& step);
  void normalize(Step& step, const std::vector<float>& weight);
  void project(Step& step, const LayerWeights& layer);
  void store(Step& step, std::size_t layer);
  void store_row(Step& step, std::size_t layer, std::size_t row);
  void keep_logit_rows(Step& step);
  void attend(Step& step, std::size_t layer);
  void attend_item(Step& step, std::size_t layer, const AttentionItem& item, float* scratch);
  void add_attention(Step& step, const LayerWeights& layer);
  void add_feed_forward(Step& step, const LayerWeights& layer);
  void add_to_residual(Step& step);

  ModelConfig config_;
  Weights weights_;
  const tensor::Kernels& kernels_;
  std::size_t step_tokens_max_;
  std::vector<float> frequencies_;  // [rope dims / 2]
  // Sizes of config_ as counts.
  std::size_t width_, ffn_width_, heads_, kv_heads_, head_dim_, pairs_;
  Workspace work_;
};

}  // namespace retort::model
