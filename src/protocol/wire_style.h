// WireStyle: how an answer is spelled for the client that asked.
//
// All clients read one wire contract, but for a few whose generated validators are stricter than
// it; they are known by the User-Agent that their generator writes, "speakeasy-sdk/LANGUAGE SDK
// GENERATOR OPENAPI PACKAGE".
#pragma once

#include <string_view>

#include <retort/chat.h>

namespace retort::protocol {

struct WireStyle {
  // A message without text has content "" rather than null: Atoma's older clients (generator
  // 2.486.6) want a string.
  bool content_never_null = false;
  // The stream ends with a chunk of usage: asked for by stream_options.include_usage, and always
  // for Atoma's clients, whose service sends it unasked.
  bool usage_chunk = false;
  // Every other chunk says "usage": null: only where include_usage asked.
  bool usage_null = false;
  // Chunks are padded to a length that does not show how long their text is
  // (stream_options.include_obfuscation).
  bool obfuscation = false;
  // The last event before [DONE] is filled up with spaces: Atoma's TypeScript client loses the end
  // of a stream that arrives together with what is before it, unless it is long.
  bool fill_last_event = false;
};

// The style for a request; `user_agent` is the header's value, empty where there is none.
WireStyle wire_style_for(std::string_view user_agent, const ChatRequest& request);

}  // namespace retort::protocol
