// The same bytes as a GGUF file's metadata and as a config.json of every family: a config that is
// within its ranges, or an error that says what is not.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "arch/architecture.h"
#include "gguf/gguf_file.h"
#include "gguf/json_config.h"
#include "model/kv_cache.h"
#include "model/model_file.h"
#include "tensor/rope.h"

namespace {

using retort::arch::ModelConfig;

void require(bool claim) {
  if (!claim) std::abort();
}

// What the rest of the program takes for granted.
void check(const ModelConfig& config) {
  require(config.layer_configs.size() == static_cast<std::size_t>(config.layers));
  require(config.heads % config.kv_heads == 0);
  for (const auto type :
       {retort::model::KvType::f16, retort::model::KvType::f32, retort::model::KvType::q8_0}) {
    require(retort::model::KvCache::page_bytes(config, type) > 0);
  }
  ModelConfig chosen = config;
  retort::arch::choose_longrope(chosen, config.context);
  for (const float frequency : retort::tensor::rope_frequencies(chosen.rope)) {
    require(std::isfinite(frequency));
  }
}

void read_json(std::string_view text) {
  const auto config = retort::gguf::JsonConfig::parse(text, "config.json");
  if (!config) return require(!config.error().message().empty());
  for (const char* name : {"llama", "qwen2", "qwen3", "mistral", "olmo2", "granite", "smollm3",
                           "phi3", "gemma2", "gemma3_text", "gemma3", "mixtral", "qwen3_moe"}) {
    const auto family = retort::arch::find_hugging_face_architecture(name, "config.json");
    require(bool{family});
    const auto read = retort::arch::read_config(**family, *config);
    require(read || !read.error().message().empty());
    if (read && retort::arch::validate(*read, "config.json")) check(*read);
  }
}

void read_gguf(const std::byte* bytes, std::size_t size) {
  auto file = retort::gguf::GgufFile::parse({bytes, size}, "fuzz.gguf");
  if (!file) return;
  const auto opened = retort::model::ModelFile::of(std::move(*file));
  require(opened || !opened.error().message().empty());
  // Rotary scaling is checked when its tensors are there.
  if (opened && retort::arch::validate(opened->config(), "fuzz.gguf")) check(opened->config());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read_json({reinterpret_cast<const char*>(data), size});
  read_gguf(reinterpret_cast<const std::byte*>(data), size);
  return 0;
}
