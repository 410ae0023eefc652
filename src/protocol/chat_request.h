// From the body of POST /v1/chat/completions to a ChatRequest, the first stage of every request,
// and back, which is what the client sends.
//
// The whole contract is checked here, each type, range and length, with the codes and words that
// the official clients know; what depends on the model (its window, whether its template has tools,
// whether it sees images) is the provider's to check. An explicit null means absent. Unknown fields
// are kept in `extra` and listed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <retort/chat.h>
#include <retort/result.h>

#include "protocol/ignored_fields.h"

namespace retort::protocol {

struct ParsedRequest {
  ChatRequest request;
  IgnoredFields ignored;
};

// Every error is 400 invalid_request_error; param is the field's path ("messages[0].content[1]"),
// code one of OpenAI's (missing_required_parameter, invalid_type, invalid_value, ...), empty where
// the body is no JSON. Thread-safe; reads `body` once and keeps no part of it.
Result<ParsedRequest> parse_chat_request(std::string_view body);

// The members of the body that the parser knows; thread-safe.
std::vector<std::string_view> request_field_names();

// Appends the body that means `request`: what parse_chat_request reads as the same, but for fields
// without an effect. Nothing is checked; what is no UTF-8 is repaired. Thread-safe.
void write_chat_request(std::string& out, const ChatRequest& request);

// ---- What follows from the fields together. All thread-safe.

// The functions of `tools` and of the older `functions` as one list, tools first. A name that
// stands in both must mean the same function, and one name may stand in a list once: else 400.
Result<std::vector<FunctionDefinition>> unified_tools(const ChatRequest& request);

// The regular expression that all of a custom tool's input must match; none where it is any text.
std::optional<std::string> input_pattern(const ToolDefinition& tool);

// tool_choice, or the older function_call, or the default: auto with tools, none without.
ToolChoice effective_tool_choice(const ChatRequest& request);

// Whether a call is answered as message.function_call: the request has functions and no tools.
bool answers_with_function_call(const ChatRequest& request);

// max_completion_tokens, or the older max_tokens, or nothing: the rest of the window.
std::optional<std::int64_t> completion_token_cap(const ChatRequest& request);

// Whether log probabilities are answered: top_logprobs alone asks for them too.
bool wants_logprobs(const ChatRequest& request);

// A content as one text: a string itself, parts joined without anything between. What is no text
// (an image) has none; a refusal part has its refusal.
std::string text_of(const Content& content);

}  // namespace retort::protocol
