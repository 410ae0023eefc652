// A GGUF file's bytes through the reader and the model loader: whatever they are, they are read
// within their bounds or refused.
//
// Every value and every tensor byte that the reader hands out is touched, so that the sanitizer
// sees one that lies outside the file.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "gguf/gguf_file.h"
#include "model/model.h"
#include "tensor/kernels.h"

namespace {

using retort::gguf::GgufFile;
using retort::gguf::GgufTensor;
using retort::gguf::Value;

void require(bool claim) {
  if (!claim) std::abort();
}

void touch(const GgufFile& file) {
  volatile std::size_t sum = 0;
  for (const Value& value : file.metadata().values()) {
    require(file.metadata().find(value.key) == &value);
    for (const auto text : value.strings) sum = sum + text.size() + (text.empty() ? 0 : text[0]);
    if (auto text = file.metadata().string(value.key)) sum = sum + text->size();
    if (auto number = file.metadata().uint(value.key)) sum = sum + *number;
    if (auto flag = file.metadata().boolean(value.key)) sum = sum + (*flag ? 1 : 0);
    if (auto array = file.metadata().integers(value.key)) {
      for (std::size_t i = 0; i < array->size(); ++i) {
        sum = sum + static_cast<std::size_t>((*array)[i]);
      }
    }
    if (auto array = file.metadata().numbers(value.key)) {
      for (std::size_t i = 0; i < array->size(); ++i) sum = sum + ((*array)[i] > 0 ? 1 : 0);
    }
  }
  for (const GgufTensor& tensor : file.tensors()) {
    require(file.find_tensor(tensor.name) == &tensor);
    require(tensor.offset + tensor.bytes <= file.bytes().size());
    for (std::uint64_t i = 0; i < tensor.bytes; ++i) {
      sum = sum + static_cast<std::size_t>(tensor.data[i]);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  auto file = GgufFile::parse({bytes, size}, "fuzz.gguf");
  if (!file) {
    require(!file.error().message().empty());
    return 0;
  }
  touch(*file);
  const auto model =
      retort::model::Model::load(std::move(*file), **retort::tensor::choose_kernels("portable"));
  require(model || !model.error().message().empty());
  return 0;
}
