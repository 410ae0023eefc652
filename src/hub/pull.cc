#include "hub/pull.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

#include "base/crypto.h"
#include "hub/model_choice.h"
#include "hub/partial_file.h"

namespace retort::hub {
namespace {

namespace fs = std::filesystem;

// Whether the file at `path` is `file`: by what was recorded when it was pulled, or else by reading
// it.
bool is_there(const fs::path& path, const HubFile& file, const std::vector<HubFile>& recorded) {
  std::error_code error;
  if (fs::file_size(path, error) != file.bytes || error) return false;
  if (std::ranges::find(recorded, file) != recorded.end()) return true;
  std::ifstream stream(path, std::ios::binary);
  const bool large = file.checksum_kind == HubFile::Checksum::sha256;
  base::Digest digest(large ? base::Digest::Algorithm::sha256 : base::Digest::Algorithm::sha1);
  if (!large) digest.update("blob " + std::to_string(file.bytes) + std::string(1, '\0'));
  std::vector<char> buffer(std::size_t{1} << 20);
  while (stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size())),
         stream.gcount() > 0) {
    digest.update({buffer.data(), static_cast<std::size_t>(stream.gcount())});
  }
  return digest.finish() == file.checksum;
}

// The files of `choice` that are not in `folder` yet.
std::vector<HubFile> missing_files(const ModelChoice& choice, const fs::path& folder,
                                   const std::vector<HubFile>& recorded) {
  std::vector<HubFile> missing;
  for (const HubFile& file : choice.files) {
    if (!is_there(folder / file.path, file, recorded)) missing.push_back(file);
  }
  return missing;
}

Result<void> check_room(const std::vector<HubFile>& missing, const fs::path& folder) {
  std::uint64_t needed = 0;
  for (const HubFile& file : missing) {
    const std::uint64_t there = std::min(file.bytes, partial_bytes(folder / file.path, file));
    const std::uint64_t left = file.bytes - there;
    needed = left > UINT64_MAX - needed ? UINT64_MAX : needed + left;
  }
  // The nearest folder above that exists says which disk it will be.
  fs::path existing = folder;
  std::error_code error;
  while (!fs::exists(existing, error) && existing.has_relative_path()) {
    existing = existing.parent_path();
  }
  if (existing.empty()) existing = ".";
  const fs::space_info space = fs::space(existing, error);
  if (error || space.available >= needed) return {};
  return Error(ErrorKind::io, "the model needs " + size_text(needed) + " and " + existing.string() +
                                  " has " + size_text(space.available) +
                                  " left; make room, or name another --data-dir");
}

std::vector<HubFile> recorded_files(const ModelStore& store, const std::string& id) {
  std::vector<HubFile> files;
  for (const PulledModel& model : store.list()) {
    if (model.id == id) files.insert(files.end(), model.files.begin(), model.files.end());
  }
  return files;
}

Result<void> fetch_files(HubClient& hub, const HubName& name, const std::string& commit,
                         const fs::path& folder, const std::vector<HubFile>& missing,
                         const DownloadOptions& options) {
  for (const HubFile& file : missing) {
    const DownloadPlace place{.name = name, .commit = commit, .target = folder / file.path};
    if (Result<void> fetched = download_file(hub, place, file, options); !fetched) return fetched;
  }
  return {};
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  constexpr auto kUnits = std::to_array<const char*>({"B", "kB", "MB", "GB", "TB", "PB", "EB"});
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1'000;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text.data();
}

Result<PulledModel> pull_model(HubClient& hub, const ModelStore& store, const HubName& name,
                               const DownloadOptions& options) {
  const Result<Listing> listing = hub.list(name);
  if (!listing) return listing.error();
  Result<ModelChoice> choice = choose_model(*listing, name.wanted);
  if (!choice) return Error(choice.error().kind(), name.id() + ": " + choice.error().message());
  if (choice->preferred) {
    options.on_note(name.id() + ": takes " + choice->quant + "; another one is named behind a ':'");
  }
  PulledModel model{.id = name.id(),
                    .quant = choice->quant,
                    .entry = choice->entry,
                    .hub = hub.url(),
                    .commit = listing->commit,
                    .pulled_at = std::time(nullptr),
                    .files = choice->files};
  const fs::path folder = store.folder(model.id);
  const std::vector<HubFile> missing =
      missing_files(*choice, folder, recorded_files(store, model.id));
  if (Result<void> room = check_room(missing, folder); !room) return std::move(room).error();
  if (!missing.empty()) store.forget(model);
  Result<void> fetched = fetch_files(hub, name, model.commit, folder, missing, options);
  if (!fetched) return std::move(fetched).error();
  if (Result<void> kept = store.record(model); !kept) return std::move(kept).error();
  return model;
}

}  // namespace retort::hub
