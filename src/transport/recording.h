// Recordings of exchanges: one line of JSON each, which MockTransport answers from later.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <retort/transport.h>

namespace retort::transport {

// {"request":{"method","url","body"},"answer":{"status","headers":[[name,value]],"body":[pieces],
// "failure"?:{"kind","message"}}}. Headers that may hold a secret (set-cookie) are left out.
std::string recording_line(const HttpRequest& request, const MockAnswer& answer);

// The answers of such lines. An error is malformed and names the line.
Result<std::vector<MockAnswer>> read_recording(std::string_view lines);

}  // namespace retort::transport
