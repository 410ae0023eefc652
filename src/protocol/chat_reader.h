// From the bytes of an answer to ChatCompletion and ChatChunk: what the client and the gateway do
// with the answers of any OpenAI-compatible service.
//
// Services differ, so reading is lenient: null is absent, a missing `created`, `object` or usage
// count is its default, unknown members are kept in `extra`. A wrong type is an error all the same.
#pragma once

#include <optional>
#include <string_view>

#include <retort/chat.h>
#include <retort/result.h>

namespace retort::protocol {

// An error is ErrorKind::malformed and names the member and what stood there. Thread-safe.
Result<ChatCompletion> read_chat_completion(std::string_view json);

// One chunk: the data of one event that is not [DONE]. An event that holds an "error" member, which
// is how a stream fails once it has begun, becomes that Error (see read_error_body).
Result<ChatChunk> read_chat_chunk(std::string_view json);

// A message's content: text, parts, or null, which is nothing. Parts of unknown types are errors.
Result<std::optional<Content>> read_message_content(std::string_view json);

}  // namespace retort::protocol
