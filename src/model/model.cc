// See model.h.
#include "model/model.h"

#include <string>
#include <system_error>
#include <utility>

#include "model/architecture.h"
#include "model/decoder.h"
#include "model/weight_source.h"
#include "model/weights.h"

namespace retort::model {
namespace {

// A config with its weights, from either kind of file.
struct Loaded {
  ModelConfig config;
  Weights weights;
  std::uint64_t hash = 0;
};

Result<Loaded> finish(ModelConfig config, WeightSource source) {
  Loaded loaded;
  if (auto ok = validate(config, source.file()); !ok) return std::move(ok).error();
  auto weights = load_weights(config, source);
  if (!weights) return std::move(weights).error();
  loaded.config = std::move(config);
  loaded.weights = std::move(*weights);
  loaded.hash = source.hash();
  return loaded;
}

Result<Loaded> load_gguf(const gguf::GgufFile& file) {
  auto name = file.metadata().string("general.architecture");
  if (!name) return std::move(name).error();
  auto architecture = find_architecture(*name, file.name());
  if (!architecture) return std::move(architecture).error();
  auto parts = file.metadata().optional_uint("split.count");
  if (!parts) return std::move(parts).error();
  if (parts->value_or(1) > 1) {
    return Error(ErrorKind::malformed,
                 file.name() + ": one of " + std::to_string(**parts) +
                     " parts of a split model; join them with llama-gguf-split --merge");
  }
  auto config = (*architecture)->config_from_gguf(file);
  if (!config) return std::move(config).error();
  return finish(std::move(*config), WeightSource::of(file));
}

Result<Loaded> load_folder(const gguf::HuggingFaceFolder& folder) {
  auto name = folder.config().string("model_type");
  if (!name) return std::move(name).error();
  auto architecture = find_architecture(*name, folder.config().name());
  if (!architecture) return std::move(architecture).error();
  auto config = (*architecture)->config_from_hugging_face(folder.config());
  if (!config) return std::move(config).error();
  auto source = WeightSource::of(folder, **architecture);
  if (!source) return std::move(source).error();
  return finish(std::move(*config), std::move(*source));
}

}  // namespace

Model::Model() = default;
Model::~Model() = default;

Result<std::unique_ptr<Model>> Model::load(const std::filesystem::path& path,
                                           const tensor::Kernels& kernels,
                                           const LoadOptions& options) {
  std::error_code ignored;  // what cannot be looked at is reported by opening it
  if (!std::filesystem::is_directory(path, ignored)) {
    auto file = gguf::GgufFile::open(path);
    if (!file) return std::move(file).error();
    return load(std::move(*file), kernels, options);
  }
  auto folder = gguf::HuggingFaceFolder::open(path);
  if (!folder) return std::move(folder).error();
  auto loaded = load_folder(*folder);
  if (!loaded) return std::move(loaded).error();
  if (loaded->config.name.empty()) loaded->config.name = path.filename().string();
  std::unique_ptr<Model> model(new Model());
  model->folder_ = std::move(*folder);
  model->weights_hash_ = loaded->hash;
  model->decoder_ = std::make_unique<Decoder>(std::move(loaded->config), std::move(loaded->weights),
                                              kernels, options.step_tokens_max);
  return model;
}

Result<std::unique_ptr<Model>> Model::load(gguf::GgufFile file, const tensor::Kernels& kernels,
                                           const LoadOptions& options) {
  auto loaded = load_gguf(file);
  if (!loaded) return std::move(loaded).error();
  if (loaded->config.name.empty()) {
    loaded->config.name = std::filesystem::path(file.name()).stem().string();
  }
  std::unique_ptr<Model> model(new Model());
  model->gguf_ = std::move(file);
  model->weights_hash_ = loaded->hash;
  model->decoder_ = std::make_unique<Decoder>(std::move(loaded->config), std::move(loaded->weights),
                                              kernels, options.step_tokens_max);
  return model;
}

const ModelConfig& Model::config() const noexcept {
  return decoder_->config();
}

std::uint64_t Model::weights_hash() const noexcept {
  return weights_hash_;
}

std::size_t Model::weights_bytes() const noexcept {
  return decoder_->weights().bytes();
}

Result<void> Model::forward(const Batch& batch, KvCache& kv, tensor::ThreadPool& pool,
                            std::span<float> logits) {
  return decoder_->forward(batch, kv, pool, logits);
}

}  // namespace retort::model
