#include "cli/serve_flags.h"

#include <cstdlib>

namespace retort::cli {

std::vector<Flag> serve_command_flags() {
  std::vector<Flag> flags;
  for (const FlagHelp& flag : serve_flags()) {
    flags.push_back({.name = flag.name, .takes = flag.takes, .help = flag.help});
  }
  return flags;
}

Result<Config> config_of(const Arguments& arguments) {
  return read_config(arguments.flags, [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  });
}

}  // namespace retort::cli
