// From ChatCompletion and ChatChunk to the bytes of the answer.
//
// The last stage before the socket, and the hot one: a chunk is written by appending, without a
// tree. Keys come in the order in which OpenAI's service writes them. Strings that are no UTF-8 are
// repaired, numbers are always finite (a log probability below -9999 is -9999, as there).
#pragma once

#include <string>

#include <retort/chat.h>

#include "protocol/wire_style.h"

namespace retort::protocol {

// Appends the JSON of `completion` (no newline). message.content, message.refusal and
// choice.logprobs are always there, null where empty; tool_calls only where there is a call.
// Thread-safe, as all here.
void write_chat_completion(std::string& out, const ChatCompletion& completion,
                           const WireStyle& style);

// Appends the JSON of `chunk`. A delta with a role also has content and refusal, null where unset;
// another has only what is set. Of a tool call's fragments, each has index, id and type: where id
// is unset (every fragment but the first) it is "", which each client takes as "no change".
void write_chat_chunk(std::string& out, const ChatChunk& chunk, const WireStyle& style);

}  // namespace retort::protocol
