// ConfigReader: the fields of a model's configuration under their two names, from the metadata of a
// GGUF file or from a Hugging Face config.json.
//
// So a family says once what it has, and reads either kind of file. The first error is kept and
// what follows does nothing, so that a config is one list of lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <retort/result.h>

#include "arch/model_config.h"
#include "gguf/gguf_file.h"
#include "gguf/json_config.h"

namespace retort::arch {

// One field: its key below the architecture's prefix in a GGUF file, and its path in config.json;
// empty where that kind of file has no such field.
struct FieldKey {
  std::string_view gguf;
  std::string_view json;
};

// Views the file, which must outlive it. Not thread-safe.
class ConfigReader {
 public:
  // `prefix` is the architecture's name, which begins its keys.
  ConfigReader(const gguf::GgufFile& file, std::string_view prefix)
      : gguf_(&file), prefix_(prefix) {}
  // `prefix` begins every path: the object that holds the fields, with its dot.
  explicit ConfigReader(const gguf::JsonConfig& config, std::string_view prefix = {})
      : json_(&config), prefix_(prefix) {}

  bool is_gguf() const noexcept { return gguf_ != nullptr; }
  // Null where the source is a config.json.
  const gguf::GgufFile* gguf() const noexcept { return gguf_; }
  const std::string& file() const noexcept;
  bool has(FieldKey key) const;

  // Reads a field into `target`; an error where it is missing or of another type.
  void required(FieldKey key, std::int64_t& target);
  void required(FieldKey key, double& target);
  // The same, but where `target` is not 0 the field may be missing: a default.
  void sized(FieldKey key, std::int64_t& target);
  // The same, but `target` stays where the field is missing.
  void optional(FieldKey key, std::int64_t& target);
  void optional(FieldKey key, double& target);
  void optional(FieldKey key, bool& target);
  void optional(FieldKey key, std::string& target);
  // An array of numbers, up to 1,024 of them.
  void optional(FieldKey key, std::vector<float>& target);

  // An error: `what` is not supported.
  void refuse(const std::string& what);
  std::optional<Error>& error() noexcept { return error_; }

 private:
  std::string gguf_key(FieldKey key) const { return prefix_ + "." + std::string(key.gguf); }
  std::string json_key(FieldKey key) const { return prefix_ + std::string(key.json); }
  bool absent(FieldKey key) const { return error_ || !has(key); }
  template <typename T>
  void keep(Result<T> result, T& target);

  const gguf::GgufFile* gguf_ = nullptr;
  const gguf::JsonConfig* json_ = nullptr;
  std::string prefix_;
  std::optional<Error> error_;
};

// What every family has: sizes, norm, biases, rope. Defaults that a config.json may leave out and
// in which families differ (sizes, norm_epsilon, tied_output, rope.base) are what `config` holds
// before.
// `interleaved` is whether this family's GGUF files have rotary pairs side by side.
void read_decoder(ConfigReader& read, bool interleaved, ModelConfig& config);

// The rotary parameters that config.json has under `at`: rope_scaling, or rope_parameters since
// transformers 5 (which has rope_theta in it too). `rope` stays where there is nothing.
void read_json_rope(ConfigReader& read, const std::string& at, const ModelConfig& config,
                    tensor::RopeConfig& rope);

// Gives `window` to the layers that config.json's layer_types calls sliding or, where there is
// none, to those whose index (from 1) does not divide by `period`; a period of 1 means all.
void read_windows(ConfigReader& read, std::int64_t window, std::int64_t period,
                  ModelConfig& config);

// The window that qwen's config.json turns on by use_sliding_window, for layers from
// max_window_layers on.
void read_late_windows(ConfigReader& read, ModelConfig& config);

}  // namespace retort::arch
