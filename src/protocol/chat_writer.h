// From ChatCompletion and ChatChunk to the bytes of the answer.
//
// The last stage before the socket, and the hot one: a chunk is written by appending, without a
// tree. Keys come in the order in which OpenAI's service writes them. Strings that are no UTF-8 are
// repaired, numbers are always finite (a log probability below -9999 is -9999, as there).
#pragma once

#include <string>
#include <string_view>

#include <retort/chat.h>

namespace retort::protocol {

// How an answer is spelled for the client that asked. All clients read one wire contract, but for a
// few whose generated validators are stricter than it; they are known by the User-Agent that their
// generator writes, "speakeasy-sdk/LANGUAGE SDK GENERATOR OPENAPI PACKAGE".
struct WireStyle {
  // A message without text has content "" rather than null: Atoma's older clients (generator
  // 2.486.6) want a string.
  bool content_never_null = false;
  // The stream ends with a chunk of usage: asked for by stream_options.include_usage, and unless
  // it says no for Atoma's clients, whose service sends it unasked.
  bool usage_chunk = false;
  // Every other chunk says "usage": null: only where include_usage asked.
  bool usage_null = false;
  // Chunks are padded to a length that does not show how long their text is
  // (stream_options.include_obfuscation).
  bool obfuscation = false;
  // A tool call's later fragments have no id, as in OpenAI's own streams, rather than an empty one,
  // which newer Atoma clients want: LangChain's npm package (core 0.3, 1.0 and 1.1.0) puts the
  // empty one in the id's place and then calls the whole call malformed.
  bool call_id_once = false;
  // The last event before [DONE] is filled up with spaces: Atoma's TypeScript client loses the end
  // of a stream that arrives together with what is before it, unless it is long.
  bool fill_last_event = false;
};

// The style for a request; `user_agent` is the header's value, empty where there is none.
WireStyle wire_style_for(std::string_view user_agent, const ChatRequest& request);

// Appends the JSON of `completion` (no newline). message.content, message.refusal and
// choice.logprobs are always there, null where empty; tool_calls only where there is a call.
// Thread-safe, as all here.
void write_chat_completion(std::string& out, const ChatCompletion& completion,
                           const WireStyle& style);

// Appends the JSON of `chunk`. A delta with a role also has content and refusal, null where unset;
// another has only what is set. Of a tool call's fragments, each has index, id and type: where id
// is unset (every fragment but the first) it is "", or left out (call_id_once).
void write_chat_chunk(std::string& out, const ChatChunk& chunk, const WireStyle& style);

}  // namespace retort::protocol
