// Qwen 2 and 2.5: llama with biases on queries, keys and values, and rotary pairs half a head apart
// in every kind of file.
#include "arch/architecture.h"

namespace retort::arch {
namespace {

void describe(ConfigReader& read, ModelConfig& config) {
  config.norm_epsilon = 1e-6;  // transformers' default
  read_decoder(read, false, config);
  config.qkv_bias = true;
  config.output_bias = false;
  read_late_windows(read, config);
}

}  // namespace

const Architecture kQwen2 = {"qwen2", "qwen2", describe, {}};

}  // namespace retort::arch
