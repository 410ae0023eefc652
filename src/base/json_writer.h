// Writing JSON by appending: what the answers of the server and the requests of the client are made
// with, because a tree for each chunk of a stream would cost more than the chunk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace retort::base {

// Appends `text` as a JSON string with its quotes. Escaped are quote, backslash and the control
// characters below U+0020; a byte that is no part of valid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

void append_json_integer(std::string& out, std::int64_t value);

// Appends the shortest decimal that reads back as `value`, always with a fraction or an exponent.
// JSON has no infinity and no NaN: they become null.
void append_json_number(std::string& out, double value);

}  // namespace retort::base
