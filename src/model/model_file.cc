// See model_file.h.
#include "model/model_file.h"

#include <string>
#include <system_error>
#include <utility>

#include "arch/architecture.h"
#include "gguf/split_model.h"

namespace retort::model {

Result<ModelFile> ModelFile::open(const std::filesystem::path& path) {
  std::error_code ignored;  // what cannot be looked at is reported by opening it
  if (!std::filesystem::is_directory(path, ignored)) {
    auto file = gguf::GgufFile::open(path);
    if (!file) return std::move(file).error();
    return of(std::move(*file));
  }
  auto folder = gguf::HuggingFaceFolder::open(path);
  if (!folder) return std::move(folder).error();
  auto opened = describe(*folder);
  if (!opened) return opened;
  opened->folder_ = std::move(*folder);
  const std::filesystem::path normal = path.lexically_normal();
  const auto last = normal.has_filename() ? normal : normal.parent_path();
  if (auto ok = opened->finish(last.filename().string()); !ok) return std::move(ok).error();
  return opened;
}

Result<ModelFile> ModelFile::of(gguf::GgufFile file) {
  auto opened = describe(file);
  if (!opened) return opened;
  opened->gguf_ = std::move(file);
  const std::filesystem::path path = opened->gguf_->name();
  const auto stem = gguf::split_stem(path.filename().string());
  if (auto ok = opened->finish(stem.value_or(path.stem().string())); !ok) {
    return std::move(ok).error();
  }
  return opened;
}

Result<ModelFile> ModelFile::describe(const gguf::GgufFile& file) {
  auto name = file.metadata().string("general.architecture");
  if (!name) return std::move(name).error();
  auto architecture = arch::find_gguf_architecture(*name, file.name());
  if (!architecture) return std::move(architecture).error();
  auto place = gguf::read_split_place(file.metadata(), file.name());
  if (!place) return std::move(place).error();
  if (place->count != file.parts()) {
    return Error(ErrorKind::malformed, file.name() + ": one of " + std::to_string(place->count) +
                                           " parts of a split model, without the others");
  }
  auto config = arch::read_config(**architecture, file);
  if (!config) return std::move(config).error();
  return ModelFile(std::move(*config), WeightSource::of(file));
}

Result<ModelFile> ModelFile::describe(const gguf::HuggingFaceFolder& folder) {
  auto name = folder.config().string("model_type");
  if (!name) return std::move(name).error();
  auto architecture = arch::find_hugging_face_architecture(*name, folder.config().name());
  if (!architecture) return std::move(architecture).error();
  auto config = arch::read_config(**architecture, folder.config());
  if (!config) return std::move(config).error();
  auto source = WeightSource::of(folder, **architecture);
  if (!source) return std::move(source).error();
  return ModelFile(std::move(*config), std::move(*source));
}

Result<void> ModelFile::finish(const std::string& name) {
  if (config_.name.empty()) config_.name = name;
  for (const char* first : {"blk.0.attn_q.weight", "blk.0.attn_qkv.weight"}) {
    if (source_.has(first)) config_.weight_type = source_.type(first);
  }
  // A GGUF file's rotary divisors are tensors, so its scaling is checked once they are loaded.
  const auto scaling = std::exchange(config_.rope.scaling, tensor::RopeScaling::none);
  auto checked = arch::validate(config_, source_.file());
  config_.rope.scaling = scaling;
  return checked;
}

}  // namespace retort::model
