// HuggingFaceFolder: a model as Hugging Face lays it out: config.json, and the weights in
// model.safetensors, or in several files listed by model.safetensors.index.json.
//
// The tokenizer's files in the same folder are text/'s.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <retort/result.h>

#include "gguf/json_config.h"
#include "gguf/safetensors_file.h"

namespace retort::gguf {

// Immutable once open; thread-safe.
class HuggingFaceFolder {
 public:
  static constexpr std::size_t kFilesMax = 4'096;

  // Opens and checks config.json and every weight file. Errors: io, malformed; a file that the
  // index names must be a plain name in the same folder and hold the tensors that the index says,
  // and no tensor may stand in two files.
  static Result<HuggingFaceFolder> open(const std::filesystem::path& folder);

  const std::string& name() const noexcept { return name_; }  // the folder's path
  const JsonConfig& config() const noexcept { return config_; }
  std::span<const SafetensorsFile> files() const noexcept { return files_; }

 private:
  HuggingFaceFolder() = default;
  Result<void> open_indexed(const std::filesystem::path& folder,
                            const std::filesystem::path& index);

  std::string name_;
  JsonConfig config_;
  std::vector<SafetensorsFile> files_;
};

}  // namespace retort::gguf
