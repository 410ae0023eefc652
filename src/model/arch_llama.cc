// The llama family: Llama 1 to 3 and what is built like them (TinyLlama, Vicuna, ...).
//
// Grouped-query attention, RoPE with linear or llama-3 scaling, RMSNorm before each part, SwiGLU,
// and an output matrix of its own or the embedding's. A GGUF file has the rows of the query and key
// matrices reordered so that rotary pairs lie side by side; a Hugging Face folder has them half a
// head apart.
#include <array>

#include "model/architecture.h"

namespace retort::model {
namespace {

using tensor::RopeConfig;
using tensor::RopeScaling;
using tensor::RopeStyle;

// Reads several numbers and keeps the first error, so that a config is one list of lines.
class GgufNumbers {
 public:
  explicit GgufNumbers(const gguf::Metadata& metadata) : metadata_(metadata) {}

  void required(std::string_view key, std::int64_t& target) {
    if (error_) return;
    auto value = metadata_.uint(key);
    if (!value) {
      error_ = std::move(value).error();
      return;
    }
    set(*value, target);
  }
  void optional(std::string_view key, std::int64_t& target) {
    if (!error_ && metadata_.find(key) != nullptr) required(key, target);
  }
  void required(std::string_view key, double& target) {
    if (error_) return;
    auto value = metadata_.number(key);
    if (!value) {
      error_ = std::move(value).error();
      return;
    }
    target = *value;
  }
  void optional(std::string_view key, double& target) {
    if (!error_ && metadata_.find(key) != nullptr) required(key, target);
  }
  std::optional<Error>& error() { return error_; }

 private:
  // Beyond 2^62 nothing is in range for validate() either; the cut keeps the sign.
  void set(std::uint64_t value, std::int64_t& target) {
    constexpr std::uint64_t kMax = std::uint64_t{1} << 62;
    target = static_cast<std::int64_t>(value < kMax ? value : kMax);
  }

  const gguf::Metadata& metadata_;
  std::optional<Error> error_;
};

Error unsupported(const std::string& file, const std::string& what) {
  return Error(ErrorKind::malformed, file + ": " + what + " is not supported");
}

Result<void> read_gguf_rope(const gguf::GgufFile& file, RopeConfig& rope) {
  const gguf::Metadata& metadata = file.metadata();
  auto type = metadata.optional_string("llama.rope.scaling.type");
  if (!type) return std::move(type).error();
  const std::string_view scaling = type->value_or("none");
  if (scaling == "linear" || metadata.find("llama.rope.scale_linear") != nullptr) {
    rope.scaling = RopeScaling::linear;
  } else if (scaling != "none") {
    return unsupported(file.name(), "rotary scaling of type '" + std::string(scaling) + "'");
  }
  GgufNumbers numbers(metadata);
  numbers.optional("llama.rope.freq_base", rope.base);
  numbers.optional("llama.rope.dimension_count", rope.dims);
  numbers.optional("llama.rope.scale_linear", rope.factor);  // before the keys of 2023
  numbers.optional("llama.rope.scaling.factor", rope.factor);
  if (numbers.error()) return std::move(*numbers.error());
  return {};
}

// The vocabulary's size: the file's own word, or the embedding's rows.
std::int64_t embedding_rows(const gguf::GgufFile& file) {
  const gguf::GgufTensor* embedding = file.find_tensor("token_embd.weight");
  if (embedding == nullptr || embedding->rank != 2) return 0;
  return static_cast<std::int64_t>(embedding->dimensions[1] & 0x7FFFFFFFU);
}

Result<ModelConfig> config_from_gguf(const gguf::GgufFile& file) {
  const gguf::Metadata& metadata = file.metadata();
  ModelConfig c;
  c.architecture = "llama";
  auto name = metadata.optional_string("general.name");
  if (!name) return std::move(name).error();
  c.name = std::string(name->value_or(""));
  std::int64_t experts = 0;
  GgufNumbers numbers(metadata);
  numbers.required("llama.block_count", c.layers);
  numbers.required("llama.context_length", c.context);
  numbers.required("llama.embedding_length", c.width);
  numbers.required("llama.feed_forward_length", c.ffn_width);
  numbers.required("llama.attention.head_count", c.heads);
  c.kv_heads = c.heads;
  numbers.optional("llama.attention.head_count_kv", c.kv_heads);
  numbers.required("llama.attention.layer_norm_rms_epsilon", c.norm_epsilon);
  c.head_dim = c.heads > 0 ? c.width / c.heads : 0;
  numbers.optional("llama.attention.key_length", c.head_dim);
  std::int64_t value_length = c.head_dim;
  numbers.optional("llama.attention.value_length", value_length);
  numbers.optional("llama.expert_count", experts);
  c.vocab_size = embedding_rows(file);
  numbers.optional("llama.vocab_size", c.vocab_size);
  if (numbers.error()) return std::move(*numbers.error());
  if (experts > 0) return unsupported(file.name(), "a mixture of experts in llama");
  if (value_length != c.head_dim) {
    return unsupported(file.name(), "a value length that differs from the key length");
  }
  c.rope.style = RopeStyle::interleaved;
  c.rope.dims = c.head_dim;
  if (auto done = read_gguf_rope(file, c.rope); !done) return std::move(done).error();
  c.tied_output = file.find_tensor("output.weight") == nullptr;
  return c;
}

// As GgufNumbers, for config.json.
class JsonNumbers {
 public:
  explicit JsonNumbers(const gguf::JsonConfig& config) : config_(config) {}

