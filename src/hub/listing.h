// What a hub says is in a repository: its files, their sizes and checksums, at one commit.
//
// The JSON of GET {hub}/api/models/{owner}/{repo}/revision/{revision}?blobs=true. It comes from
// outside: fuzz/hub_listing_fuzz.cc gives any bytes to it. hub/model_choice picks from the listing
// what is pulled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <retort/result.h>

namespace retort::hub {

struct HubFile {
  // Large files are named by the SHA-256 of their bytes, others by Git: SHA-1 of "blob SIZE\0" and
  // the bytes.
  enum class Checksum : std::uint8_t { sha256, git_blob };

  std::string path;  // a plain path (is_plain_path) below the repository's folder
  std::uint64_t bytes = 0;
  Checksum checksum_kind = Checksum::sha256;
  std::string checksum;  // lower-case hexadecimal; empty where the hub names none

  // Its last component.
  std::string_view file_name() const;
  friend bool operator==(const HubFile&, const HubFile&) = default;
};

struct Listing {
  std::string commit;  // 40 to 64 hexadecimal digits: all files are fetched at this one
  std::vector<HubFile> files;
};

inline constexpr std::size_t kListingBytesMax = std::size_t{16} << 20;

// Errors (malformed) say what is wrong with the answer, among it a path that would leave the
// repository's folder.
Result<Listing> read_listing(std::string_view json);

// Whether `text` is lower-case hexadecimal of `digits` digits.
bool is_hex(std::string_view text, std::size_t digits) noexcept;

}  // namespace retort::hub
