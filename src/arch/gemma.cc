// Gemma 2 and 3 (text): scaled embeddings, norms before and behind each part, a tanh-GELU gate and
// attention windows on some layers.
//
// Gemma 2 caps attention scores and logits and has a window on every other layer. Gemma 3 has a
// norm over each head of queries and keys instead, and windows on five layers of six, which have a
// rotary base of their own. A Hugging Face folder has the norms' weights minus 1, a GGUF file has
// them whole.
#include <array>
#include <cmath>

#include "arch/architecture.h"

namespace retort::arch {
namespace {

constexpr std::array<TensorName, 3> kNames = {{{"post_attention_layernorm", "post_attention_norm"},
                                               {"pre_feedforward_layernorm", "ffn_norm"},
                                               {"post_feedforward_layernorm", "post_ffw_norm"}}};

// Reads all but caps, windows and the local rope. A GGUF file does not have query_pre_attn_scalar,
// which differs from the head's dimension in one model of each generation: llama.cpp knows it by
// its number of layers.
void read_gemma(ConfigReader& read, std::int64_t layers_of_widest, ModelConfig& config) {
  config.norm_epsilon = 1e-6;  // transformers' defaults
  config.tied_output = true;
  config.activation = Activation::gelu_tanh;
  config.norms_after = true;
  config.norm_offset = read.is_gguf() ? 0 : 1;
  read_decoder(read, false, config);
  config.embedding_scale = std::sqrt(static_cast<double>(config.width));
  double scalar = static_cast<double>(config.head_dim);
  if (read.is_gguf() && config.layers == layers_of_widest && config.heads > 0) {
    scalar = static_cast<double>(config.width) / static_cast<double>(config.heads);
  }
  if (!read.is_gguf()) scalar = 256;  // transformers' default
  read.optional({"", "query_pre_attn_scalar"}, scalar);
  config.attention_scale = 1.0 / std::sqrt(scalar);
  bool bidirectional = false;
  read.optional({"", "use_bidirectional_attention"}, bidirectional);
  if (bidirectional) read.refuse("attention in both directions");
}

void describe_gemma2(ConfigReader& read, ModelConfig& config) {
  read_gemma(read, 46, config);
  if (read.is_gguf()) {  // llama.cpp's defaults
    config.attention_cap = 50;
    config.logit_cap = 30;
  }
  read.optional({"attn_logit_softcapping", "attn_logit_softcapping"}, config.attention_cap);
  read.optional({"final_logit_softcapping", "final_logit_softcapping"}, config.logit_cap);
  std::int64_t window = 4'096;
  read.optional({"attention.sliding_window", "sliding_window"}, window);
  read_windows(read, window, 2, config);
}

// Layers with a window turn by the base of short contexts, without scaling.
void read_local_rope(ConfigReader& read, ModelConfig& config) {
  tensor::RopeConfig local;
  local.style = config.rope.style;
  local.dims = config.rope.dims;
  read.optional({"rope.freq_base_swa", "rope_local_base_freq"}, local.base);
  read_json_rope(read, "rope_parameters.full_attention", config, config.rope);
  read_json_rope(read, "rope_parameters.sliding_attention", config, local);
  config.local_rope = local;
  for (LayerConfig& layer : config.layer_configs) {
    layer.rope = layer.window > 0 ? LayerRope::local : LayerRope::global;
  }
}

void describe_gemma3(ConfigReader& read, ModelConfig& config) {
  config.query_key_norm = QueryKeyNorm::head;
  config.rope.base = 1'000'000;  // transformers' default
  read_gemma(read, 62, config);
  read.optional({"attn_logit_softcapping", "attn_logit_softcapping"}, config.attention_cap);
  read.optional({"final_logit_softcapping", "final_logit_softcapping"}, config.logit_cap);
  std::int64_t window = read.is_gguf() ? 1'024 : 4'096;
  std::int64_t period = 6;
  read.optional({"attention.sliding_window", "sliding_window"}, window);
  read.optional({"", "sliding_window_pattern"}, period);
  if (period < 1) return read.refuse("a sliding_window_pattern of 0");
  read_windows(read, window, period, config);
  read_local_rope(read, config);
}

// A gemma 3 that also reads images, of which the text model is run. Its config.json leaves out what
// is as transformers has it by default.
void describe_gemma3_vision(ConfigReader& read, ModelConfig& config) {
  config.vocab_size = 262'208;
  config.context = 131'072;
  config.layers = 26;
  config.width = 2'304;
  config.ffn_width = 9'216;
  config.heads = 8;
  config.kv_heads = 4;
  config.head_dim = 256;
  describe_gemma3(read, config);
}

}  // namespace

const Architecture kGemma2 = {"gemma2", "gemma2", describe_gemma2, kNames};
const Architecture kGemma3 = {"gemma3", "gemma3_text", describe_gemma3, kNames};
const Architecture kGemma3Vision = {"", "gemma3", describe_gemma3_vision, kNames, "text_config."};

}  // namespace retort::arch
