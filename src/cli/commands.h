// The commands of `retort`, one file each.
#pragma once

#include "cli/command_line.h"

namespace retort::cli {

// From the configuration to an orderly end: the server.
Command serve_command();
// How fast a model runs here, beside what the machine can do.
Command bench_command();
// What is in a model file.
Command inspect_command();
// The logits of a model for given token ids.
Command logits_command();
// A chat template with its variables to text.
Command render_command();
// Which texts a JSON schema lets through.
Command schema_command();
// Drives a server with many chats at once (src/load).
Command load_command();
// Fetches a model from a hub (src/hub), and lists what was fetched.
Command pull_command();
Command models_command();
// Text to token ids, by the vocabulary of a model.
Command tokenize_command();
// `retort config check` reads the same flags, environment and file as serve, and says what is
// wrong.
Command config_command();
Command version_command();

}  // namespace retort::cli
