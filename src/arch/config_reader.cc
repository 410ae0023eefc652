// See config_reader.h.
#include "arch/config_reader.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace retort::arch {
namespace {

using tensor::RopeConfig;
using tensor::RopeScaling;
using tensor::RopeStyle;

constexpr std::size_t kArrayMax = 1'024;

// Beyond 2^62 nothing is in range for validate() either; the cut keeps the sign.
Result<std::int64_t> signed_count(Result<std::uint64_t> value) {
  if (!value) return std::move(value).error();
  return static_cast<std::int64_t>(std::min(*value, std::uint64_t{1} << 62));
}

}  // namespace

const std::string& ConfigReader::file() const noexcept {
  return is_gguf() ? gguf_->name() : json_->name();
}

bool ConfigReader::has(FieldKey key) const {
  if (is_gguf()) return !key.gguf.empty() && gguf_->metadata().find(gguf_key(key)) != nullptr;
  return !key.json.empty() && json_->has(json_key(key));
}

template <typename T>
void ConfigReader::keep(Result<T> result, T& target) {
  if (result) {
    target = std::move(*result);
  } else {
    error_ = std::move(result).error();
  }
}

void ConfigReader::required(FieldKey key, std::int64_t& target) {
  if (error_) return;
  keep(signed_count(is_gguf() ? gguf_->metadata().uint(gguf_key(key)) : json_->uint(json_key(key))),
       target);
}

void ConfigReader::required(FieldKey key, double& target) {
  if (error_) return;
  keep(is_gguf() ? gguf_->metadata().number(gguf_key(key)) : json_->number(json_key(key)), target);
}

void ConfigReader::sized(FieldKey key, std::int64_t& target) {
  target != 0 ? optional(key, target) : required(key, target);
}

void ConfigReader::optional(FieldKey key, std::int64_t& target) {
  if (!absent(key)) required(key, target);
}

void ConfigReader::optional(FieldKey key, double& target) {
  if (!absent(key)) required(key, target);
}

void ConfigReader::optional(FieldKey key, bool& target) {
  if (absent(key)) return;
  keep(is_gguf() ? gguf_->metadata().boolean(gguf_key(key)) : json_->boolean(json_key(key)),
       target);
}

void ConfigReader::optional(FieldKey key, std::string& target) {
  if (absent(key)) return;
  auto text = is_gguf() ? gguf_->metadata().string(gguf_key(key)) : json_->string(json_key(key));
  if (!text) {
    error_ = std::move(text).error();
    return;
  }
  target = std::string(*text);
}

void ConfigReader::optional(FieldKey key, std::vector<float>& target) {
  if (absent(key) || is_gguf()) return;  // GGUF files have such arrays as tensors
  target.clear();
  for (std::size_t i = 0; i < kArrayMax && !error_; ++i) {
    const std::string at = std::string(key.json) + "." + std::to_string(i);
    if (!has({"", at})) return;
    double value = 0;
    required({"", at}, value);
    target.push_back(static_cast<float>(value));
  }
}

void ConfigReader::refuse(const std::string& what) {
  if (!error_) error_ = Error(ErrorKind::malformed, file() + ": " + what + " is not supported");
}

