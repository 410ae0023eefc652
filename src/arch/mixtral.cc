// Mixtral: Mistral with a mixture of experts in every layer. As a GGUF file it is a llama.
#include <array>

#include "arch/architecture.h"

namespace retort::arch {
namespace {

constexpr std::array<TensorName, 4> kNames = {{{"block_sparse_moe.gate", "ffn_gate_inp"},
                                               {"block_sparse_moe.experts.*.w1", "ffn_gate.*"},
                                               {"block_sparse_moe.experts.*.w2", "ffn_down.*"},
                                               {"block_sparse_moe.experts.*.w3", "ffn_up.*"}}};

void describe(ConfigReader& read, ModelConfig& config) {
  config.norm_epsilon = 1e-5;  // transformers' defaults
  config.rope.base = 1'000'000;
  read_decoder(read, true, config);
  config.experts = {8, 2, config.ffn_width, true};
  read.optional({"", "num_local_experts"}, config.experts.count);
  read.optional({"", "num_experts_per_tok"}, config.experts.used);
  std::int64_t window = 0;
  read.optional({"", "sliding_window"}, window);
  for (LayerConfig& layer : config.layer_configs) {
    layer.window = window;
    layer.experts = true;
  }
}

}  // namespace

const Architecture kMixtral = {"", "mixtral", describe, kNames};

}  // namespace retort::arch
