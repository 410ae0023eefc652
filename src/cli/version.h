// retort version, and retort config check.
#pragma once

#include "cli/command_line.h"

namespace retort::cli {

Command version_command();

// `retort config check` reads the same flags, environment and file as serve, and says what is
// wrong.
Command config_command();

}  // namespace retort::cli