namespace {

// The vocabulary's size where the file does not say: the embedding's rows.
std::int64_t embedding_rows(const gguf::GgufFile& file) {
  const gguf::GgufTensor* embedding = file.find_tensor("token_embd.weight");
  if (embedding == nullptr || embedding->rank != 2) return 0;
  return static_cast<std::int64_t>(embedding->dimensions[1] & 0x7FFFFFFFU);
}

std::optional<RopeScaling> scaling_named(std::string_view name) {
  if (name == "none" || name == "default") return RopeScaling::none;
  if (name == "linear") return RopeScaling::linear;
  if (name == "llama3") return RopeScaling::llama3;
  if (name == "yarn") return RopeScaling::yarn;
  if (name == "longrope" || name == "su") return RopeScaling::longrope;
  return std::nullopt;
}

void read_gguf_rope(ConfigReader& read, ModelConfig& c) {
  RopeConfig& rope = c.rope;
  std::string type = read.has({"rope.scale_linear", ""}) ? "linear" : "none";
  read.optional({"rope.scaling.type", ""}, type);
  if (read.gguf()->find_tensor("rope_factors_long.weight") != nullptr) type = "longrope";
  const auto scaling = scaling_named(type);
  if (!scaling) return read.refuse("rotary scaling of type '" + type + "'");
  rope.scaling = *scaling;
  read.optional({"rope.freq_base", ""}, rope.base);
  read.optional({"rope.dimension_count", ""}, rope.dims);
  read.optional({"rope.scale_linear", ""}, rope.factor);  // before the keys of 2023
  read.optional({"rope.scaling.factor", ""}, rope.factor);
  rope.original_context = static_cast<double>(c.context);
  read.optional({"rope.scaling.original_context_length", ""}, rope.original_context);
  read.optional({"rope.scaling.yarn_beta_fast", ""}, rope.beta_fast);
  read.optional({"rope.scaling.yarn_beta_slow", ""}, rope.beta_slow);
  double factor =
      rope.scaling == RopeScaling::longrope
          ? tensor::longrope_attention_factor(
                static_cast<double>(c.context) / rope.original_context, rope.original_context)
          : 1.0;
  read.optional({"rope.scaling.attn_factor", ""}, factor);
  // llama.cpp multiplies yarn's own factor by the one that the file names.
  if (rope.scaling == RopeScaling::yarn) factor *= tensor::yarn_attention_factor(rope.factor);
  const bool used = rope.scaling == RopeScaling::yarn || rope.scaling == RopeScaling::longrope;
  if (used) rope.attention_factor = factor;
}

// transformers' rule (modeling_rope_utils.py), with the factor's own word first.
void read_json_attention_factor(ConfigReader& read, const std::string& at, double context,
                                RopeConfig& rope) {
  double mscale = 0;
  double mscale_all = 0;
  read.optional({"", at + ".mscale"}, mscale);
  read.optional({"", at + ".mscale_all_dim"}, mscale_all);
  if (rope.scaling == RopeScaling::longrope) {
    const double scale = rope.factor > 1 ? rope.factor : context / rope.original_context;
    rope.attention_factor = tensor::longrope_attention_factor(scale, rope.original_context);
  } else if (mscale != 0 && mscale_all != 0) {
    rope.attention_factor = tensor::yarn_attention_factor(rope.factor, mscale) /
                            tensor::yarn_attention_factor(rope.factor, mscale_all);
  } else {
    rope.attention_factor = tensor::yarn_attention_factor(rope.factor);
  }
  read.optional({"", at + ".attention_factor"}, rope.attention_factor);
}

}  // namespace

void read_json_rope(ConfigReader& read, const std::string& at, const ModelConfig& c,
                    RopeConfig& rope) {
  if (!read.has({"", at})) return;
  std::string type = "default";
  read.optional({"", at + ".type"}, type);  // the older key
  read.optional({"", at + ".rope_type"}, type);
  const auto scaling = scaling_named(type);
  if (!scaling) return read.refuse("rotary scaling of type '" + type + "'");
  rope.scaling = *scaling;
  double partial = 0;
  read.optional({"", at + ".rope_theta"}, rope.base);
  read.optional({"", at + ".partial_rotary_factor"}, partial);
  read.optional({"", at + ".factor"}, rope.factor);
  read.optional({"", at + ".low_freq_factor"}, rope.low_frequency_factor);
  read.optional({"", at + ".high_freq_factor"}, rope.high_frequency_factor);
  read.optional({"", at + ".original_max_position_embeddings"}, rope.original_context);
  read.optional({"", "original_max_position_embeddings"}, rope.original_context);  // has priority
  read.optional({"", at + ".beta_fast"}, rope.beta_fast);
  read.optional({"", at + ".beta_slow"}, rope.beta_slow);
  read.optional({"", at + ".short_factor"}, rope.short_divisors);
  read.optional({"", at + ".long_factor"}, rope.long_divisors);
  if (partial > 0 && partial <= 1) {
    rope.dims = static_cast<std::int64_t>(static_cast<double>(c.head_dim) * partial);
  }
  bool truncate = true;
  read.optional({"", at + ".truncate"}, truncate);
  if (!truncate) read.refuse("yarn scaling whose ramp is not rounded (truncate)");
  if (rope.scaling == RopeScaling::yarn || rope.scaling == RopeScaling::longrope) {
    read_json_attention_factor(read, at, static_cast<double>(c.context), rope);
  }
}

