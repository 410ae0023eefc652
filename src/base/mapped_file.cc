// See mapped_file.h.
//
// The descriptor is closed as soon as the mapping stands; the kernel keeps the file alive until it
// is unmapped.
#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

namespace retort::base {
namespace {

Error io_error(const std::filesystem::path& path, const std::string& what, int code) {
  return Error(ErrorKind::io,
               path.string() + ": " + what + ": " + std::generic_category().message(code));
}

// Closes its descriptor when it goes.
struct Descriptor {
  int value;
  explicit Descriptor(int descriptor) : value(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

}  // namespace

Result<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.value < 0) return io_error(path, "cannot open the file", errno);
  struct stat status = {};
  if (::fstat(file.value, &status) != 0) return io_error(path, "cannot read its size", errno);
  if (!S_ISREG(status.st_mode)) {
    return Error(ErrorKind::io, path.string() + ": not a regular file");
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return MappedFile();
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.value, 0);
  if (address == MAP_FAILED) return io_error(path, "cannot map the file", errno);
  return MappedFile({static_cast<const std::byte*>(address), size});
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  if (this != &other) {
    unmap();
    bytes_ = std::exchange(other.bytes_, {});
  }
  return *this;
}

MappedFile::~MappedFile() {
  unmap();
}

void MappedFile::release_pages(std::span<const std::byte> part) noexcept {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t into_page = reinterpret_cast<std::uintptr_t>(part.data()) % page;
  const std::size_t skipped = into_page == 0 ? 0 : page - into_page;
  if (part.size() < skipped + page) return;
  part = part.subspan(skipped, (part.size() - skipped) / page * page);
  // Pages of a read-only mapping are never dirty, so nothing is lost. A refusal costs memory only.
  ::madvise(const_cast<std::byte*>(part.data()), part.size(), MADV_DONTNEED);
}

void MappedFile::unmap() noexcept {
  if (bytes_.empty()) return;
  // munmap takes a void*; the mapping was ours alone and nobody writes through it.
  ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  bytes_ = {};
}

}  // namespace retort::base
