// GgufFile: a model file in the GGUF format, versions 2 and 3, checked from its first byte to its
// last.
//
// A GGUF file is a header, typed key-value metadata, a table of tensors, and the tensors' bytes
// (ggml/docs/gguf.md). Tokenizers read the metadata, model/ the tensors. Every count, length,
// offset, alignment and size is checked against the file and against the limits below before it is
// used; no byte of the file is trusted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <retort/result.h>

#include "base/mapped_file.h"
#include "gguf/metadata.h"
#include "tensor/dtype.h"

namespace retort::gguf {

struct SplitPlace;

// What a file may hold at most. Far above every known model; they bound memory and time before a
// corrupted count can spend either.
struct GgufLimits {
  std::uint64_t metadata_count_max = 65'536;
  std::uint64_t tensor_count_max = 1'000'000;
  std::uint64_t key_bytes_max = 65'535;          // the specification's own limit
  std::uint64_t name_bytes_max = 255;            // of a tensor; ggml itself stops at 63
  std::uint64_t string_bytes_max = 64ull << 20;  // a chat template is under 100 KB
  std::uint64_t array_count_max = 16'777'216;    // a vocabulary is under 300,000
  std::uint64_t alignment_max = 1ull << 20;
};

inline constexpr std::size_t kTensorRankMax = 4;  // GGML_MAX_DIMS

struct GgufTensor {
  std::string_view name;
  tensor::DType type = tensor::DType::f32;
  // [rank] innermost (contiguous) dimension first, as the file has it: a matrix of 10 rows of 64 is
  // {64, 10}.
  std::array<std::uint64_t, kTensorRankMax> dimensions = {1, 1, 1, 1};
  std::size_t rank = 0;
  std::uint64_t offset = 0;  // from the first byte of its part's file
  std::uint64_t bytes = 0;
  const std::byte* data = nullptr;  // `bytes` bytes, inside that file
  std::size_t part = 0;             // of a model that is cut into several files: from 0

  std::span<const std::uint64_t> shape() const noexcept { return {dimensions.data(), rank}; }
};

// Immutable once open; thread-safe. Views that it gives are valid as long as it lives, also when it
// is moved.
class GgufFile {
 public:
  // Maps and checks a file, and where it is a part of a model that is cut into several, all of
  // them, whichever is named. Errors: io (cannot be opened), malformed (names file, byte and
  // reason; among them parts that are missing or do not belong together).
  static Result<GgufFile> open(const std::filesystem::path& path, const GgufLimits& limits = {});

  // Checks a file that is in memory; `bytes` must outlive the result. `name` stands in errors. Of a
  // model in several parts it is that part alone.
  static Result<GgufFile> parse(std::span<const std::byte> bytes, std::string_view name,
                                const GgufLimits& limits = {});

  // The path given to open (of several parts the first one's), or the name given to parse.
  const std::string& name() const noexcept { return name_; }
  // The file that a tensor is in.
  const std::string& name_of(const GgufTensor& tensor) const noexcept {
    return tensor.part == 0 ? name_ : others_[tensor.part - 1].name_;
  }
  // How many parts are here.
  std::size_t parts() const noexcept { return 1 + others_.size(); }
  std::uint32_t version() const noexcept { return version_; }
  std::uint64_t alignment() const noexcept { return alignment_; }
  // Of the first part.
  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  // Whether bytes() are a base::MappedFile's.
  bool is_mapped() const noexcept { return !file_.bytes().empty(); }
  // The first part's, which is the model's.
  const Metadata& metadata() const noexcept { return metadata_; }
  // In file order, part by part.
  std::span<const GgufTensor> tensors() const noexcept { return tensors_; }
  // Null where there is no such tensor.
  const GgufTensor* find_tensor(std::string_view name) const noexcept;

 private:
  friend class GgufReader;
  explicit GgufFile(std::string name) : name_(std::move(name)), metadata_(name_) {}
  static Result<GgufFile> open_parts(const std::filesystem::path& path, const SplitPlace& place,
                                     const GgufLimits& limits);
  static Result<GgufFile> open_one(const std::filesystem::path& path, const GgufLimits& limits);
  Result<void> join(GgufFile other);

  std::string name_;
  base::MappedFile file_;
  std::span<const std::byte> bytes_;
  std::uint32_t version_ = 0;
  std::uint64_t alignment_ = 32;  // general.alignment's default
  Metadata metadata_;
  std::vector<GgufTensor> tensors_;
  std::unordered_map<std::string_view, std::size_t> index_;  // name -> tensors_
  std::vector<GgufFile> others_;                             // parts 2, 3 ...; they keep no tensors
};

}  // namespace retort::gguf
