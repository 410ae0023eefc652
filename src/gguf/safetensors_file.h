// SafetensorsFile: the tensors of one .safetensors file, checked.
//
// The format (huggingface/safetensors): a 64-bit length, a JSON header of that length that gives
// each tensor's type, shape and place, and the tensors' bytes. Every length, place, shape and size
// is checked against the file before it is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <retort/result.h>

#include "base/mapped_file.h"
#include "tensor/dtype.h"

namespace retort::gguf {

struct SafetensorsLimits {
  std::uint64_t header_bytes_max = 100'000'000;  // the reference implementation's own limit
  std::size_t tensor_count_max = 500'000;
  std::size_t rank_max = 8;
};

struct SafetensorsTensor {
  std::string name;
  tensor::DType type = tensor::DType::f32;
  std::vector<std::uint64_t> shape;  // outermost dimension first, as in PyTorch
  std::uint64_t offset = 0;          // from the file's first byte
  std::uint64_t bytes = 0;
  const std::byte* data = nullptr;  // not necessarily aligned
};

// Immutable once open; thread-safe. The tensors' data lives as long as this, also when it is moved.
class SafetensorsFile {
 public:
  // Maps and checks a file. Errors: io, malformed (names file, byte and reason).
  static Result<SafetensorsFile> open(const std::filesystem::path& path,
                                      const SafetensorsLimits& limits = {});

  // Checks a file in memory; `bytes` must outlive the result. `name` stands in errors.
  static Result<SafetensorsFile> parse(std::span<const std::byte> bytes, std::string_view name,
                                       const SafetensorsLimits& limits = {});

  const std::string& name() const noexcept { return name_; }
  // In the header's order.
  std::span<const SafetensorsTensor> tensors() const noexcept { return tensors_; }
  // Whether the tensors' data is a base::MappedFile's.
  bool is_mapped() const noexcept { return !file_.bytes().empty(); }

 private:
  friend class SafetensorsReader;
  explicit SafetensorsFile(std::string name) : name_(std::move(name)) {}

  std::string name_;
  base::MappedFile file_;
  std::vector<SafetensorsTensor> tensors_;
};

}  // namespace retort::gguf
