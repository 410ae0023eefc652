// The configuration file: TOML, with every flag of serve by its name with _, [[models]] and
// [limits].
#pragma once

#include <map>
#include <string>
#include <vector>

#include <retort/result.h>

#include "config.h"

namespace retort {

struct ConfigFile {
  std::string path;
  std::map<std::string, std::vector<std::string>> settings;  // top level, by name
  std::vector<ModelSetting> models;                          // [[models]]
  Limits limits;                                             // [limits]
};

// Reads and checks a file. `names` are the settings that may stand at top level; any other key is
// an error that names it and its line.
Result<ConfigFile> read_config_file(const std::string& path, const std::vector<std::string>& names);

// The same for text that is already there; `path` stands in messages.
Result<ConfigFile> parse_config_file(const std::string& path, const std::string& text,
                                     const std::vector<std::string>& names);

}  // namespace retort
