// Workspace: the memory that a forward pass works in, one row a token of the step.
//
// Made once for the largest step so far and used by every step after it.
#pragma once

#include <cstddef>

#include <retort/result.h>

#include "arch/model_config.h"
#include "tensor/buffer.h"
#include "tensor/matmul.h"

namespace retort::model {

// All parts are f32.
struct Workspace {
  std::size_t tokens = 0;
  int threads = 0;
  tensor::Buffer memory;
  float* x = nullptr;           // [tokens, width]: the residual stream
  float* normed = nullptr;      // [tokens, width]
  float* added = nullptr;       // [tokens, width]: what a part adds to x
  float* query = nullptr;       // [tokens, heads * head_dim]
  float* key = nullptr;         // [tokens, kv_heads * head_dim]
  float* value = nullptr;       // [tokens, kv_heads * head_dim]
  float* attended = nullptr;    // [tokens, heads * head_dim]
  float* gate = nullptr;        // [tokens, ffn_width or expert width]
  float* up = nullptr;          // as gate
  float* cosines = nullptr;     // [tokens, ropes, rope dims / 2]
  float* sines = nullptr;       // [tokens, ropes, rope dims / 2]
  float* halves = nullptr;      // [tokens, kv_heads * head_dim]: KvCache::write()'s scratch
  float* routed = nullptr;      // [tokens, experts]: the router's weights
  float* gathered = nullptr;    // [tokens, width]: the rows of one expert
  float* expert_out = nullptr;  // [tokens, width]: what it makes of them
  float* scratch = nullptr;     // [parts, scratch_floats]
  std::size_t scratch_floats = 0;
  tensor::Activations activations;

  // Room for `tokens` rows worked on by `threads` threads. Errors (io): no memory.
  static Result<Workspace> make(const arch::ModelConfig& config, std::size_t tokens, int threads);
};

}  // namespace retort::model
