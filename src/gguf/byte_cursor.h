// ByteCursor: reads little-endian numbers and strings from a file's bytes, each checked against
// what remains.
//
// The GGUF reader walks its header with one. An error names the file, the byte offset, what was
// being read, and what to do about it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <retort/result.h>

namespace retort::gguf {

// `file`: byte `offset`: `what`; `mend`.
Error file_error(std::string_view file, std::uint64_t offset, std::string_view what,
                 std::string_view mend);

inline constexpr std::string_view kMendDamaged =
    "the file is truncated or damaged; download or convert it again";

class ByteCursor {
 public:
  // Looks at `bytes` and `file` (the name for errors); both must outlive the cursor.
  ByteCursor(std::span<const std::byte> bytes, std::string_view file)
      : bytes_(bytes), file_(file) {}

  std::uint64_t offset() const noexcept { return offset_; }
  std::uint64_t remaining() const noexcept { return bytes_.size() - offset_; }

  // Reads one number. `what` names it in the error, as in "the tensor count".
  template <typename T>
  Result<T> number(std::string_view what) {
    static_assert(std::endian::native == std::endian::little, "model files are little-endian");
    auto bytes = take(sizeof(T), what);
    if (!bytes) return std::move(bytes).error();
    T value;
    std::memcpy(&value, bytes->data(), sizeof(T));
    return value;
  }

  // Takes the next `size` bytes.
  Result<std::span<const std::byte>> take(std::uint64_t size, std::string_view what);

  // Reads a 64-bit length and that many bytes; longer than `bytes_max` is an error.
  Result<std::string_view> string(std::uint64_t bytes_max, std::string_view what);

  // An error at `offset`, or at the cursor.
  Error error(std::string_view what, std::string_view mend = kMendDamaged) const {
    return error_at(offset_, what, mend);
  }
  Error error_at(std::uint64_t offset, std::string_view what,
                 std::string_view mend = kMendDamaged) const {
    return file_error(file_, offset, what, mend);
  }

 private:
  std::span<const std::byte> bytes_;
  std::string_view file_;
  std::uint64_t offset_ = 0;
};

}  // namespace retort::gguf
