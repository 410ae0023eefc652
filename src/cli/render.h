// retort render: a chat template with its variables to text.
#pragma once

#include "cli/command_line.h"

namespace retort::cli {

Command render_command();

}  // namespace retort::cli
