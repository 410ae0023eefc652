// retort serve: from the configuration to an orderly end.
#pragma once

#include "cli/command_line.h"

namespace retort::cli {

Command serve_command();

}  // namespace retort::cli
