// The parts of a model from its file or folder: weights and tokenizer. An empty path is the bundled
// model.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <retort/result.h>

#include "gguf/gguf_file.h"
#include "model/model.h"
#include "text/tokenizer.h"

namespace retort::provider {

// What messages call the model at `path`.
std::string model_file_name(const std::filesystem::path& path);

// Each names the file and what is wrong with it where it fails.
Result<gguf::GgufFile> open_gguf(const std::filesystem::path& path);
Result<model::ModelFile> open_model(const std::filesystem::path& path);
Result<std::unique_ptr<model::Model>> load_weights(const std::filesystem::path& path,
                                                   const tensor::Kernels& kernels,
                                                   const model::LoadOptions& options = {});
Result<text::Tokenizer> load_tokenizer(const std::filesystem::path& path);

}  // namespace retort::provider
