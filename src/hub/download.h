// One file from a hub to the disk: resumed where it was cut, checked before it gets its name.
//
// The bytes gather in NAME.CHECKSUM.partial beside the place where the file will be, so that what
// is left of an older version is never continued with a newer one's. Who writes there holds a lock
// on it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include <retort/result.h>

#include "hub/hub_client.h"

namespace retort::hub {

// How far a file is.
struct Progress {
  std::string_view path;
  std::uint64_t bytes = 0;   // there by now
  std::uint64_t total = 0;   // of the file
  std::uint64_t before = 0;  // of `bytes`, those that an earlier run had fetched
};

struct DownloadOptions {
  int retries = 5;  // in a row, none of which brought a byte
  std::function<void(const Progress&)> on_progress;
  // What is worth a line: a retry, a start from the beginning.
  std::function<void(const std::string&)> on_note;
  // Waits before a retry.
  std::function<void(std::chrono::milliseconds)> wait;
};

// Where `file` lies below the folder of its repository.
struct DownloadPlace {
  HubName name;
  std::string commit;
  std::filesystem::path target;  // its folder is made
};

// Fetches `file` into `place.target`, which is there and whole afterwards. Errors, each one line:
// those of HubClient::fetch; io where the disk is full or cannot be written; conflict where another
// process fetches this file; malformed where the checksum is not the listed one (what was fetched
// is removed).
Result<void> download_file(HubClient& hub, const DownloadPlace& place, const HubFile& file,
                           const DownloadOptions& options);

}  // namespace retort::hub
