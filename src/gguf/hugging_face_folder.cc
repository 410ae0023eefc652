// See hugging_face_folder.h.
#include "gguf/hugging_face_folder.h"

#include <map>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "base/json_view.h"
#include "base/mapped_file.h"

namespace retort::gguf {
namespace {

// tensor -> file, as the index has it.
using WeightMap = std::map<std::string, std::string>;

// A name that stays in the folder: an index must not reach other files.
bool is_plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string("/\\\0", 3)) == std::string::npos;
}

Result<WeightMap> read_index(const std::filesystem::path& path) {
  const auto wrong = [&](const std::string& what) {
    return Error(ErrorKind::malformed, path.string() + ": " + what);
  };
  auto mapped = base::MappedFile::open(path);
  if (!mapped) return std::move(mapped).error();
  const auto bytes = mapped->bytes();
  base::JsonLimits limits;
  limits.kind = ErrorKind::malformed;
  limits.values_max = 2'000'000;
  auto root =
      base::JsonView::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, limits);
  if (!root) return wrong("no valid JSON: " + root.error().message());
  const auto map = root->is_object() ? root->find("weight_map") : std::nullopt;
  if (!map || !map->is_object()) return wrong("'weight_map' is missing");
  WeightMap files;
  for (const base::JsonMember& member : map->members()) {
    const std::string file = member.value.is_string() ? member.value.string() : "";
    if (!is_plain_name(file)) {
      return wrong("'weight_map' names no file of this folder for tensor '" + member.key + "'");
    }
    files.emplace(member.key, file);
  }
  return files;
}

}  // namespace

Result<HuggingFaceFolder> HuggingFaceFolder::open(const std::filesystem::path& folder) {
  HuggingFaceFolder opened;
  opened.name_ = folder.string();
  auto config = JsonConfig::open(folder / "config.json");
  if (!config) return std::move(config).error();
  opened.config_ = std::move(*config);
  std::error_code ignored;  // a file that cannot be looked at does not exist here
  const auto index = folder / "model.safetensors.index.json";
  if (std::filesystem::exists(index, ignored)) {
    if (auto done = opened.open_indexed(folder, index); !done) return std::move(done).error();
    return opened;
  }
  const auto single = folder / "model.safetensors";
  if (!std::filesystem::exists(single, ignored)) {
    return Error(ErrorKind::io, opened.name_ +
                                    ": holds neither model.safetensors nor "
                                    "model.safetensors.index.json; only safetensors weights are "
                                    "read, convert others (such as pytorch_model.bin) to them");
  }
  auto file = SafetensorsFile::open(single);
  if (!file) return std::move(file).error();
  opened.files_.push_back(std::move(*file));
  return opened;
}

Result<void> HuggingFaceFolder::open_indexed(const std::filesystem::path& folder,
                                             const std::filesystem::path& index) {
  auto map = read_index(index);
  if (!map) return std::move(map).error();
  const auto wrong = [&](const std::string& what) {
    return Error(ErrorKind::malformed, index.string() + ": " + what);
  };
  std::map<std::string, std::size_t> opened;  // file -> files_
  for (const auto& [tensor, name] : *map) {
    if (!opened.emplace(name, files_.size()).second) continue;
    if (files_.size() == kFilesMax) return wrong("names more than 4096 files");
    auto file = SafetensorsFile::open(folder / name);
    if (!file) return std::move(file).error();
    files_.push_back(std::move(*file));
  }
  std::unordered_map<std::string_view, const SafetensorsFile*> where;
  for (const SafetensorsFile& file : files_) {
    for (const SafetensorsTensor& tensor : file.tensors()) {
      if (!where.emplace(tensor.name, &file).second) {
        return wrong("tensor '" + tensor.name + "' stands in two files");
      }
    }
  }
  for (const auto& [tensor, name] : *map) {
    const auto found = where.find(tensor);
    if (found == where.end() || found->second != &files_[opened[name]]) {
      return wrong("tensor '" + tensor + "' is not in " + name + " as the index says");
    }
  }
  return {};
}

}  // namespace retort::gguf