namespace {

void read_json_ropes(ConfigReader& read, ModelConfig& c) {
  double partial = 1;
  read.optional({"", "partial_rotary_factor"}, partial);
  if (partial > 0 && partial < 1) {
    c.rope.dims = static_cast<std::int64_t>(static_cast<double>(c.head_dim) * partial);
  }
  c.rope.original_context = static_cast<double>(c.context);
  read.optional({"", "rope_theta"}, c.rope.base);
  read_json_rope(read, "rope_scaling", c, c.rope);
  read_json_rope(read, "rope_parameters", c, c.rope);
}

void read_activation(ConfigReader& read, ModelConfig& c) {
  std::string activation = c.activation == Activation::silu ? "silu" : "gelu_pytorch_tanh";
  const std::string wanted = activation;
  read.optional({"", "hidden_act"}, activation);
  read.optional({"", "hidden_activation"}, activation);  // as gemma has it, also beside the other
  if (activation != wanted) read.refuse("the activation '" + activation + "'");
}

}  // namespace

void read_decoder(ConfigReader& read, bool interleaved, ModelConfig& c) {
  read.sized({"block_count", "num_hidden_layers"}, c.layers);
  read.sized({"context_length", "max_position_embeddings"}, c.context);
  read.sized({"embedding_length", "hidden_size"}, c.width);
  read.sized({"feed_forward_length", "intermediate_size"}, c.ffn_width);
  read.sized({"attention.head_count", "num_attention_heads"}, c.heads);
  if (c.kv_heads == 0) c.kv_heads = c.heads;
  read.optional({"attention.head_count_kv", "num_key_value_heads"}, c.kv_heads);
  if (c.head_dim == 0 && c.heads > 0) c.head_dim = c.width / c.heads;
  read.optional({"attention.key_length", "head_dim"}, c.head_dim);
  std::int64_t value_length = c.head_dim;
  read.optional({"attention.value_length", ""}, value_length);
  if (value_length != c.head_dim) {
    read.refuse("a value length that differs from the key length");
  }
  c.attention_scale = c.head_dim > 0 ? 1.0 / std::sqrt(static_cast<double>(c.head_dim)) : 1.0;
  c.rope.dims = c.head_dim;
  if (read.is_gguf()) {
    c.vocab_size = embedding_rows(*read.gguf());
    read.optional({"vocab_size", ""}, c.vocab_size);
    read.required({"attention.layer_norm_rms_epsilon", ""}, c.norm_epsilon);
    c.tied_output = read.gguf()->find_tensor("output.weight") == nullptr;
    c.rope.style = interleaved ? RopeStyle::interleaved : RopeStyle::half_split;
    read_gguf_rope(read, c);
  } else {
    read.sized({"", "vocab_size"}, c.vocab_size);
    read.optional({"", "rms_norm_eps"}, c.norm_epsilon);
    read.optional({"", "tie_word_embeddings"}, c.tied_output);
    read.optional({"", "attention_bias"}, c.qkv_bias);
    c.output_bias = c.qkv_bias;
    read.optional({"", "mlp_bias"}, c.ffn_bias);
    c.rope.style = RopeStyle::half_split;
    read_activation(read, c);
    read_json_ropes(read, c);
  }
  // validate() refuses other counts.
  if (c.layers >= 1 && c.layers <= kLayersMax) {
    c.layer_configs.resize(static_cast<std::size_t>(c.layers));
  }
}

void read_windows(ConfigReader& read, std::int64_t window, std::int64_t period, ModelConfig& c) {
  for (std::size_t i = 0; i < c.layer_configs.size(); ++i) {
    const bool by_period = period == 1 || (i + 1) % static_cast<std::size_t>(period) != 0;
    std::string type = by_period ? "sliding_attention" : "full_attention";
    const std::string at = "layer_types." + std::to_string(i);
    read.optional({"", at}, type);
    if (type != "sliding_attention" && type != "full_attention") {
      return read.refuse("a layer of type '" + type + "'");
    }
    if (type == "sliding_attention") c.layer_configs[i].window = window;
  }
}

void read_late_windows(ConfigReader& read, ModelConfig& c) {
  bool used = false;
  std::int64_t window = 4'096;  // transformers' defaults
  std::int64_t first = 28;
  read.optional({"", "use_sliding_window"}, used);
  read.optional({"", "sliding_window"}, window);
  read.optional({"", "max_window_layers"}, first);
  if (!used) return;
  if (read.has({"", "layer_types"})) return read_windows(read, window, 1, c);
  for (std::size_t i = 0; i < c.layer_configs.size(); ++i) {
    if (static_cast<std::int64_t>(i) >= first) c.layer_configs[i].window = window;
  }
}

}  // namespace retort::arch
