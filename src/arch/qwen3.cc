// Qwen 3: llama with a norm over each head of queries and keys, and rotary pairs half a head apart
// in every kind of file.
#include "arch/architecture.h"

namespace retort::arch {
namespace {

void describe(ConfigReader& read, ModelConfig& config) {
  config.norm_epsilon = 1e-6;  // transformers' default
  config.query_key_norm = QueryKeyNorm::head;
  read_decoder(read, false, config);
  read_late_windows(read, config);
}

}  // namespace

const Architecture kQwen3 = {"qwen3", "qwen3", describe, {}};

}  // namespace retort::arch
