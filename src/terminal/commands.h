// The commands that talk with a server, whichever it is: clients, written on libretort alone.
#pragma once

#include "cli/command_line.h"

namespace retort::terminal {

// A conversation in the terminal.
cli::Command chat_command();
// One question and its answer.
cli::Command complete_command();

}  // namespace retort::terminal
