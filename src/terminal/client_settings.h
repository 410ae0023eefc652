// The flags that the client commands share, and the client they mean.
#pragma once

#include <string>
#include <vector>

#include <retort/client.h>

#include "cli/command_line.h"

namespace retort::terminal {

// --base-url, --api-key, --model, --system.
std::vector<cli::Flag> client_flags();

ClientOptions client_options(const cli::Arguments& arguments);

// --model, or the first model that the server lists.
Result<std::string> chosen_model(const Client& client, const cli::Arguments& arguments);

// What went wrong, in one line, with what may help.
std::string complaint(const Error& error);

}  // namespace retort::terminal
