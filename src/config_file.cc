// toml++ is included here and nowhere else. It is built without exceptions.
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include "config_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace retort {
namespace {

Error at(const std::string& path, const toml::source_region& where, const std::string& message) {
  return Error(ErrorKind::config, path + ":" + std::to_string(where.begin.line) + ": " + message);
}

// A scalar as the text that a flag would have; nothing for tables, arrays and dates.
std::optional<std::string> scalar(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return std::string(flag->get() ? "true" : "false");
  return std::nullopt;
}

Result<std::vector<std::string>> scalars(const std::string& path, std::string_view key,
                                         const toml::node& node) {
  std::vector<std::string> values;
  if (const toml::array* array = node.as_array()) {
    for (const toml::node& item : *array) {
      if (auto value = scalar(item)) values.push_back(*value);
    }
    if (values.size() == array->size()) return values;
  } else if (auto value = scalar(node)) {
    return std::vector<std::string>{*value};
  }
  return at(path, node.source(),
            "'" + std::string(key) + "' takes a string, a number, or a list of them")
      .with_param(std::string(key));
}

Result<ModelSetting> read_model(const std::string& path, const toml::table& table) {
  ModelSetting model;
  for (const auto& [key, node] : table) {
    const std::string_view name = key.str();
    const Result<std::vector<std::string>> values = scalars(path, name, node);
    if (!values) return values.error();
    if (name == "path" && node.is_string()) {
      model.path = values->front();
    } else if (name == "id" && node.is_string()) {
      model.id = values->front();
    } else if (name == "aliases" && node.is_array()) {
      model.aliases = *values;
    } else if (name == "context" && node.is_integer() && node.as_integer()->get() >= 16) {
      model.context = node.as_integer()->get();
    } else if (name == "draft_model" && node.is_string()) {
      model.draft_model = values->front();
    } else {
      return at(path, key.source(),
                "'" + std::string(name) +
                    "' is no setting of [[models]], or not of that type; it has path, id, aliases "
                    "(a list), context (a number of at least 16) and draft_model")
          .with_param("models." + std::string(name));
    }
  }
  return model;
}

struct LimitName {
  std::string_view name;
  std::int64_t Limits::* member;
};

constexpr LimitName kLimitNames[] = {
    {"body_bytes_max", &Limits::body_bytes_max},
    {"header_bytes_max", &Limits::header_bytes_max},
    {"connections_max", &Limits::connections_max},
    {"header_timeout_ms", &Limits::header_timeout_ms},
    {"body_timeout_ms", &Limits::body_timeout_ms},
    {"idle_timeout_ms", &Limits::idle_timeout_ms},
    {"write_timeout_ms", &Limits::write_timeout_ms},
    {"drain_timeout_ms", &Limits::drain_timeout_ms},
    {"waiting_requests_max", &Limits::waiting_requests_max},
    {"load_timeout_ms", &Limits::load_timeout_ms},
};

Result<void> read_limits(const std::string& path, const toml::table& table, Limits& limits) {
  for (const auto& [key, node] : table) {
    const auto it = std::find_if(std::begin(kLimitNames), std::end(kLimitNames),
                                 [&](const LimitName& known) { return known.name == key.str(); });
    const std::string name(key.str());
    if (it == std::end(kLimitNames)) {
      return at(path, key.source(), "'" + name + "' is no setting of [limits]")
          .with_param("limits." + name);
    }
    const auto* number = node.as_integer();
    if (number == nullptr || number->get() < 1) {
      return at(path, key.source(), "'" + name + "' takes a whole number of at least 1")
          .with_param("limits." + name);
    }
    limits.*(it->member) = number->get();
  }
  return {};
}

Result<void> read_models(const std::string& path, const toml::node& node,
                         std::vector<ModelSetting>& models) {
  const toml::array* array = node.as_array();
  if (array == nullptr || !array->is_homogeneous(toml::node_type::table)) {
    return at(path, node.source(), "'models' is written as [[models]] tables").with_param("models");
  }
  for (const toml::node& item : *array) {
    Result<ModelSetting> model = read_model(path, *item.as_table());
    if (!model) return std::move(model).error();
    models.push_back(std::move(model).value());
  }
  return {};
}

}  // namespace

Result<ConfigFile> parse_config_file(const std::string& path, const std::string& text,
                                     const std::vector<std::string>& names) {
  const toml::parse_result parsed = toml::parse(text, path);
  if (!parsed) {
    return at(path, parsed.error().source(), std::string(parsed.error().description()));
  }
  ConfigFile file{.path = path, .settings = {}, .models = {}, .limits = {}};
  for (const auto& [key, node] : parsed.table()) {
    const std::string name(key.str());
    Result<void> read;
    if (name == "models") {
      read = read_models(path, node, file.models);
    } else if (name == "limits" && node.is_table()) {
      read = read_limits(path, *node.as_table(), file.limits);
    } else if (std::find(names.begin(), names.end(), name) != names.end()) {
      Result<std::vector<std::string>> values = scalars(path, name, node);
      if (!values) return std::move(values).error();
      file.settings.emplace(name, std::move(values).value());
    } else {
      return at(path, key.source(), "'" + name + "' is no setting of retort serve")
          .with_param(name);
    }
    if (!read) return std::move(read).error();
  }
  return file;
}

Result<ConfigFile> read_config_file(const std::string& path,
                                    const std::vector<std::string>& names) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    return Error(ErrorKind::config, "the configuration file '" + path + "' cannot be read")
        .with_param("config");
  }
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  return parse_config_file(path, text, names);
}

}  // namespace retort
