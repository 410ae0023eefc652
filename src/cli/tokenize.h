// retort tokenize: text to token ids, by the vocabulary of a model.
#pragma once

#include "cli/command_line.h"

namespace retort::cli {

Command tokenize_command();

}  // namespace retort::cli
