// OLMo 2: norms stand behind the parts instead of before them, and one norm each over all queries
// and all keys of a token.
#include <array>

#include "arch/architecture.h"

namespace retort::arch {
namespace {

constexpr std::array<TensorName, 2> kNames = {{{"post_attention_layernorm", "post_attention_norm"},
                                               {"post_feedforward_layernorm", "post_ffw_norm"}}};

void describe(ConfigReader& read, ModelConfig& config) {
  config.norm_epsilon = 1e-5;  // transformers' default
  config.norms_before = false;
  config.norms_after = true;
  config.query_key_norm = QueryKeyNorm::projection;
  read_decoder(read, false, config);
}

}  // namespace

const Architecture kOlmo2 = {"olmo2", "olmo2", describe, kNames};

}  // namespace retort::arch
