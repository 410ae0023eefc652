// Phi 3 and 4: llama whose queries, keys and values are one matrix, and gate and up another. The
// long-context models scale rotary frequencies by longrope, and some turn only a part of each head.
#include <array>

#include "arch/architecture.h"

namespace retort::arch {
namespace {

constexpr std::array<TensorName, 2> kNames = {
    {{"self_attn.qkv_proj", "attn_qkv"}, {"mlp.gate_up_proj", "ffn_up"}}};

void describe(ConfigReader& read, ModelConfig& config) {
  config.norm_epsilon = 1e-5;  // transformers' default
  read_decoder(read, false, config);
  std::int64_t window = 0;
  read.optional({"attention.sliding_window", "sliding_window"}, window);
  for (LayerConfig& layer : config.layer_configs) layer.window = window;
}

}  // namespace

const Architecture kPhi3 = {"phi3", "phi3", describe, kNames};

}  // namespace retort::arch
