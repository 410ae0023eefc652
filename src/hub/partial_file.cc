#include "hub/partial_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

namespace retort::hub {
namespace {

constexpr std::string_view kEnding = ".partial";
constexpr std::size_t kDigitsInName = 12;  // of the checksum: tells versions apart

std::filesystem::path partial_path(const std::filesystem::path& target, const HubFile& file) {
  return target.string() + "." + file.checksum.substr(0, kDigitsInName) + std::string(kEnding);
}

Error io_error(const std::filesystem::path& path, std::string_view doing, int code) {
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) {
    return Error(ErrorKind::io, path.string() + ": no space left (" + std::strerror(code) +
                                    "); make room and run this again, it goes on where it stopped");
  }
  return Error(ErrorKind::io,
               path.string() + ": cannot be " + std::string(doing) + ": " + std::strerror(code));
}

// Whether `descriptor` is still what `path` names: the process that held the lock before may have
// renamed or removed the file.
bool is_still(int descriptor, const std::filesystem::path& path) {
  struct stat open{};
  struct stat named{};
  return ::fstat(descriptor, &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

// Unless a process is writing there.
void remove_abandoned(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return;
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) ::unlink(path.c_str());
  ::close(descriptor);
}

// What is left of other versions of this file.
void remove_other_partials(const std::filesystem::path& target) {
  const std::string prefix = target.filename().string() + ".";
  std::error_code ignored;  // a leftover that cannot be removed costs space, no more
  for (const auto& entry : std::filesystem::directory_iterator(target.parent_path(), ignored)) {
    const std::string name = entry.path().filename().string();
    const bool fits = name.size() == prefix.size() + kDigitsInName + kEnding.size();
    if (fits && name.starts_with(prefix) && name.ends_with(kEnding)) remove_abandoned(entry.path());
  }
}

}  // namespace

PartialFile::PartialFile(std::filesystem::path target, const HubFile& file, int descriptor)
    : target_(std::move(target)),
      path_(partial_path(target_, file)),
      file_(file),
      descriptor_(descriptor) {}

PartialFile::PartialFile(PartialFile&& other) noexcept
    : target_(std::move(other.target_)),
      path_(std::move(other.path_)),
      file_(std::move(other.file_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      bytes_(other.bytes_),
      digest_(std::move(other.digest_)) {}

PartialFile::~PartialFile() {
  if (descriptor_ >= 0) ::close(descriptor_);  // and with it the lock
}

Error PartialFile::failure(std::string_view doing) const {
  return io_error(path_, doing, errno);
}

Result<PartialFile> PartialFile::open(const std::filesystem::path& target, const HubFile& file) {
  const std::filesystem::path path = partial_path(target, file);
  for (;;) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (descriptor < 0) return io_error(path, "opened", errno);
    PartialFile partial(target, file, descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return partial.failure("locked");
      return Error(ErrorKind::conflict,
                   "another process is fetching " + target.string() + "; wait until it is done");
    }
    if (!is_still(descriptor, path)) continue;
    if (Result<void> read = partial.read_existing(); !read) return std::move(read).error();
    return partial;
  }
}

void PartialFile::start_digest() {
  const bool large = file_.checksum_kind == HubFile::Checksum::sha256;
  digest_.emplace(large ? base::Digest::Algorithm::sha256 : base::Digest::Algorithm::sha1);
  // The header that Git puts in front of a file before it hashes it.
  if (!large) digest_->update("blob " + std::to_string(file_.bytes) + std::string(1, '\0'));
}

Result<void> PartialFile::read_existing() {
  start_digest();
  std::vector<char> buffer(std::size_t{1} << 20);
  for (;;) {
    const ssize_t count = ::read(descriptor_, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure("read");
    if (count == 0) break;
    digest_->update({buffer.data(), static_cast<std::size_t>(count)});
    bytes_ += static_cast<std::uint64_t>(count);
  }
  return bytes_ > file_.bytes ? restart() : Result<void>();
}

Result<void> PartialFile::restart() {
  if (::ftruncate(descriptor_, 0) != 0 || ::lseek(descriptor_, 0, SEEK_SET) != 0) {
    return failure("emptied");
  }
  bytes_ = 0;
  start_digest();
  return {};
}

Result<void> PartialFile::append(std::string_view bytes) {
  if (bytes.size() > file_.bytes - bytes_) {
    return Error(ErrorKind::malformed,
                 file_.path + ": the hub sends more bytes than it listed; try again");
  }
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure("written");
    const auto written = static_cast<std::size_t>(count);
    digest_->update(bytes.substr(0, written));
    bytes_ += written;
    bytes.remove_prefix(written);
  }
  return {};
}

Result<void> PartialFile::finish() {
  if (const std::string found = digest_->finish(); found != file_.checksum) {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
    return Error(ErrorKind::malformed, file_.path + ": the bytes have the checksum " + found +
                                           ", the hub lists " + file_.checksum +
                                           "; what was fetched is removed, run this again");
  }
  if (::fdatasync(descriptor_) != 0) return failure("written");
  if (::rename(path_.c_str(), target_.c_str()) != 0) return failure("renamed");
  remove_other_partials(target_);
  return {};
}

std::uint64_t partial_bytes(const std::filesystem::path& target, const HubFile& file) {
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(partial_path(target, file), error);
  return error ? 0 : bytes;
}

}  // namespace retort::hub
