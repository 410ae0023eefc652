// See model.h.
#include "model/model.h"

#include <string>
#include <system_error>
#include <utility>

#include "arch/architecture.h"
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

Result<Loaded> finish(ModelConfig config, WeightSource source, const LoadOptions& options) {
  Loaded loaded;
  // A GGUF file's rotary divisors are tensors, so longrope's are checked once they are loaded.
  const auto scaling = std::exchange(config.rope.scaling, tensor::RopeScaling::none);
  if (auto ok = validate(config, source.file()); !ok) return std::move(ok).error();
  auto weights = load_weights(config, source);
  if (!weights) return std::move(weights).error();
  config.rope.scaling = scaling;
  if (auto ok = validate(config, source.file()); !ok) return std::move(ok).error();
  const bool within =
      arch::choose_longrope(config, options.context > 0 ? options.context : config.context);
  loaded.hash = source.hash();
  // The other half of a longrope model's factors answers differently.
  if (config.rope.scaling == tensor::RopeScaling::longrope && !within) loaded.hash = ~loaded.hash;
  loaded.config = std::move(config);
  loaded.weights = std::move(*weights);
  return loaded;
}

Result<Loaded> load_gguf(const gguf::GgufFile& file, const LoadOptions& options) {
  auto name = file.metadata().string("general.architecture");
  if (!name) return std::move(name).error();
  auto architecture = arch::find_gguf_architecture(*name, file.name());
  if (!architecture) return std::move(architecture).error();
  auto parts = file.metadata().optional_uint("split.count");
  if (!parts) return std::move(parts).error();
  if (parts->value_or(1) > 1) {
    return Error(ErrorKind::malformed,
                 file.name() + ": one of " + std::to_string(**parts) +
                     " parts of a split model; join them with llama-gguf-split --merge");
  }
  auto config = arch::read_config(**architecture, file);
  if (!config) return std::move(config).error();
  return finish(std::move(*config), WeightSource::of(file), options);
}

Result<Loaded> load_folder(const gguf::HuggingFaceFolder& folder, const LoadOptions& options) {
  auto name = folder.config().string("model_type");
  if (!name) return std::move(name).error();
  auto architecture = arch::find_hugging_face_architecture(*name, folder.config().name());
  if (!architecture) return std::move(architecture).error();
  auto config = arch::read_config(**architecture, folder.config());
  if (!config) return std::move(config).error();
  auto source = WeightSource::of(folder, **architecture);
  if (!source) return std::move(source).error();
  return finish(std::move(*config), std::move(*source), options);
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
  auto loaded = load_folder(*folder, options);
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
  auto loaded = load_gguf(file, options);
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
