// Mistral: llama in which a token may see only the last sliding_window positions. As a GGUF file it
// is a llama.
#include "arch/architecture.h"

namespace retort::arch {
namespace {

void describe(ConfigReader& read, ModelConfig& config) {
  config.norm_epsilon = 1e-6;  // transformers' default
  read_decoder(read, true, config);
  std::int64_t window = 0;
  read.optional({"", "sliding_window"}, window);
  for (LayerConfig& layer : config.layer_configs) layer.window = window;
}

}  // namespace

const Architecture kMistral = {"", "mistral", describe, {}};

}  // namespace retort::arch
