// Secrets: which header fields hold one, and lines without them.
//
// A log line holds no header, but it may hold what a server answered, and servers repeat what they
// were sent. So what a call sends as a key is taken out of every line.
#pragma once

#include <string>
#include <string_view>

#include <retort/transport.h>

namespace retort::client {

// Whether the fields hold a key, under any of the names that services know.
bool holds_key(const Headers& headers);

// `line` with *** for each key in `sent`.
std::string without_secrets(std::string_view line, const Headers& sent);

}  // namespace retort::client
