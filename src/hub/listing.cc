#include "hub/listing.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json_view.h"
#include "hub/hub_name.h"

namespace retort::hub {
namespace {

constexpr std::size_t kFilesMax = 100'000;
constexpr std::size_t kSha1Digits = 40;
constexpr std::size_t kSha256Digits = 64;

Error bad_listing(std::string what) {
  return Error(ErrorKind::malformed, "the hub's listing: " + std::move(what));
}

std::optional<std::string> string_member(const base::JsonView& object, std::string_view key) {
  const std::optional<base::JsonView> member = object.find(key);
  if (!member || !member->is_string()) return std::nullopt;
  return member->string();
}

Result<std::uint64_t> size_member(const base::JsonView& object, const std::string& path) {
  const std::optional<base::JsonView> member = object.find("size");
  const std::optional<std::int64_t> bytes =
      member && member->type() == base::JsonView::Type::integer ? member->integer() : std::nullopt;
  if (!bytes || *bytes < 0) return bad_listing("'" + path + "' has no size");
  return static_cast<std::uint64_t>(*bytes);
}

// The size and checksum of a file that is kept apart from Git (Large File Storage).
Result<void> read_large(const base::JsonView& lfs, HubFile& file) {
  const Result<std::uint64_t> bytes = size_member(lfs, file.path);
  if (!bytes) return bytes.error();
  file.bytes = *bytes;
  file.checksum_kind = HubFile::Checksum::sha256;
  file.checksum = string_member(lfs, "sha256").value_or("");
  if (!is_hex(file.checksum, kSha256Digits)) {
    return bad_listing("'" + file.path + "' has no SHA-256");
  }
  return {};
}

Result<HubFile> read_file(const base::JsonView& entry) {
  HubFile file;
  if (!entry.is_object()) return bad_listing("a file of 'siblings' is no object");
  std::optional<std::string> path = string_member(entry, "rfilename");
  if (!path) return bad_listing("a file of 'siblings' has no 'rfilename'");
  if (!is_plain_path(*path)) return bad_listing("a file's path leaves the repository's folder");
  file.path = std::move(*path);
  if (const auto lfs = entry.find("lfs"); lfs && lfs->is_object()) {
    if (Result<void> read = read_large(*lfs, file); !read) return std::move(read).error();
    return file;
  }
  // A hub that was not asked, or does not know, leaves both out: whoever wants the file says so.
  const std::optional<std::string> blob = string_member(entry, "blobId");
  if (!blob) return file;
  if (!is_hex(*blob, kSha1Digits)) return bad_listing("'" + file.path + "' has a bad 'blobId'");
  const Result<std::uint64_t> bytes = size_member(entry, file.path);
  if (!bytes) return bytes.error();
  file.bytes = *bytes;
  file.checksum_kind = HubFile::Checksum::git_blob;
  file.checksum = *blob;
  return file;
}

// Two files of one path would be fetched over each other, and never both be there.
Result<void> check_once(const std::vector<HubFile>& files) {
  std::vector<std::string_view> paths;
  paths.reserve(files.size());
  for (const HubFile& file : files) paths.push_back(file.path);
  std::ranges::sort(paths);
  const auto twice = std::ranges::adjacent_find(paths);
  if (twice == paths.end()) return {};
  return bad_listing("'" + std::string(*twice) + "' is listed twice");
}

}  // namespace

std::string_view HubFile::file_name() const {
  const std::size_t slash = path.rfind('/');
  return std::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1);
}

bool is_hex(std::string_view text, std::size_t digits) noexcept {
  return text.size() == digits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Result<Listing> read_listing(std::string_view json) {
  if (json.size() > kListingBytesMax) return bad_listing("longer than 16 MiB");
  // Card data and tags, which nobody here reads, may repeat a key.
  const Result<base::JsonView> root = base::JsonView::parse(
      json, {.values_max = 2'000'000, .duplicate_keys = true, .kind = ErrorKind::malformed});
  if (!root) return bad_listing(root.error().message());
  if (!root->is_object()) return bad_listing("no JSON object");
  Listing listing;
  listing.commit = string_member(*root, "sha").value_or("");
  if (!is_hex(listing.commit, kSha1Digits) && !is_hex(listing.commit, kSha256Digits)) {
    return bad_listing("'sha' names no commit");
  }
  const std::optional<base::JsonView> siblings = root->find("siblings");
  if (!siblings || !siblings->is_array()) return bad_listing("'siblings' is no list of files");
  for (const base::JsonView& entry : siblings->elements()) {
    if (listing.files.size() == kFilesMax) return bad_listing("more than 100000 files");
    Result<HubFile> file = read_file(entry);
    if (!file) return std::move(file).error();
    listing.files.push_back(std::move(*file));
  }
  if (Result<void> once = check_once(listing.files); !once) return std::move(once).error();
  return listing;
}

}  // namespace retort::hub
