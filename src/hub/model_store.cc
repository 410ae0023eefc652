#include "hub/model_store.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>

#include "base/crypto.h"
#include "base/json_view.h"
#include "base/json_writer.h"
#include "hub/http_fetch.h"
#include "hub/model_choice.h"

namespace retort::hub {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRecords = ".retort";
constexpr std::size_t kRecordBytesMax = std::size_t{4} << 20;
// Of a record's file, of whose name the system takes 255 bytes; escaping makes three of one.
constexpr std::size_t kRecordNameMax = 200;

Error bad_record(std::string_view what) {
  return Error(ErrorKind::malformed, "a record of a pulled model has no " + std::string(what));
}

void append_member(std::string& out, std::string_view key, std::string_view text) {
  base::append_json_string(out, key);
  out += ':';
  base::append_json_string(out, text);
  out += ',';
}

std::string text_of(const base::JsonView& object, std::string_view key) {
  const std::optional<base::JsonView> member = object.find(key);
  return member && member->is_string() ? member->string() : std::string();
}

std::int64_t integer_of(const base::JsonView& object, std::string_view key) {
  const std::optional<base::JsonView> member = object.find(key);
  const bool integer = member && member->type() == base::JsonView::Type::integer;
  return integer ? member->integer().value_or(-1) : -1;
}

Result<HubFile> read_file(const base::JsonView& entry) {
  if (!entry.is_object()) return bad_record("file");
  HubFile file{.path = text_of(entry, "path"), .checksum = text_of(entry, "checksum")};
  const std::int64_t bytes = integer_of(entry, "bytes");
  if (!is_plain_path(file.path)) return bad_record("path");
  if (bytes < 0) return bad_record("size");
  file.bytes = static_cast<std::uint64_t>(bytes);
  if (is_hex(file.checksum, 40)) {
    file.checksum_kind = HubFile::Checksum::git_blob;
  } else if (!is_hex(file.checksum, 64)) {
    return bad_record("checksum");
  }
  return file;
}

// The entries of a folder, in the order of their names; none where it cannot be read.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    entries.push_back(it->path());
  }
  std::ranges::sort(entries);
  return entries;
}

}  // namespace

std::uint64_t PulledModel::bytes() const {
  std::uint64_t sum = 0;
  for (const HubFile& file : files) sum += file.bytes;
  return sum;
}

std::string write_record(const PulledModel& model) {
  std::string out = "{";
  append_member(out, "id", model.id);
  append_member(out, "quant", model.quant);
  append_member(out, "entry", model.entry);
  append_member(out, "hub", model.hub);
  append_member(out, "commit", model.commit);
  out += "\"pulled_at\":";
  base::append_json_integer(out, model.pulled_at);
  out += ",\"files\":[";
  for (const HubFile& file : model.files) {
    if (out.back() != '[') out += ',';
    out += '{';
    append_member(out, "path", file.path);
    append_member(out, "checksum", file.checksum);
    out += "\"bytes\":";
    base::append_json_integer(out, static_cast<std::int64_t>(file.bytes));
    out += '}';
  }
  return out + "]}\n";
}

Result<PulledModel> read_record(std::string_view json) {
  if (json.size() > kRecordBytesMax) return bad_record("end within 4 MiB");
  const Result<base::JsonView> root = base::JsonView::parse(json, {.kind = ErrorKind::malformed});
  if (!root) return root.error();
  if (!root->is_object()) return bad_record("object");
  PulledModel model{.id = text_of(*root, "id"),
                    .quant = text_of(*root, "quant"),
                    .entry = text_of(*root, "entry"),
                    .hub = text_of(*root, "hub"),
                    .commit = text_of(*root, "commit"),
                    .pulled_at = integer_of(*root, "pulled_at"),
                    .files = {}};
  const Result<HubName> name = parse_hub_name(model.id);
  if (!name || !name->wanted.empty()) return bad_record("id");
  if (!model.entry.empty() && !is_plain_path(model.entry)) return bad_record("entry");
  const std::optional<base::JsonView> files = root->find("files");
  if (!files || !files->is_array()) return bad_record("files");
  for (const base::JsonView& entry : files->elements()) {
    Result<HubFile> file = read_file(entry);
    if (!file) return std::move(file).error();
    model.files.push_back(std::move(*file));
  }
  if (model.files.empty()) return bad_record("files");
  return model;
}

fs::path ModelStore::path(const PulledModel& model) const {
  return model.entry.empty() ? folder(model.id) : folder(model.id) / model.entry;
}

fs::path ModelStore::record_path(const PulledModel& model) const {
  std::string name = model.entry.empty() ? "folder" : escape_path(model.entry);
  // escape_path leaves neither + nor = to a file's name.
  std::ranges::replace(name, '/', '+');
  if (name.size() > kRecordNameMax) {
    name = name.substr(0, kRecordNameMax / 2) + "=" + base::to_hex(base::sha256(model.entry));
  }
  return folder(model.id) / kRecords / (name + ".json");
}

bool ModelStore::is_whole(const PulledModel& model) const {
  return std::ranges::all_of(model.files, [&](const HubFile& file) {
    std::error_code error;
    const std::uintmax_t bytes = fs::file_size(folder(model.id) / file.path, error);
    return !error && bytes == file.bytes;
  });
}

std::vector<PulledModel> ModelStore::records(const fs::path& folder) const {
  std::vector<PulledModel> models;
  for (const fs::path& path : entries_of(folder / kRecords)) {
    if (path.extension() != ".json") continue;
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    Result<PulledModel> model = read_record(text);
    // A record that was cut or edited, or lies elsewhere than its model, is none.
    if (model && this->folder(model->id) == folder && is_whole(*model)) {
      models.push_back(std::move(*model));
    }
  }
  return models;
}

std::vector<PulledModel> ModelStore::list() const {
  std::vector<PulledModel> models;
  for (const fs::path& owner : entries_of(models_)) {
    for (const fs::path& repo : entries_of(owner)) {
      for (PulledModel& model : records(repo)) models.push_back(std::move(model));
    }
  }
  return models;
}

std::optional<PulledModel> ModelStore::find(const HubName& name) const {
  std::vector<PulledModel> models = records(folder(name.id()));
  if (models.empty()) return std::nullopt;
  Listing there;
  std::set<std::string> paths;
  for (const PulledModel& model : models) {
    for (const HubFile& file : model.files) {
      if (paths.insert(file.path).second) there.files.push_back(file);
    }
  }
  const Result<ModelChoice> choice = choose_model(there, name.wanted);
  if (!choice) return std::nullopt;
  for (PulledModel& model : models) {
    if (model.entry == choice->entry) return std::move(model);
  }
  return std::nullopt;
}

Result<void> ModelStore::record(const PulledModel& model) const {
  const fs::path path = record_path(model);
  const fs::path fresh = path.string() + "." + std::to_string(::getpid());
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  std::ofstream file(fresh, std::ios::binary);
  file << write_record(model);
  file.close();
  if (!error && file) fs::rename(fresh, path, error);
  if (!error && file) return {};
  std::error_code ignored;  // it may not be there
  fs::remove(fresh, ignored);
  return Error(ErrorKind::io, path.string() + ": cannot be written; is the disk full?");
}

void ModelStore::forget(const PulledModel& model) const {
  std::error_code ignored;  // it was not there
  fs::remove(record_path(model), ignored);
}

}  // namespace retort::hub
