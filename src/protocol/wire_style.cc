// The clients that need another spelling, and what the request itself asks for.
#include "protocol/wire_style.h"

namespace retort::protocol {

WireStyle wire_style_for(std::string_view user_agent, const ChatRequest& request) {
  const StreamOptions options = request.stream_options.value_or(StreamOptions{});
  const bool atoma = user_agent.starts_with("speakeasy-sdk/");
  WireStyle style;
  style.content_never_null = atoma && user_agent.find(" 2.486.6 ") != std::string_view::npos;
  style.usage_null = options.include_usage.value_or(false);
  style.usage_chunk = style.usage_null || atoma;
  style.obfuscation = options.include_obfuscation.value_or(false);
  style.fill_last_event = user_agent.starts_with("speakeasy-sdk/typescript");
  return style;
}

}  // namespace retort::protocol
