#include "hub/download.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "hub/partial_file.h"

namespace retort::hub {
namespace {

constexpr std::chrono::milliseconds kWaitMin{1'000};
constexpr std::chrono::milliseconds kWaitMax{16'000};

// Whether the next try may go better.
bool passes(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::connection:
    case ErrorKind::timeout:
    case ErrorKind::rate_limit:
    case ErrorKind::bad_upstream:
      return true;
    default:
      return false;
  }
}

Result<void> fetch_rest(HubClient& hub, const DownloadPlace& place, const HubFile& file,
                        PartialFile& partial, const DownloadOptions& options) {
  const std::uint64_t before = partial.bytes();
  Progress progress{.path = file.path, .bytes = before, .total = file.bytes, .before = before};
  options.on_progress(progress);
  FileSink sink;
  sink.begin = [&](std::uint64_t offset) -> Result<void> {
    if (offset == partial.bytes()) return {};
    options.on_note(file.path + ": the hub cannot go on in the middle; from the beginning");
    progress.before = 0;
    return partial.restart();
  };
  sink.write = [&](std::string_view bytes) -> Result<void> {
    if (Result<void> added = partial.append(bytes); !added) return added;
    progress.bytes = partial.bytes();
    options.on_progress(progress);
    return {};
  };
  if (Result<void> got = hub.fetch(place.name, place.commit, file, before, sink); !got) return got;
  if (partial.bytes() == file.bytes) return {};
  return Error(ErrorKind::connection, file.path + ": the hub ended after " +
                                          std::to_string(partial.bytes()) + " of " +
                                          std::to_string(file.bytes) + " bytes");
}

Error with_path(const HubFile& file, const Error& error) {
  if (error.message().starts_with(file.path)) return error;
  return Error(error.kind(), file.path + ": " + error.message());
}

Result<void> fetch_with_retries(HubClient& hub, const DownloadPlace& place, const HubFile& file,
                                PartialFile& partial, const DownloadOptions& options) {
  std::chrono::milliseconds wait = kWaitMin;
  for (int failures = 0;;) {
    const std::uint64_t before = partial.bytes();
    const Result<void> done = fetch_rest(hub, place, file, partial, options);
    if (done) return {};
    const bool progressed = partial.bytes() > before;
    if (progressed) wait = kWaitMin;
    failures = progressed ? 1 : failures + 1;
    const Error error = with_path(file, done.error());
    if (!passes(error) || failures > options.retries) return error;
    options.on_note(error.message() + "; trying again in " + std::to_string(wait.count() / 1'000) +
                    " s");
    options.wait(wait);
    wait = std::min(wait * 2, kWaitMax);
  }
}

}  // namespace

Result<void> download_file(HubClient& hub, const DownloadPlace& place, const HubFile& file,
                           const DownloadOptions& options) {
  if (file.checksum.empty()) {
    return Error(ErrorKind::malformed,
                 file.path + ": the hub lists no checksum, so it could not be checked");
  }
  std::error_code error;
  std::filesystem::create_directories(place.target.parent_path(), error);
  if (error) {
    return Error(ErrorKind::io, place.target.parent_path().string() + ": cannot be made: " +
                                    error.message() + "; --data-dir names another place");
  }
  Result<PartialFile> partial = PartialFile::open(place.target, file);
  if (!partial) return std::move(partial).error();
  if (partial->bytes() < file.bytes) {
    Result<void> fetched = fetch_with_retries(hub, place, file, *partial, options);
    if (!fetched) return fetched;
  }
  return partial->finish();
}

}  // namespace retort::hub
