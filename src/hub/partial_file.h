// The file that a download gathers in: locked, hashed as it grows, and renamed when it is whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <retort/result.h>

#include "base/crypto.h"
#include "hub/listing.h"

namespace retort::hub {

// One thread at a time; the lock keeps other processes out until this object goes.
class PartialFile {
 public:
  // Opens or makes `target`.CHECKSUM.partial and reads what is there already. A conflict error
  // where another process has it.
  static Result<PartialFile> open(const std::filesystem::path& target, const HubFile& file);

  PartialFile(PartialFile&& other) noexcept;
  PartialFile& operator=(PartialFile&&) = delete;
  ~PartialFile();

  std::uint64_t bytes() const noexcept { return bytes_; }

  Result<void> append(std::string_view bytes);
  // Throws away what is there.
  Result<void> restart();

  // All bytes are there: checks them against the listed checksum, makes sure that they are on the
  // disk, and gives the file its name. On a checksum error the partial file is removed.
  Result<void> finish();

 private:
  PartialFile(std::filesystem::path target, const HubFile& file, int descriptor);
  Result<void> read_existing();
  void start_digest();
  Error failure(std::string_view doing) const;

  std::filesystem::path target_;
  std::filesystem::path path_;
  HubFile file_;
  int descriptor_;
  std::uint64_t bytes_ = 0;
  std::optional<base::Digest> digest_;
};

// How many bytes of `file` an earlier run has left there.
std::uint64_t partial_bytes(const std::filesystem::path& target, const HubFile& file);

}  // namespace retort::hub
