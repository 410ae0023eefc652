// ModelConfig: a model's shape and constants, read from GGUF metadata or from a Hugging Face
// config.json.
//
// What differs between the families of models is in the files of this folder that are named for
// them; what comes out is this one struct, checked, and the forward pass (model/decoder.cc) follows
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <retort/result.h>

#include "tensor/dtype.h"
#include "tensor/rope.h"

namespace retort::arch {

// How the gate of the feed-forward part acts.
enum class Activation : std::uint8_t { silu, gelu_tanh };

// The RMSNorm of queries and keys before they are turned: none, one over each head, one over all
// heads together.
enum class QueryKeyNorm : std::uint8_t { none, head, projection };

// By which angles a layer turns its queries and keys: ModelConfig's rope, its local_rope, or not.
enum class LayerRope : std::uint8_t { global, local, none };

// Layers differ from each other in this.
struct LayerConfig {
  std::int64_t window = 0;  // positions that a token sees, its own included; 0 = all
  LayerRope rope = LayerRope::global;
  bool experts = false;  // a mixture of experts in place of one feed-forward part
};

// A mixture of experts: a router picks `used` of `count` for each token and weighs them by its
// softmax, which `renormalize` divides by what the chosen ones have.
struct ExpertConfig {
  std::int64_t count = 0;  // 0: there is no mixture
  std::int64_t used = 0;
  std::int64_t width = 0;  // of an expert's inside
  bool renormalize = true;
};

struct ModelConfig {
  std::string architecture;  // "llama"
  std::string name;          // general.name, or the folder's or file's name
  std::int64_t vocab_size = 0;
  std::int64_t context = 0;  // positions that the model was made for
  std::int64_t layers = 0;
  std::vector<LayerConfig> layer_configs;  // [layers]
  std::int64_t width = 0;                  // of the residual stream
  std::int64_t ffn_width = 0;              // of the feed-forward part's inside
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;  // divides heads
  std::int64_t head_dim = 0;  // even
  bool tied_output = false;   // the output matrix is the embedding
  ExpertConfig experts;
  Activation activation = Activation::silu;

  // Norms stand before the attention and feed-forward parts, behind them (before what they give is
  // added), or both.
  bool norms_before = true;
  bool norms_after = false;
  QueryKeyNorm query_key_norm = QueryKeyNorm::none;
  double norm_epsilon = 1e-5;
  double norm_offset = 0;  // added to the weights of every norm when they are loaded

  // Whether biases must be there. A GGUF file does not say: what biases it has are used.
  bool qkv_bias = false;
  bool output_bias = false;  // of the attention's output
  bool ffn_bias = false;

  tensor::RopeConfig rope;
  std::optional<tensor::RopeConfig> local_rope;  // as many dimensions as rope
  double attention_scale = 0;                    // of q . k
  double attention_cap = 0;    // scores become cap * tanh(score / cap); 0: they stay
  double embedding_scale = 1;  // the token's embedding is multiplied by it
  double residual_scale = 1;   // what a part adds is multiplied by it
  double logit_divisor = 1;
  double logit_cap = 0;  // as attention_cap

  // The type of the layers' matrices (the first one's where they are mixed).
  tensor::DType weight_type = tensor::DType::f32;
};

// Checks ranges and that the parts fit together; `file` stands in errors (malformed), which name
// the field and its value.
Result<void> validate(const ModelConfig& config, const std::string& file);

// The most layers that validate() lets pass.
inline constexpr std::int64_t kLayersMax = 1'024;

// Settles how many positions a longrope model serves: its divisors for short contexts where
// `context` positions fit the original context, those for long ones elsewhere, as llama.cpp and
// vLLM choose. The choice holds for every position of every sequence; transformers' (by the length
// of the sequence at hand) would have to compute a sequence's first tokens again when it grows.
// Returns whether it fits; nothing changes for other models.
bool choose_longrope(ModelConfig& config, std::int64_t context);

}  // namespace retort::arch
