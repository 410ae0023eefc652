// ModelConfig: a model's shape and constants, read from GGUF metadata or from a Hugging Face
// config.json.
//
// What differs between the families of models is in arch_*.cc; what comes out is this one struct,
// checked, and the forward pass (decoder.cc) follows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <retort/result.h>

#include "tensor/dtype.h"
#include "tensor/rope.h"

namespace retort::model {

struct ModelConfig {
  std::string architecture;  // "llama"
  std::string name;          // general.name, or the folder's or file's name
  std::int64_t vocab_size = 0;
  std::int64_t context = 0;  // positions that the model was made for
  std::int64_t layers = 0;
  std::int64_t width = 0;      // of the residual stream
  std::int64_t ffn_width = 0;  // of the feed-forward part's inside
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;  // divides heads
  std::int64_t head_dim = 0;  // even
  double norm_epsilon = 1e-5;
  bool tied_output = false;  // the output matrix is the embedding
  // Whether biases must be there. A GGUF file does not say: what biases it has are used.
  bool attention_bias = false;
  bool ffn_bias = false;
  tensor::RopeConfig rope;
  // The type of the layers' matrices (the first one's where they are mixed).
  tensor::DType weight_type = tensor::DType::f32;
};

// Checks ranges and that the parts fit together; `file` stands in errors (malformed), which name
// the field and its value.
Result<void> validate(const ModelConfig& config, const std::string& file);

}  // namespace retort::model
