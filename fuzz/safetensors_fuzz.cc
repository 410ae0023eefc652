// The same bytes as a safetensors file and as a config.json: read within their bounds or refused.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gguf/json_config.h"
#include "gguf/safetensors_file.h"

namespace {

void require(bool claim) {
  if (!claim) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  const auto file = retort::gguf::SafetensorsFile::parse({bytes, size}, "fuzz.safetensors");
  require(file || !file.error().message().empty());
  volatile std::size_t sum = 0;
  if (file) {
    for (const auto& tensor : file->tensors()) {
      require(tensor.offset + tensor.bytes <= size);
      for (std::uint64_t i = 0; i < tensor.bytes; ++i) {
        sum = sum + static_cast<std::size_t>(tensor.data[i]);
      }
    }
  }
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = retort::gguf::JsonConfig::parse(text, "fuzz.json");
  require(config || !config.error().message().empty());
  if (config) {
    for (const char* path : {"vocab_size", "rope_scaling.factor", "architectures.0", "a"}) {
      if (auto number = config->uint(path)) sum = sum + *number;
      if (auto string = config->optional_string(path); string && *string) {
        sum = sum + (*string)->size();
      }
    }
  }
  return 0;
}
