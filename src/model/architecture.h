// Architecture: what Retort knows about one family of models, as a row of the registry.
//
// A family differs from another in how its config is spelled, in how a Hugging Face folder names
// its tensors, and in the constants that ModelConfig holds; each family is one arch_*.cc and one
// line in architecture.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <retort/result.h>

#include "gguf/gguf_file.h"
#include "gguf/json_config.h"
#include "model/model_config.h"

namespace retort::model {

struct Architecture {
  // general.architecture of a GGUF file, model_type of a config.json.
  std::string_view name;
  // Both read what their source says and leave the checking of ranges to validate(). Errors name
  // the file and the field, also for a feature that is not supported.
  Result<ModelConfig> (*config_from_gguf)(const gguf::GgufFile& file);
  Result<ModelConfig> (*config_from_hugging_face)(const gguf::JsonConfig& config);
  // The name that a GGUF file would give to a tensor of a Hugging Face folder: empty for one that
  // is not needed, nothing for one that the family does not have.
  std::optional<std::string> (*gguf_tensor_name)(std::string_view hugging_face_name);
};

extern const Architecture kLlama;

// The family called `name`; an error (malformed) names `file` and lists the families that there
// are.
Result<const Architecture*> find_architecture(std::string_view name, const std::string& file);

}  // namespace retort::model
