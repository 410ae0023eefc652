// retort bench: how fast a model runs here, beside what the machine can do.
#pragma once

#include "cli/command_line.h"

namespace retort::cli {

Command bench_command();

}  // namespace retort::cli
