// The one Config: what `retort serve` was asked to do.
//
// Every setting has one name, spelled --api-key as a flag, RETORT_API_KEYS or RETORT_PORT in the
// environment and api_key in the file. A flag wins over the environment, the environment over the
// file, the file over the default; a list of a higher source replaces the lower one's.
// docs/operations.md lists them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <retort/result.h>

namespace retort {

struct ModelSetting {
  std::filesystem::path path;  // a GGUF file, a Hugging Face folder or hf:OWNER/REPO...; empty: the
                               // bundled one
  std::string id;              // empty: the file's or folder's name, or OWNER/REPO
  std::vector<std::string> aliases;
  std::optional<std::int64_t> context;  // tokens; the model's own where not set
  std::filesystem::path draft_model;    // a smaller one of the same vocabulary; empty: none
};

// Whether tokens are guessed and checked several at a time: not at all, from what the sequence says
// itself, or from a draft model as well.
enum class SpeculationSetting : std::uint8_t { off, lookup, automatic };

// The bounds of one connection and request. Times in milliseconds.
struct Limits {
  std::int64_t body_bytes_max = 8 << 20;
  std::int64_t header_bytes_max = 64 << 10;
  std::int64_t connections_max = 16'384;
  std::int64_t header_timeout_ms = 10'000;
  std::int64_t body_timeout_ms = 60'000;
  std::int64_t idle_timeout_ms = 75'000;
  std::int64_t write_timeout_ms = 60'000;
  std::int64_t drain_timeout_ms = 30'000;
  std::int64_t waiting_requests_max = 256;  // a model's queue; beyond it 429, or 503 while it loads
  std::int64_t load_timeout_ms = 120'000;   // of a request's waiting for its model to load
};

// When models are loaded: before the server listens, or each when it is first asked for.
enum class ModelLoad : std::uint8_t { eager, lazy };

struct Config {
  std::vector<ModelSetting> models;                          // empty: the bundled model
  std::vector<std::pair<std::string, std::string>> aliases;  // name, model id
  std::optional<ModelLoad> model_load;       // not set: eager for one model, lazy for several
  std::optional<std::int64_t> model_memory;  // bytes of all loaded models
  std::optional<std::int64_t> model_idle;    // seconds; not set: a model stays loaded
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: any free one
  std::filesystem::path port_file;
  std::vector<std::string> api_keys;  // secret: of --api-key and of the key files together
  std::vector<std::string> cors_origins;
  int threads = 0;                        // compute threads a process; 0: one a core
  std::optional<std::int64_t> context;    // tokens, for every model
  std::optional<std::int64_t> kv_memory;  // bytes a model
  std::string kv_type;                    // f16, q8_0 or f32; empty: by the model's weights
  std::int64_t max_batch = 32;            // sequences that run at once
  SpeculationSetting speculation = SpeculationSetting::automatic;
  std::filesystem::path draft_model;  // for every model that has none of its own; empty: none
  std::string hub;                    // address that hf: models come from
  std::filesystem::path data_dir;     // what is stored; empty where nothing says where
  std::filesystem::path tls_cert;
  std::filesystem::path tls_key;
  std::string log_level = "info";
  Limits limits;
};

// Reads an environment variable; nothing where it is not set.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

// Puts a Config together from the arguments after `serve`, the environment and the file that
// --config names. Errors name the setting, where it came from, and what it takes.
Result<Config> read_config(const std::vector<std::pair<std::string, std::string>>& flags,
                           const Environment& environment);

// The settings as flags: name without dashes, what it takes, one line of help.
struct FlagHelp {
  std::string name;
  std::string takes;
  std::string help;
};
std::vector<FlagHelp> serve_flags();

// "4096", "512KiB", "64M", "2GiB": powers of 1024. At least 1.
Result<std::int64_t> parse_size(std::string_view text);

}  // namespace retort
