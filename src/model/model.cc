// See model.h.
#include "model/model.h"

#include <utility>

#include "model/decoder.h"
#include "model/weight_source.h"
#include "model/weights.h"

namespace retort::model {

Model::Model(ModelFile file) : file_(std::move(file)) {}
Model::~Model() = default;

Result<std::unique_ptr<Model>> Model::load(const std::filesystem::path& path,
                                           const tensor::Kernels& kernels,
                                           const LoadOptions& options) {
  auto file = ModelFile::open(path);
  if (!file) return std::move(file).error();
  return load(std::move(*file), kernels, options);
}

Result<std::unique_ptr<Model>> Model::load(gguf::GgufFile file, const tensor::Kernels& kernels,
                                           const LoadOptions& options) {
  auto opened = ModelFile::of(std::move(file));
  if (!opened) return std::move(opened).error();
  return load(std::move(*opened), kernels, options);
}

Result<std::unique_ptr<Model>> Model::load(ModelFile file, const tensor::Kernels& kernels,
                                           const LoadOptions& options) {
  ModelConfig config = file.config();
  WeightSource& source = file.source();
  auto weights = load_weights(config, source, options);
  if (!weights) return std::move(weights).error();
  if (auto ok = validate(config, source.file()); !ok) return std::move(ok).error();
  const bool within =
      arch::choose_longrope(config, options.context > 0 ? options.context : config.context);
  std::uint64_t hash = source.hash();
  // The other half of a longrope model's factors answers differently.
  if (config.rope.scaling == tensor::RopeScaling::longrope && !within) hash = ~hash;
  std::unique_ptr<Model> model(new Model(std::move(file)));
  model->weights_hash_ = hash;
  model->decoder_ =
      std::make_unique<Decoder>(std::move(config), std::move(*weights), kernels, options);
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
