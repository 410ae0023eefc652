// The flags of `retort serve` as the command line knows them, and the environment they fall back
// to.
#pragma once

#include <vector>

#include "cli/command_line.h"
#include "config.h"

namespace retort::cli {

std::vector<Flag> serve_command_flags();

// The Config of the given flags over this process's environment over the file.
Result<Config> config_of(const Arguments& arguments);

}  // namespace retort::cli
