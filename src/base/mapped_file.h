// MappedFile: a whole file as read-only memory (mmap).
//
// Model files are gigabytes; mapping them costs nothing until a page is read, and pages are shared
// between processes. The file must not shrink while it is mapped: reading a page that is gone ends
// the process (SIGBUS), as with every program that maps files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include <retort/result.h>

namespace retort::base {

class MappedFile {
 public:
  // Maps `path`. Errors (io) name the path and the reason: missing, unreadable, not a regular file.
  static Result<MappedFile> open(const std::filesystem::path& path);

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  // The file's bytes, valid for the life of this object, which may be moved. Page-aligned.
  // Thread-safe.
  std::span<const std::byte> bytes() const noexcept { return bytes_; }

  // Gives the memory of the whole pages within `part`, which lies in a mapped file, back to the
  // system. They are read from the file again when they are next looked at. Thread-safe.
  static void release_pages(std::span<const std::byte> part) noexcept;

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  void unmap() noexcept;

  std::span<const std::byte> bytes_;
};

}  // namespace retort::base
