// See buffer.h.
#include "tensor/buffer.h"

#include <sys/mman.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace retort::tensor {
namespace {

// From here on huge pages are asked for: fewer address translations while weights stream by.
constexpr std::size_t kHugeFrom = std::size_t{4} << 20;

void release(std::byte* data, std::size_t bytes) noexcept {
  if (data != nullptr) ::munmap(data, bytes);
}

}  // namespace

Result<Buffer> Buffer::make(std::size_t bytes) {
  if (bytes == 0) return Buffer();
  void* data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    return Error(ErrorKind::io, "cannot reserve " + std::to_string(bytes) +
                                    " bytes of memory: " + std::generic_category().message(errno));
  }
  if (bytes >= kHugeFrom) ::madvise(data, bytes, MADV_HUGEPAGE);  // a wish: failing is harmless
  return Buffer(static_cast<std::byte*>(data), bytes);
}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    release(data_, bytes_);
    data_ = std::exchange(other.data_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

Buffer::~Buffer() {
  release(data_, bytes_);
}

}  // namespace retort::tensor
