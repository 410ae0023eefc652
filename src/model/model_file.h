// ModelFile: a model's file or folder, open, with its config and the table of its tensors; of the
// weights themselves nothing has been read.
//
// So what a model needs is known before it is loaded: a server that keeps several of them plans
// its memory by it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include <retort/result.h>

#include "arch/model_config.h"
#include "gguf/gguf_file.h"
#include "gguf/hugging_face_folder.h"
#include "model/weight_source.h"

namespace retort::model {

using arch::ModelConfig;

// Movable; config() is thread-safe.
class ModelFile {
 public:
  // Opens `path`: a .gguf file, or a folder with config.json and safetensors. Errors: io, malformed
  // (names the file and the field or tensor).
  static Result<ModelFile> open(const std::filesystem::path& path);
  // The same from a GGUF file that is open already, which becomes this one's.
  static Result<ModelFile> of(gguf::GgufFile file);

  // Checked, but for what a GGUF file keeps in tensors: the divisors of rotary frequencies.
  const ModelConfig& config() const noexcept { return config_; }
  // Views the file, also after a move.
  WeightSource& source() noexcept { return source_; }
  // Of all tensors as the file has them.
  std::uint64_t tensor_bytes() const { return source_.bytes(); }

 private:
  ModelFile(ModelConfig config, WeightSource source)
      : config_(std::move(config)), source_(std::move(source)) {}
  static Result<ModelFile> describe(const gguf::GgufFile& file);
  static Result<ModelFile> describe(const gguf::HuggingFaceFolder& folder);
  Result<void> finish(const std::string& name);

  // One of the two is open.
  std::optional<gguf::GgufFile> gguf_;
  std::optional<gguf::HuggingFaceFolder> folder_;
  ModelConfig config_;
  WeightSource source_;
};

}  // namespace retort::model