  void required(std::string_view path, std::int64_t& target) {
    if (error_) return;
    auto value = config_.uint(path);
    if (!value) {
      error_ = std::move(value).error();
      return;
    }
    target = static_cast<std::int64_t>(*value);
  }
  void optional(std::string_view path, std::int64_t& target) {
    if (!error_ && config_.has(path)) required(path, target);
  }
  void optional(std::string_view path, double& target) {
    if (error_ || !config_.has(path)) return;
    auto value = config_.number(path);
    if (!value) {
      error_ = std::move(value).error();
      return;
    }
    target = *value;
  }
  void optional(std::string_view path, bool& target) {
    if (error_ || !config_.has(path)) return;
    auto value = config_.boolean(path);
    if (!value) {
      error_ = std::move(value).error();
      return;
    }
    target = *value;
  }
  std::optional<Error>& error() { return error_; }

 private:
  const gguf::JsonConfig& config_;
  std::optional<Error> error_;
};

// Scaling under `at`: rope_scaling, or rope_parameters since transformers 5 (which has rope_theta
// in it too).
Result<void> read_json_rope(const gguf::JsonConfig& config, const std::string& at,
                            RopeConfig& rope) {
  if (!config.has(at)) return {};
  auto type = config.optional_string(at + ".rope_type");
  if (type && !*type) type = config.optional_string(at + ".type");  // the older key
  if (!type) return std::move(type).error();
  const std::string_view scaling = type->value_or("default");
  if (scaling == "linear") {
    rope.scaling = RopeScaling::linear;
  } else if (scaling == "llama3") {
    rope.scaling = RopeScaling::llama3;
  } else if (scaling != "default") {
    return unsupported(config.name(), "rotary scaling of type '" + std::string(scaling) + "'");
  }
  JsonNumbers numbers(config);
  numbers.optional(at + ".rope_theta", rope.base);
  numbers.optional(at + ".factor", rope.factor);
  numbers.optional(at + ".low_freq_factor", rope.low_frequency_factor);
  numbers.optional(at + ".high_freq_factor", rope.high_frequency_factor);
  numbers.optional(at + ".original_max_position_embeddings", rope.original_context);
  if (numbers.error()) return std::move(*numbers.error());
  return {};
}

Result<ModelConfig> config_from_hugging_face(const gguf::JsonConfig& config) {
  ModelConfig c;
  c.architecture = "llama";
  JsonNumbers numbers(config);
  numbers.required("vocab_size", c.vocab_size);
  numbers.required("max_position_embeddings", c.context);
  numbers.required("num_hidden_layers", c.layers);
  numbers.required("hidden_size", c.width);
  numbers.required("intermediate_size", c.ffn_width);
  numbers.required("num_attention_heads", c.heads);
  c.kv_heads = c.heads;
  numbers.optional("num_key_value_heads", c.kv_heads);
  c.head_dim = c.heads > 0 ? c.width / c.heads : 0;
  numbers.optional("head_dim", c.head_dim);
  c.norm_epsilon = 1e-6;  // transformers' default, as are the two below
  numbers.optional("rms_norm_eps", c.norm_epsilon);
  numbers.optional("rope_theta", c.rope.base);
  numbers.optional("tie_word_embeddings", c.tied_output);
  numbers.optional("attention_bias", c.attention_bias);
  numbers.optional("mlp_bias", c.ffn_bias);
  if (numbers.error()) return std::move(*numbers.error());
  auto activation = config.optional_string("hidden_act");
  if (!activation) return std::move(activation).error();
  if (activation->value_or("silu") != "silu") {
    return unsupported(config.name(), "the activation '" + std::string(**activation) + "'");
  }
  c.rope.style = RopeStyle::half_split;
  c.rope.dims = c.head_dim;
  for (const char* at : {"rope_scaling", "rope_parameters"}) {
    if (auto done = read_json_rope(config, at, c.rope); !done) return std::move(done).error();
  }
  return c;
}

struct NamePair {
  std::string_view hugging_face;
  std::string_view gguf;
};

constexpr std::array<NamePair, 9> kLayerNames = {{{"self_attn.q_proj", "attn_q"},
                                                  {"self_attn.k_proj", "attn_k"},
                                                  {"self_attn.v_proj", "attn_v"},
                                                  {"self_attn.o_proj", "attn_output"},
                                                  {"mlp.gate_proj", "ffn_gate"},
                                                  {"mlp.up_proj", "ffn_up"},
                                                  {"mlp.down_proj", "ffn_down"},
                                                  {"input_layernorm", "attn_norm"},
                                                  {"post_attention_layernorm", "ffn_norm"}}};

std::optional<std::string> gguf_tensor_name(std::string_view name) {
  if (name == "model.embed_tokens.weight") return "token_embd.weight";
  if (name == "model.norm.weight") return "output_norm.weight";
  if (name == "lm_head.weight") return "output.weight";
  if (name.ends_with(".rotary_emb.inv_freq")) return "";  // follows from the config
  constexpr std::string_view kPrefix = "model.layers.";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  const std::size_t dot = name.find('.');
  const std::size_t last = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || last <= dot) return std::nullopt;
  const std::string_view part = name.substr(dot + 1, last - dot - 1);
  for (const NamePair& pair : kLayerNames) {
    if (pair.hugging_face != part) continue;
    return "blk." + std::string(name.substr(0, dot)) + "." + std::string(pair.gguf) +
           std::string(name.substr(last));  // .weight or .bias
  }
  return std::nullopt;
}

}  // namespace

const Architecture kLlama = {"llama", config_from_gguf, config_from_hugging_face, gguf_tensor_name};

}  // namespace retort::model
