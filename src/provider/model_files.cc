#include "provider/model_files.h"

#include <utility>

#include "provider/bundled_model.h"
#include "text/vocabulary.h"

namespace retort::provider {
namespace {

Result<text::Vocabulary> read_vocabulary(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return text::vocabulary_from_hugging_face(path);
  const Result<gguf::GgufFile> file = open_gguf(path);
  if (!file) return file.error();
  return text::vocabulary_from_gguf(*file);
}

}  // namespace

std::string model_file_name(const std::filesystem::path& path) {
  return path.empty() ? std::string(kBundledModelName) : path.string();
}

Result<gguf::GgufFile> open_gguf(const std::filesystem::path& path) {
  if (!path.empty()) return gguf::GgufFile::open(path);
  return gguf::GgufFile::parse(bundled_model_bytes(), kBundledModelName);
}

Result<model::ModelFile> open_model(const std::filesystem::path& path) {
  if (!path.empty()) return model::ModelFile::open(path);
  Result<gguf::GgufFile> file = open_gguf(path);
  if (!file) return std::move(file).error();
  return model::ModelFile::of(std::move(*file));
}

Result<std::unique_ptr<model::Model>> load_weights(const std::filesystem::path& path,
                                                   const tensor::Kernels& kernels,
                                                   const model::LoadOptions& options) {
  Result<model::ModelFile> file = open_model(path);
  if (!file) return std::move(file).error();
  return model::Model::load(std::move(*file), kernels, options);
}

Result<text::Tokenizer> load_tokenizer(const std::filesystem::path& path) {
  Result<text::Vocabulary> vocabulary = read_vocabulary(path);
  if (!vocabulary) return std::move(vocabulary).error();
  return text::Tokenizer::make(std::move(*vocabulary));
}

}  // namespace retort::provider
