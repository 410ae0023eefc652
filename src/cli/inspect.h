// retort inspect: what is in a model file.
#pragma once

#include "cli/command_line.h"

namespace retort::cli {

Command inspect_command();

}  // namespace retort::cli
