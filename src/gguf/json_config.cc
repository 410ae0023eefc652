// See json_config.h.
//
// The document is flattened into a map of its scalars once; config files are small, and the map
// needs no JSON type outside this file.
#include "gguf/json_config.h"

#include <cmath>
#include <utility>

#include "base/json_view.h"
#include "base/mapped_file.h"

namespace retort::gguf {
namespace {

constexpr double kIntegerMax = 9007199254740992.0;  // 2^53: whole numbers are exact up to there

template <typename T>
Result<std::optional<T>> absent_or(const JsonConfig& config, std::string_view path,
                                   Result<T> (JsonConfig::*getter)(std::string_view) const) {
  if (!config.has(path)) return std::optional<T>();
  Result<T> value = (config.*getter)(path);
  if (!value) return std::move(value).error();
  return std::optional<T>(std::move(*value));
}

}  // namespace

class JsonFlattener {
 public:
  explicit JsonFlattener(JsonConfig& config) : config_(config) {}

  // The depth is bounded by the JSON reader (64).
  void flatten(const std::string& path, const base::JsonView& value) {
    switch (value.type()) {
      case base::JsonView::Type::null:
        return;
      case base::JsonView::Type::boolean:
        config_.values_.emplace(path, value.boolean());
        return;
      case base::JsonView::Type::integer:
      case base::JsonView::Type::decimal:
        config_.values_.emplace(path, value.number());
        return;
      case base::JsonView::Type::string:
        config_.values_.emplace(path, value.string());
        return;
      case base::JsonView::Type::array: {
        std::size_t index = 0;
        for (const auto& element : value.elements()) {
          flatten(path + "." + std::to_string(index++), element);
        }
        return;
      }
      case base::JsonView::Type::object:
        for (const auto& member : value.members()) {
          flatten(path.empty() ? member.key : path + "." + member.key, member.value);
        }
        return;
    }
  }

 private:
  JsonConfig& config_;
};

Result<JsonConfig> JsonConfig::open(const std::filesystem::path& path) {
  auto mapped = base::MappedFile::open(path);
  if (!mapped) return std::move(mapped).error();
  const auto bytes = mapped->bytes();
  return parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
}

Result<JsonConfig> JsonConfig::parse(std::string_view text, std::string_view name) {
  JsonConfig config;
  config.name_ = std::string(name);
  const auto wrong = [&](const std::string& what) {
    return Error(ErrorKind::malformed, config.name_ + ": " + what);
  };
  if (text.size() > kBytesMax) return wrong("more than 16 MiB, too large for a config file");
  base::JsonLimits limits;
  limits.kind = ErrorKind::malformed;
  auto root = base::JsonView::parse(text, limits);
  if (!root) return wrong("no valid JSON: " + root.error().message());
  if (!root->is_object()) return wrong("no JSON object");
  JsonFlattener(config).flatten("", *root);
  return config;
}

bool JsonConfig::has(std::string_view path) const {
  const auto at = values_.lower_bound(path);
  if (at == values_.end()) return false;
  if (at->first == path) return true;
  const std::string below = std::string(path) + ".";
  const auto first = values_.lower_bound(below);
  return first != values_.end() && first->first.starts_with(below);
}

Result<const JsonConfig::Scalar*> JsonConfig::require(std::string_view path) const {
  const auto found = values_.find(path);
  if (found != values_.end()) return &found->second;
  if (has(path)) return wrong_type(path, "a single value");
  return Error(ErrorKind::malformed, name_ + ": '" + std::string(path) + "' is missing");
}

Error JsonConfig::wrong_type(std::string_view path, std::string_view wanted) const {
  return Error(ErrorKind::malformed,
               name_ + ": '" + std::string(path) + "' must be " + std::string(wanted));
}

Result<std::string_view> JsonConfig::string(std::string_view path) const {
  auto value = require(path);
  if (!value) return std::move(value).error();
  const auto* text = std::get_if<std::string>(*value);
  if (text == nullptr) return wrong_type(path, "a string");
  return std::string_view(*text);
}

Result<std::uint64_t> JsonConfig::uint(std::string_view path) const {
  auto value = require(path);
  if (!value) return std::move(value).error();
  const auto* number = std::get_if<double>(*value);
  if (number == nullptr || !(*number >= 0) || *number > kIntegerMax ||
      *number != std::floor(*number)) {
    return wrong_type(path, "a whole number that is not negative");
  }
  return static_cast<std::uint64_t>(*number);
}

Result<double> JsonConfig::number(std::string_view path) const {
  auto value = require(path);
  if (!value) return std::move(value).error();
  const auto* number = std::get_if<double>(*value);
  if (number == nullptr) return wrong_type(path, "a number");
  return *number;
}

Result<bool> JsonConfig::boolean(std::string_view path) const {
  auto value = require(path);
  if (!value) return std::move(value).error();
  const auto* flag = std::get_if<bool>(*value);
  if (flag == nullptr) return wrong_type(path, "true or false");
  return *flag;
}

Result<std::optional<std::string_view>> JsonConfig::optional_string(std::string_view path) const {
  return absent_or(*this, path, &JsonConfig::string);
}
Result<std::optional<std::uint64_t>> JsonConfig::optional_uint(std::string_view path) const {
  return absent_or(*this, path, &JsonConfig::uint);
}
Result<std::optional<double>> JsonConfig::optional_number(std::string_view path) const {
  return absent_or(*this, path, &JsonConfig::number);
}
Result<std::optional<bool>> JsonConfig::optional_boolean(std::string_view path) const {
  return absent_or(*this, path, &JsonConfig::boolean);
}

}  // namespace retort::gguf
