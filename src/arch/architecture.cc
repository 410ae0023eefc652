// See architecture.h.
#include "arch/architecture.h"

#include <algorithm>
#include <array>
#include <utility>

namespace retort::arch {
namespace {

// Every family. The first to have a name wins: several are "llama" as GGUF files.
constexpr std::array<const Architecture*, 13> kArchitectures = {
    &kLlama, &kQwen2,  &kQwen3,  &kMistral,      &kOlmo2,   &kGranite, &kSmollm3,
    &kPhi3,  &kGemma2, &kGemma3, &kGemma3Vision, &kMixtral, &kQwen3Moe};

constexpr std::array<TensorName, 11> kLayerNames = {{{"self_attn.q_proj", "attn_q"},
                                                     {"self_attn.k_proj", "attn_k"},
                                                     {"self_attn.v_proj", "attn_v"},
                                                     {"self_attn.o_proj", "attn_output"},
                                                     {"self_attn.q_norm", "attn_q_norm"},
                                                     {"self_attn.k_norm", "attn_k_norm"},
                                                     {"mlp.gate_proj", "ffn_gate"},
                                                     {"mlp.up_proj", "ffn_up"},
                                                     {"mlp.down_proj", "ffn_down"},
                                                     {"input_layernorm", "attn_norm"},
                                                     {"post_attention_layernorm", "ffn_norm"}}};

Result<const Architecture*> find(std::string_view name, std::string_view Architecture::* member,
                                 const std::string& file) {
  std::string known;
  for (const Architecture* architecture : kArchitectures) {
    if (!name.empty() && architecture->*member == name) return architecture;
    if ((architecture->*member).empty()) continue;
    if (!known.empty()) known += ", ";
    known += architecture->*member;
  }
  return Error(ErrorKind::malformed, file + ": the architecture '" + std::string(name) +
                                         "' is not supported; supported: " + known);
}

Result<ModelConfig> read_config(const Architecture& architecture, ConfigReader read) {
  ModelConfig config;
  config.architecture = architecture.name();
  architecture.describe(read, config);
  if (read.error()) return std::move(*read.error());
  return config;
}

// `pattern` with its * as `number`.
std::string numbered(std::string_view pattern, std::string_view number) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return std::string(pattern);
  return std::string(pattern.substr(0, star)) + std::string(number) +
         std::string(pattern.substr(star + 1));
}

// The first run of digits behind a dot: an expert's number. Empty where there is none.
std::string_view number_in(std::string_view part) {
  constexpr std::string_view kDigits = "0123456789";
  const std::size_t dot = part.find(".experts.");
  if (dot == std::string_view::npos) return {};
  part.remove_prefix(dot + std::string_view(".experts.").size());
  return part.substr(0, std::min(part.find_first_not_of(kDigits), part.size()));
}

// A tensor's name in a text model of its own, where a model that also reads images has it (two
// spellings, from before and after transformers 4.52); empty for a part that reads no text.
std::string text_model_name(std::string_view name) {
  for (const char* other : {"vision_tower.", "multi_modal_projector."}) {
    if (name.starts_with(other) || name.starts_with("model." + std::string(other))) return "";
  }
  constexpr std::string_view kOlder = "language_model.";
  constexpr std::string_view kNewer = "model.language_model.";
  if (name.starts_with(kOlder)) return std::string(name.substr(kOlder.size()));
  if (name.starts_with(kNewer)) return "model." + std::string(name.substr(kNewer.size()));
  return std::string(name);
}

std::optional<std::string> find_name(std::span<const TensorName> names, std::string_view part) {
  const std::string_view number = number_in(part);
  for (const TensorName& name : names) {
    if (numbered(name.hugging_face, number) == part) return numbered(name.gguf, number);
  }
  return std::nullopt;
}

}  // namespace

Result<const Architecture*> find_gguf_architecture(std::string_view name, const std::string& file) {
  return find(name, &Architecture::gguf_name, file);
}

Result<const Architecture*> find_hugging_face_architecture(std::string_view name,
                                                           const std::string& file) {
  return find(name, &Architecture::hugging_face_name, file);
}

Result<ModelConfig> read_config(const Architecture& architecture, const gguf::GgufFile& file) {
  auto config = read_config(architecture, ConfigReader(file, architecture.gguf_name));
  if (!config) return config;
  auto name = file.metadata().optional_string("general.name");
  if (!name) return std::move(name).error();
  config->name = std::string(name->value_or(""));
  return config;
}

Result<ModelConfig> read_config(const Architecture& architecture, const gguf::JsonConfig& config) {
  return read_config(architecture, ConfigReader(config, architecture.config_prefix));
}

std::optional<std::string> gguf_tensor_name(const Architecture& architecture,
                                            std::string_view name) {
  std::string within;
  if (!architecture.config_prefix.empty()) {
    within = text_model_name(name);
    if (within.empty()) return "";
    name = within;
  }
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
  auto found = find_name(architecture.tensor_names, part);
  if (!found) found = find_name(kLayerNames, part);
  if (!found) return std::nullopt;
  return "blk." + std::string(name.substr(0, dot)) + "." + *found +
         std::string(name.substr(last));  // .weight or .bias
}

}  // namespace retort::arch
