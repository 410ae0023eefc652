// Qwen 3 with a mixture of experts.
#include <algorithm>
#include <array>

#include "arch/architecture.h"

namespace retort::arch {
namespace {

constexpr std::array<TensorName, 4> kNames = {{{"mlp.gate", "ffn_gate_inp"},
                                               {"mlp.experts.*.gate_proj", "ffn_gate.*"},
                                               {"mlp.experts.*.up_proj", "ffn_up.*"},
                                               {"mlp.experts.*.down_proj", "ffn_down.*"}}};

// Which layers have experts: every decoder_sparse_step-th that mlp_only_layers does not name.
void read_sparse_layers(ConfigReader& read, ModelConfig& config) {
  std::int64_t step = 1;
  std::vector<float> dense;
  read.optional({"", "decoder_sparse_step"}, step);
  read.optional({"", "mlp_only_layers"}, dense);
  if (step < 1) return read.refuse("a decoder_sparse_step of 0");
  for (std::size_t i = 0; i < config.layer_configs.size(); ++i) {
    const bool named = std::find(dense.begin(), dense.end(), static_cast<float>(i)) != dense.end();
    config.layer_configs[i].experts = !named && (i + 1) % static_cast<std::size_t>(step) == 0;
  }
}

void describe(ConfigReader& read, ModelConfig& config) {
  config.norm_epsilon = 1e-6;  // transformers' default
  config.query_key_norm = QueryKeyNorm::head;
  read_decoder(read, false, config);
  ExpertConfig& experts = config.experts;
  experts.renormalize = read.is_gguf();  // what llama.cpp does, and transformers' default
  read.optional({"", "num_local_experts"}, experts.count);  // as transformers 5 writes it
  if (experts.count == 0) read.required({"expert_count", "num_experts"}, experts.count);
  read.required({"expert_used_count", "num_experts_per_tok"}, experts.used);
  read.required({"expert_feed_forward_length", "moe_intermediate_size"}, experts.width);
  read.optional({"", "norm_topk_prob"}, experts.renormalize);
  bool windows = false;
  read.optional({"", "use_sliding_window"}, windows);
  std::int64_t window = 4'096;  // transformers' default
  read.optional({"", "sliding_window"}, window);
  for (LayerConfig& layer : config.layer_configs) layer.window = windows ? window : 0;
  read_sparse_layers(read, config);
}

}  // namespace

const Architecture kQwen3Moe = {"qwen3moe", "qwen3_moe", describe, kNames};

}  // namespace retort::arch
