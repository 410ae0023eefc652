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

#include "arch/model_config.h"
#include "model/batch.h"
#include "model/kv_cache.h"
#include "model/load_options.h"
#include "model/step_plan.h"
#include "model/weights.h"
#include "model/workspace.h"
#include "tensor/kernels.h"
#include "tensor/matmul.h"
#include "tensor/thread_pool.h"

namespace retort::model {

// Not thread-safe.
class Decoder {
 public:
  // `kernels` must outlive it. `config` is validated and matches the weights. Of `options` it has
  // the bound of a step and the turns.
  Decoder(ModelConfig config, Weights weights, const tensor::Kernels& kernels,
          const LoadOptions& options);

  const ModelConfig& config() const noexcept { return config_; }
  const Weights& weights() const noexcept { return weights_; }

  // Model::forward.
  Result<void> forward(const Batch& batch, KvCache& kv, tensor::ThreadPool& pool,
                       std::span<float> logits);

 private:
  // One of the model's rotary embeddings.
  struct Rope {
    std::vector<float> frequencies;  // [rope dims / 2]
    float factor = 1;
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
  // The residual stream as a part's input: normalized where `weight` has something.
  void prepare(Step& step, const std::vector<float>& weight);
  void normalize(Step& step, const std::vector<float>& weight, const float* from, float* to);
  void project(Step& step, const LayerWeights& layer);
  void store(Step& step, std::size_t layer);
  void store_row(Step& step, std::size_t layer, std::size_t row);
  void keep_logit_rows(Step& step);
  void attend(Step& step, std::size_t layer);
  void attend_item(Step& step, std::size_t layer, const AttentionItem& item, float* scratch);
  void add_attention(Step& step, const LayerWeights& layer);
  void add_feed_forward(Step& step, const LayerWeights& layer);
  void compute_feed_forward(Step& step, const FeedForward& ffn, std::size_t rows, float* out);
  // experts.cc: a mixture of experts in place of one feed-forward part.
  void mix_experts(Step& step, const LayerWeights& layer);
  void route(Step& step, const LayerWeights& layer);
  void add_expert(Step& step, const LayerWeights& layer, std::size_t index);
  void add_to_residual(Step& step, const std::vector<float>& after_norm);
  void normalize_heads(const std::vector<float>& weight, float* x, std::size_t count);
  void finish_logits(Step& step, std::span<float> logits);

  ModelConfig config_;
  Weights weights_;
  const tensor::Kernels& kernels_;
  std::size_t step_tokens_max_;
  base::TurnLock* turns_;    // null: nobody else uses the pool
  std::vector<Rope> ropes_;  // LayerRope::global, and local where there is one
  // Sizes of config_ as counts.
  std::size_t width_, heads_, kv_heads_, head_dim_, pairs_;
  Workspace work_;
  // Which rows of the step go to each expert, by how much: [experts]. Kept for its memory.
  struct Route {
    std::size_t row;
    float weight;
  };
  std::vector<std::vector<Route>> routes_;
};

}  // namespace retort::model
