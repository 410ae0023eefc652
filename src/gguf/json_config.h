// JsonConfig: a JSON file of settings (config.json), read by dotted path with typed getters.
//
// The Hugging Face counterpart of Metadata: "rope_scaling.factor" is the member `factor` of the
// object `rope_scaling`, "architectures.0" the first element of an array. null counts as absent, as
// in transformers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <retort/result.h>

namespace retort::gguf {

// Immutable; thread-safe.
class JsonConfig {
 public:
  static constexpr std::uint64_t kBytesMax = 16 << 20;

  // Reads a file; errors (io, malformed) name it.
  static Result<JsonConfig> open(const std::filesystem::path& path);
  // Reads a text, `name` standing in errors.
  static Result<JsonConfig> parse(std::string_view text, std::string_view name);

  const std::string& name() const noexcept { return name_; }
  // Whether a scalar stands at `path` or below it.
  bool has(std::string_view path) const;

  // The value at `path`, which must be there; an error (malformed) names file and path. An integer
  // is also a number; a whole number such as 1e5 or 32.0 is also an integer.
  Result<std::string_view> string(std::string_view path) const;
  Result<std::uint64_t> uint(std::string_view path) const;
  Result<double> number(std::string_view path) const;
  Result<bool> boolean(std::string_view path) const;

  // The same, or nothing where it is absent; a value of another type is still an error.
  Result<std::optional<std::string_view>> optional_string(std::string_view path) const;
  Result<std::optional<std::uint64_t>> optional_uint(std::string_view path) const;
  Result<std::optional<double>> optional_number(std::string_view path) const;
  Result<std::optional<bool>> optional_boolean(std::string_view path) const;

 private:
  using Scalar = std::variant<std::string, double, bool>;

  Result<const Scalar*> require(std::string_view path) const;
  Error wrong_type(std::string_view path, std::string_view wanted) const;

  std::string name_;
  std::map<std::string, Scalar, std::less<>> values_;  // by dotted path
  friend class JsonFlattener;
};

}  // namespace retort::gguf
