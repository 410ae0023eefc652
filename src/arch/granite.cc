// Granite 3: llama with four multipliers: of embeddings, attention scores, what each part adds, and
// (as a divisor) logits.
#include "arch/architecture.h"

namespace retort::arch {
namespace {

void describe(ConfigReader& read, ModelConfig& config) {
  config.norm_epsilon = 1e-6;  // transformers' default
  read_decoder(read, true, config);
  if (!read.is_gguf()) config.attention_scale = 1.0;  // transformers' default
  read.optional({"embedding_scale", "embedding_multiplier"}, config.embedding_scale);
  read.optional({"residual_scale", "residual_multiplier"}, config.residual_scale);
  read.optional({"attention.scale", "attention_multiplier"}, config.attention_scale);
  read.optional({"logit_scale", "logits_scaling"}, config.logit_divisor);
}

}  // namespace

const Architecture kGranite = {"granite", "granite", describe, {}};

}  // namespace retort::arch
