// The models that were pulled: where they lie below the data folder, and what is known of each.
//
// DATA_DIR/models/OWNER/REPO holds a repository's files as the hub names them, and .retort/ in it
// one record a model, written when all its files are there: a model without a record is not whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <retort/result.h>

#include "hub/hub_name.h"
#include "hub/listing.h"

namespace retort::hub {

struct PulledModel {
  std::string id;     // OWNER/REPO
  std::string quant;  // as ModelChoice has it
  std::string entry;  // what it is loaded from below the repository's folder; empty: the folder
  std::string hub;    // the address it came from
  std::string commit;
  std::int64_t pulled_at = 0;  // seconds since 1970
  std::vector<HubFile> files;

  std::uint64_t bytes() const;
  // OWNER/REPO:QUANT, what --model hf: takes.
  std::string name() const { return id + ":" + quant; }
};

// Reads the disk each time. Any number of processes may use one folder.
class ModelStore {
 public:
  explicit ModelStore(const std::filesystem::path& data_dir) : models_(data_dir / "models") {}

  std::filesystem::path folder(const std::string& id) const { return models_ / id; }
  // The file or folder that `model` is loaded from.
  std::filesystem::path path(const PulledModel& model) const;

  // The models whose files are all there, with the sizes they had, by name.
  std::vector<PulledModel> list() const;
  // The one among them that `name` means, chosen as from a hub's listing; nothing where none is.
  std::optional<PulledModel> find(const HubName& name) const;

  // Writes or replaces the record of `model`; an io error where it cannot.
  Result<void> record(const PulledModel& model) const;
  // Before files of it change.
  void forget(const PulledModel& model) const;

 private:
  std::filesystem::path record_path(const PulledModel& model) const;
  std::vector<PulledModel> records(const std::filesystem::path& folder) const;
  bool is_whole(const PulledModel& model) const;

  std::filesystem::path models_;
};

// A record's JSON, and back; an error where it is none.
std::string write_record(const PulledModel& model);
Result<PulledModel> read_record(std::string_view json);

}  // namespace retort::hub
