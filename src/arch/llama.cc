// The llama family: Llama 1 to 3 and what is built like them (TinyLlama, Vicuna, ...), and as GGUF
// files Mistral and Mixtral too.
//
// Grouped-query attention, RoPE, RMSNorm before each part, SwiGLU, and an output matrix of its own
// or the embedding's. A GGUF file has the rows of the query and key matrices reordered so that
// rotary pairs lie side by side; a Hugging Face folder has them half a head apart.
#include "arch/architecture.h"

namespace retort::arch {
namespace {

void describe(ConfigReader& read, ModelConfig& config) {
  config.norm_epsilon = 1e-6;  // transformers' default
  read_decoder(read, true, config);
  std::int64_t window = 0;
  read.optional({"attention.sliding_window", ""}, window);
  config.experts.width = config.ffn_width;
  read.optional({"expert_count", ""}, config.experts.count);
  if (config.experts.count > 0) read.required({"expert_used_count", ""}, config.experts.used);
  for (LayerConfig& layer : config.layer_configs) {
    layer.window = window;
    layer.experts = config.experts.count > 0;
  }
}

}  // namespace

const Architecture kLlama = {"llama", "llama", describe, {}};

}  // namespace retort::arch
