// retort logits: the logits of a model for given token ids.
#pragma once

#include "cli/command_line.h"

namespace retort::cli {

Command logits_command();

}  // namespace retort::cli
