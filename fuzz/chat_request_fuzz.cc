// Any bytes to the request parser: a request whose parts hold together and that reads back as it is
// written, or a 400 that says why.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json_reader.h"
#include "protocol/chat_request.h"
#include "protocol/error_body.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace retort;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const Result<protocol::ParsedRequest> parsed = protocol::parse_chat_request(body);
  if (!parsed) {
    const Error& error = parsed.error();
    if (error.status() != 400 || error.message().empty()) std::abort();
    if (!base::check_json(protocol::error_body(error))) std::abort();
    return 0;
  }
  const ChatRequest& request = parsed->request;
  if (request.model.empty() || request.messages.empty()) std::abort();
  if (!protocol::unified_tools(request)) std::abort();
  if (request.n.value_or(1) < 1 || request.n.value_or(1) > 128) std::abort();
  if (request.temperature.value_or(1) < 0 || request.temperature.value_or(1) > 2) std::abort();
  if (request.stop.size() > 4) std::abort();
  protocol::effective_tool_choice(request);
  const std::string header = parsed->ignored.header_value();
  if (header.size() > protocol::IgnoredFields::kHeaderBytesMax) std::abort();
  for (const char byte : header) {
    if (byte < ' ' || byte > '~') std::abort();
  }
  std::string once;
  protocol::write_chat_request(once, request);
  const Result<protocol::ParsedRequest> again = protocol::parse_chat_request(once);
  if (!again) std::abort();
  std::string twice;
  protocol::write_chat_request(twice, again->request);
  if (twice != once) std::abort();
  return 0;
}
