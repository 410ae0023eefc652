// Weights: all tensors of a decoder, in the form that the forward pass reads.
#pragma once

#include <cstddef>
#include <vector>

#include <retort/result.h>

#include "arch/model_config.h"
#include "model/load_options.h"
#include "model/weight_source.h"
#include "tensor/matrix.h"

namespace retort::model {

using arch::ModelConfig;

// A matrix with its bias, which is empty where there is none.
struct Linear {
  tensor::Matrix matrix;    // [outputs, inputs]
  std::vector<float> bias;  // [outputs] or empty

  const float* bias_data() const noexcept { return bias.empty() ? nullptr : bias.data(); }
};

// The inside of a feed-forward part, or of one expert.
struct FeedForward {
  Linear gate;  // [inside, width]
  Linear up;    // [inside, width]
  Linear down;  // [width, inside]

  // Bytes of the matrices.
  std::size_t bytes() const noexcept;
};

// Norms are empty where the model has none in that place.
struct LayerWeights {
  std::vector<float> attention_norm;        // [width]
  Linear query;                             // [heads * head_dim, width]
  Linear key;                               // [kv_heads * head_dim, width]
  Linear value;                             // [kv_heads * head_dim, width]
  Linear attention_output;                  // [width, heads * head_dim]
  std::vector<float> query_norm;            // [head_dim] or [heads * head_dim]
  std::vector<float> key_norm;              // [head_dim] or [kv_heads * head_dim]
  std::vector<float> attention_after_norm;  // [width]
  std::vector<float> ffn_norm;              // [width]
  FeedForward ffn;                          // where there are no experts
  tensor::Matrix router;                    // [experts, width]
  std::vector<FeedForward> experts;
  std::vector<float> ffn_after_norm;  // [width]
};

struct Weights {
  tensor::Matrix embedding;  // [vocab_size, width]
  std::vector<LayerWeights> layers;
  std::vector<float> output_norm;  // [width]
  tensor::Matrix output;           // [vocab_size, width]; empty where tied to the embedding

  // Bytes of the matrices.
  std::size_t bytes() const noexcept;
};

// Takes everything that `config` describes from `source`, and completes `config` with what only the
// tensors say: the rotary divisors of rope_freqs.weight, rope_factors_short.weight and
// rope_factors_long.weight. Errors: malformed (names file and tensor), io (no memory to repack),
// cancelled (options.progress gave up).
Result<Weights> load_weights(ModelConfig& config, WeightSource& source, const LoadOptions& options);

}  // namespace retort::model
