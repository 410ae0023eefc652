#include "config.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include "config_file.h"

namespace retort {
namespace {

using Values = std::vector<std::string>;

Error bad_setting(std::string_view name, std::string_view value, std::string_view wanted) {
  return Error(ErrorKind::config, "'" + std::string(value) + "' is no " + std::string(wanted))
      .with_param(std::string(name));
}

Result<std::int64_t> parse_integer(std::string_view name, std::string_view text, std::int64_t min,
                                   std::int64_t max) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < min || value > max) {
    return bad_setting(name, text,
                       "whole number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  return value;
}

// A key file holds one key a line; blank lines and lines beginning with # do not count. Its
// contents appear in no message.
Result<Values> read_key_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return Error(ErrorKind::config, "the key file '" + path + "' cannot be read")
        .with_param("api_key_file");
  }
  Values keys;
  for (std::string line; std::getline(file, line);) {
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string::npos || line[begin] == '#') continue;
    keys.push_back(line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1));
  }
  if (keys.empty()) {
    return Error(ErrorKind::config, "the key file '" + path + "' holds no key")
        .with_param("api_key_file");
  }
  return keys;
}

Result<void> set_aliases(Config& config, const Values& values) {
  config.aliases.clear();
  for (const std::string& value : values) {
    const std::size_t equals = value.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == value.size()) {
      return bad_setting("alias", value, "NAME=MODEL_ID");
    }
    config.aliases.emplace_back(value.substr(0, equals), value.substr(equals + 1));
  }
  return {};
}

Result<void> add_key_files(Config& config, const Values& values) {
  for (const std::string& path : values) {
    Result<Values> keys = read_key_file(path);
    if (!keys) return std::move(keys).error();
    config.api_keys.insert(config.api_keys.end(), keys->begin(), keys->end());
  }
  return {};
}

struct Setting {
  const char* name;  // with _; the flag has -
  const char* takes;
  const char* help;
  bool list;
  std::function<Result<void>(Config&, const Values&)> apply;
};

// A setting of one whole number, kept in `member`.
template <typename Member>
auto integer(const char* name, Member member, std::int64_t min, std::int64_t max) {
  return [name, member, min, max](Config& config, const Values& values) -> Result<void> {
    const Result<std::int64_t> value = parse_integer(name, values.back(), min, max);
    if (!value) return value.error();
    config.*member = static_cast<std::remove_cvref_t<decltype(config.*member)>>(*value);
    return {};
  };
}

template <typename Member>
auto text(Member member) {
  return [member](Config& config, const Values& values) -> Result<void> {
    config.*member = values.back();
    return {};
  };
}

Result<void> set_models(Config& config, const Values& values) {
  config.models.clear();
  for (const std::string& value : values) {
    config.models.push_back({.path = value, .id = {}, .aliases = {}, .context = {}});
  }
  return {};
}

// A setting of a size in bytes, kept in `member`.
template <typename Member>
auto size(const char* name, Member member) {
  return [name, member](Config& config, const Values& values) -> Result<void> {
    const Result<std::int64_t> bytes = parse_size(values.back());
    if (!bytes) return bad_setting(name, values.back(), "size such as 512MiB or 2GiB");
    config.*member = *bytes;
    return {};
  };
}

Result<void> set_model_load(Config& config, const Values& values) {
  if (values.back() != "eager" && values.back() != "lazy") {
    return bad_setting("model_load", values.back(), "way to load models: eager or lazy");
  }
  config.model_load = values.back() == "eager" ? ModelLoad::eager : ModelLoad::lazy;
  return {};
}

Result<void> set_speculation(Config& config, const Values& values) {
  constexpr std::pair<std::string_view, SpeculationSetting> kSettings[] = {
      {"off", SpeculationSetting::off},
      {"lookup", SpeculationSetting::lookup},
      {"auto", SpeculationSetting::automatic}};
  for (const auto& [name, setting] : kSettings) {
    if (values.back() != name) continue;
    config.speculation = setting;
    return {};
  }
  return bad_setting("speculation", values.back(), "speculation mode (off, lookup or auto)");
}

Result<void> set_kv_type(Config& config, const Values& values) {
  for (const std::string_view name : {"auto", "f16", "q8_0", "f32"}) {
    if (values.back() != name) continue;
    config.kv_type = name == "auto" ? "" : values.back();
    return {};
  }
  return bad_setting("kv_type", values.back(), "type of keys and values (auto, f16, q8_0 or f32)");
}

