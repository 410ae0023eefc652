// Architecture: what Retort knows about one family of models, as a row of the registry.
//
// A family differs from another in how its config is read, in how a Hugging Face folder names its
// tensors, and in the constants that ModelConfig holds; each family is one file of this folder and
// one line in architecture.cc.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <retort/result.h>

#include "arch/config_reader.h"
#include "arch/model_config.h"
#include "gguf/gguf_file.h"
#include "gguf/json_config.h"

namespace retort::arch {

// A tensor of a layer, without the layer's prefix and the ending .weight or .bias. A * in both
// names stands for an expert's number.
struct TensorName {
  std::string_view hugging_face;
  std::string_view gguf;
};

struct Architecture {
  std::string_view gguf_name;          // general.architecture; empty: such files call it "llama"
  std::string_view hugging_face_name;  // model_type of a config.json
  // Reads what its source says and leaves the checking of ranges to validate().
  void (*describe)(ConfigReader& read, ModelConfig& config);
  // Names of a Hugging Face folder that mean something else than in llama, or are not in it.
  std::span<const TensorName> tensor_names;
  // Where config.json has the text model's fields ("text_config."), for families that read images
  // too: what is not the text model's is left alone.
  std::string_view config_prefix = {};

  // What messages call it.
  std::string_view name() const { return hugging_face_name; }
};

extern const Architecture kLlama;
extern const Architecture kQwen2;
extern const Architecture kQwen3;
extern const Architecture kMistral;
extern const Architecture kOlmo2;
extern const Architecture kGranite;
extern const Architecture kSmollm3;
extern const Architecture kPhi3;
extern const Architecture kGemma2;
extern const Architecture kGemma3;
extern const Architecture kGemma3Vision;
extern const Architecture kMixtral;
extern const Architecture kQwen3Moe;

// The family that a GGUF file, or a Hugging Face folder, calls `name`; an error (malformed) names
// `file` and lists the families that there are.
Result<const Architecture*> find_gguf_architecture(std::string_view name, const std::string& file);
Result<const Architecture*> find_hugging_face_architecture(std::string_view name,
                                                           const std::string& file);

// The config as the file has it; errors (malformed) name the file and the field, also for a feature
// that is not supported.
Result<ModelConfig> read_config(const Architecture& architecture, const gguf::GgufFile& file);
Result<ModelConfig> read_config(const Architecture& architecture, const gguf::JsonConfig& config);

// The name that a GGUF file would give to a tensor of a Hugging Face folder: empty for one that is
// not needed, nothing for one that the family does not have.
std::optional<std::string> gguf_tensor_name(const Architecture& architecture,
                                            std::string_view hugging_face_name);

}  // namespace retort::arch
