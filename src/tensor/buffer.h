// Buffer: zeroed memory for tensors, aligned to a cache line and taken from the system lazily.
//
// Repacked weights, the KV cache and a step's working memory live in buffers. Running out of memory
// is an error value here, not an exception.
#pragma once

#include <cstddef>
#include <utility>

#include <retort/result.h>

namespace retort::tensor {

class Buffer {
 public:
  static constexpr std::size_t kAlignment = 64;

  // Zeroed memory of `bytes` bytes; a page is taken from the system when it is first written.
  // Errors (io): the system refuses.
  static Result<Buffer> make(std::size_t bytes);

  Buffer() = default;
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();

  std::byte* data() noexcept { return data_; }
  const std::byte* data() const noexcept { return data_; }
  std::size_t bytes() const noexcept { return bytes_; }

  // The memory as an array of T.
  template <typename T>
  T* as() noexcept {
    return reinterpret_cast<T*>(data_);
  }

 private:
  Buffer(std::byte* data, std::size_t bytes) : data_(data), bytes_(bytes) {}

  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace retort::tensor