// The table of all settings. The order is that of the help text, and keys from files come after
// keys given by themselves.
const std::vector<Setting>& settings() {
  constexpr std::int64_t kTokensMax = 1 << 24;
  constexpr std::int64_t kSecondsMax = 366 * 86'400;
  static const std::vector<Setting> kSettings = {
      {"model", "PATH|DIR|hf:OWNER/REPO[:QUANT]",
       "a GGUF file, a Hugging Face folder, or a model of a hub to serve (default: the bundled "
       "model)",
       true, set_models},
      {"alias", "NAME=MODEL_ID", "another name for a served model", true, set_aliases},
      {"model_load", "WHEN",
       "eager: before the server listens; lazy: each when it is first asked for (default eager for "
       "one model, lazy for several)",
       false, set_model_load},
      {"model_memory", "SIZE",
       "memory for all loaded models with their keys and values; the one that was used the longest "
       "ago makes room (default no bound)",
       false, size("model_memory", &Config::model_memory)},
      {"model_idle", "SECONDS", "unload a model that nobody used for so long (default never)",
       false, integer("model_idle", &Config::model_idle, 1, kSecondsMax)},
      {"host", "ADDRESS", "address to listen on (default 127.0.0.1)", false, text(&Config::host)},
      {"port", "PORT", "port to listen on, 0 for any free one (default 8080)", false,
       integer("port", &Config::port, 0, 65'535)},
      {"port_file", "FILE", "write the port there once it listens", false,
       text(&Config::port_file)},
      {"api_key", "KEY", "a bearer key that may ask (environment: RETORT_API_KEYS)", true,
       [](Config& config, const Values& values) -> Result<void> {
         config.api_keys = values;
         return {};
       }},
      {"api_key_file", "FILE", "a file of bearer keys, one a line", true, add_key_files},
      {"cors_origin", "ORIGIN", "an origin that browsers may call from (default none)", true,
       [](Config& config, const Values& values) -> Result<void> {
         config.cors_origins = values;
         return {};
       }},
      {"hub", "URL", "where hf: models come from (default: HF_ENDPOINT, or huggingface.co)", false,
       text(&Config::hub)},
      {"data_dir", "DIR", "where models are stored (default $XDG_DATA_HOME/retort)", false,
       text(&Config::data_dir)},
      {"threads", "N", "compute threads (default one a core)", false,
       integer("threads", &Config::threads, 1, 1'024)},
      {"context", "TOKENS", "context of every model (default: what the model was trained for)",
       false, integer("context", &Config::context, 16, kTokensMax)},
      {"kv_memory", "SIZE",
       "memory for keys and values, a model (default: together a quarter of the memory at most)",
       false, size("kv_memory", &Config::kv_memory)},
      {"kv_type", "TYPE",
       "how keys and values are stored: f16, q8_0 (half of its memory), f32, auto (default: f32 "
       "for "
       "F32 weights, else f16)",
       false, set_kv_type},
      {"max_batch", "N", "sequences that run at once (default 32)", false,
       integer("max_batch", &Config::max_batch, 1, 4'096)},
      {"speculation", "MODE",
       "compute guessed tokens ahead where that is faster: off, lookup, auto (default)", false,
       set_speculation},
      {"draft_model", "PATH|DIR", "a smaller model of the same vocabulary that guesses", false,
       text(&Config::draft_model)},
      {"tls_cert", "FILE", "certificate chain, PEM: serve https", false, text(&Config::tls_cert)},
      {"tls_key", "FILE", "private key of the certificate, PEM", false, text(&Config::tls_key)},
      {"log_level", "LEVEL", "trace, debug, info, warning, error or off (default info)", false,
       text(&Config::log_level)},
  };
  return kSettings;
}

std::string flag_name(std::string_view setting) {
  std::string name(setting);
  for (char& letter : name) {
    if (letter == '_') letter = '-';
  }
  return name;
}

// RETORT_PORT for port; the keys' variable is plural, RETORT_API_KEY being the client's.
std::string variable_name(std::string_view setting) {
  if (setting == "api_key") return "RETORT_API_KEYS";
  std::string name = "RETORT_";
  for (const char letter : setting) {
    name.push_back(letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter);
  }
  return name;
}

Values split_commas(const std::string& value) {
  Values parts;
  std::istringstream stream(value);
  for (std::string part; std::getline(stream, part, ',');) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

Error from(const Error& error, const std::string& where) {
  return Error(ErrorKind::config, where + ": " + error.message()).with_param(error.param());
}

// The values of one setting and where they came from.
struct Source {
  Values values;
  std::string where;
};

std::optional<Source> find_source(const Setting& setting,
                                  const std::multimap<std::string, std::string>& flags,
                                  const Environment& environment, const ConfigFile& file) {
  const std::string flag = flag_name(setting.name);
  if (const auto [begin, end] = flags.equal_range(flag); begin != end) {
    Source source{.values = {}, .where = "--" + flag};
    for (auto it = begin; it != end; ++it) source.values.push_back(it->second);
    return source;
  }
  const std::string variable = variable_name(setting.name);
  if (const std::optional<std::string> value = environment(variable); value && !value->empty()) {
    return Source{.values = setting.list ? split_commas(*value) : Values{*value},
                  .where = variable};
  }
  if (const auto it = file.settings.find(setting.name); it != file.settings.end()) {
    return Source{.values = it->second, .where = file.path + ": " + setting.name};
  }
  return std::nullopt;
}

// What the settings above leave open, by the variables that other programs know too.
void set_places(Config& config, const Environment& environment) {
  const auto variable = [&environment](const char* name) { return environment(name).value_or(""); };
  if (config.hub.empty()) config.hub = variable("HF_ENDPOINT");
  if (config.hub.empty()) config.hub = "https://huggingface.co";
  if (!config.data_dir.empty()) return;
  const std::filesystem::path data_home = variable("XDG_DATA_HOME");
  const std::filesystem::path home = variable("HOME");
  // The XDG specification: a relative path is to be ignored.
  if (data_home.is_absolute()) {
    config.data_dir = data_home / "retort";
  } else if (!home.empty()) {
    config.data_dir = home / ".local/share/retort";
  }
}

Result<void> check(const Config& config) {
  if (config.tls_cert.empty() != config.tls_key.empty()) {
    return Error(ErrorKind::config, "--tls-cert and --tls-key go together: give both or neither")
        .with_param("tls_cert");
  }
  const bool drafts = !config.draft_model.empty() ||
                      std::ranges::any_of(config.models, [](const ModelSetting& model) {
                        return !model.draft_model.empty();
                      });
  if (drafts && config.speculation != SpeculationSetting::automatic) {
    return Error(ErrorKind::config,
                 "a draft model would not be asked: give --speculation auto, or leave "
                 "--draft-model out")
        .with_param("draft_model");
  }
  const bool loopback =
      config.host == "127.0.0.1" || config.host == "::1" || config.host == "localhost";
  if (config.api_keys.empty() && !loopback) {
    return Error(ErrorKind::config,
                 "--host " + config.host +
                     " would let anybody in: without a key only loopback is served. Give --api-key "
                     "or --api-key-file, or leave --host out")
        .with_param("host");
  }
  return {};
}

}  // namespace

Result<std::int64_t> parse_size(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.ends_with("iB")) {
    unit.remove_suffix(2);
  } else if (unit.ends_with("B")) {
    unit.remove_suffix(1);
  }
  constexpr std::string_view kUnits = "KMGT";
  int shift = 0;
  if (unit.size() == 1 && kUnits.find(unit[0]) != std::string_view::npos) {
    shift = 10 * (static_cast<int>(kUnits.find(unit[0])) + 1);
  } else if (!unit.empty()) {
    shift = -1;
  }
  if (error != std::errc() || shift < 0 || value < 1 || value > (INT64_MAX >> shift)) {
    return Error(ErrorKind::config,
                 "'" + std::string(text) + "' is no size such as 4096, 512MiB or 2GiB");
  }
  return value << shift;
}

std::vector<FlagHelp> serve_flags() {
  std::vector<FlagHelp> flags = {
      {"config", "FILE", "a TOML file with the same settings, spelled with _"}};
  for (const Setting& setting : settings()) {
    flags.push_back({flag_name(setting.name), setting.takes,
                     std::string(setting.help) + (setting.list ? "; repeatable" : "")});
  }
  return flags;
}

Result<Config> read_config(const std::vector<std::pair<std::string, std::string>>& flags,
                           const Environment& environment) {
  const std::multimap<std::string, std::string> by_name(flags.begin(), flags.end());
  Config config;
  ConfigFile file;
  std::string path = environment("RETORT_CONFIG").value_or("");
  if (const auto it = by_name.find("config"); it != by_name.end()) path = it->second;
  if (!path.empty()) {
    std::vector<std::string> names;
    for (const Setting& setting : settings()) names.emplace_back(setting.name);
    Result<ConfigFile> read = read_config_file(path, names);
    if (!read) return std::move(read).error();
    file = std::move(read).value();
    config.limits = file.limits;
    config.models = file.models;
  }
  for (const Setting& setting : settings()) {
    const std::optional<Source> source = find_source(setting, by_name, environment, file);
    if (!source || source->values.empty()) continue;
    const Result<void> applied = setting.apply(config, source->values);
    if (!applied) return from(applied.error(), source->where);
  }
  set_places(config, environment);
  if (const Result<void> fine = check(config); !fine) return fine.error();
  return config;
}

}  // namespace retort
