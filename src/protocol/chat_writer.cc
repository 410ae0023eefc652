// Appending the answer, member by member.
#include "protocol/chat_writer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "protocol/json_object.h"

namespace retort::protocol {
namespace {

using base::append_json_integer;

// What OpenAI's service gives for a token outside its top 20: the floor of a log probability.
constexpr double kLogprobMin = -9999.0;

void write_bytes(std::string& out, const std::optional<std::vector<std::uint8_t>>& bytes) {
  if (!bytes) {
    out += "null";
    return;
  }
  write_array(out, *bytes, [&out](std::uint8_t byte) { append_json_integer(out, byte); });
}

// A logprob is a number at or below zero; what is none (NaN) is as good as impossible.
void write_logprob(std::string& out, double logprob) {
  base::append_json_number(
      out, std::isnan(logprob) ? kLogprobMin : std::clamp(logprob, kLogprobMin, 0.0));
}

void write_top_logprob(std::string& out, const TopLogprob& top) {
  JsonObject object(out);
  object.string("token", top.token);
  write_logprob(object.key("logprob"), top.logprob);
  write_bytes(object.key("bytes"), top.bytes);
}

void write_token_logprob(std::string& out, const TokenLogprob& token) {
  JsonObject object(out);
  object.string("token", token.token);
  write_logprob(object.key("logprob"), token.logprob);
  write_bytes(object.key("bytes"), token.bytes);
  write_array(object.key("top_logprobs"), token.top_logprobs,
              [&out](const TopLogprob& top) { write_top_logprob(out, top); });
}

void write_token_logprobs(std::string& out,
                          const std::optional<std::vector<TokenLogprob>>& tokens) {
  if (!tokens) {
    out += "null";
    return;
  }
  write_array(out, *tokens, [&out](const TokenLogprob& token) { write_token_logprob(out, token); });
}

void write_logprobs(std::string& out, const std::optional<Logprobs>& logprobs) {
  if (!logprobs) {
    out += "null";
    return;
  }
  JsonObject object(out);
  write_token_logprobs(object.key("content"), logprobs->content);
  write_token_logprobs(object.key("refusal"), logprobs->refusal);
}

void write_finish_reason(JsonObject& choice, const std::optional<FinishReason>& reason) {
  reason ? choice.string("finish_reason", reason->value) : choice.null("finish_reason");
}

// Both details or none: Atoma's newer clients want each count where the object is.
void write_usage(std::string& out, const Usage& usage) {
  JsonObject object(out);
  object.integer("prompt_tokens", usage.prompt_tokens);
  object.integer("completion_tokens", usage.completion_tokens);
  object.integer("total_tokens", usage.total_tokens);
  if (usage.prompt_tokens_details) {
    JsonObject details(object.key("prompt_tokens_details"));
    details.integer("cached_tokens", usage.prompt_tokens_details->cached_tokens);
    details.integer("audio_tokens", usage.prompt_tokens_details->audio_tokens);
    details.extra(usage.prompt_tokens_details->extra);
  }
  if (usage.completion_tokens_details) {
    const CompletionTokensDetails& counts = *usage.completion_tokens_details;
    JsonObject details(object.key("completion_tokens_details"));
    details.integer("reasoning_tokens", counts.reasoning_tokens);
    details.integer("audio_tokens", counts.audio_tokens);
    details.integer("accepted_prediction_tokens", counts.accepted_prediction_tokens);
    details.integer("rejected_prediction_tokens", counts.rejected_prediction_tokens);
    details.extra(counts.extra);
  }
  object.extra(usage.extra);
}

void write_function(std::string& out, const FunctionCall& call) {
  JsonObject object(out);
  object.string("name", call.name);
  object.string("arguments", call.arguments);
  object.extra(call.extra);
}

void write_custom(std::string& out, const FunctionCall& call) {
  JsonObject object(out);
  object.string("name", call.name);
  object.string("input", call.arguments);
  object.extra(call.extra);
}

void write_tool_call(std::string& out, const ToolCall& call) {
  JsonObject object(out);
  object.string("id", call.id);
  object.string("type", call.type);
  if (call.type == "custom") {
    write_custom(object.key("custom"), call.function);
  } else {
    write_function(object.key("function"), call.function);
  }
  object.extra(call.extra);
}

void write_message(std::string& out, const AnswerMessage& message, const WireStyle& style) {
  JsonObject object(out);
  object.string("role", message.role);
  if (!message.content && style.content_never_null) {
    object.string("content", "");
  } else {
    object.nullable("content", message.content);
  }
  object.nullable("refusal", message.refusal);
  object.optional("reasoning_content", message.reasoning_content);
  if (!message.tool_calls.empty()) {
    write_array(object.key("tool_calls"), message.tool_calls,
                [&out](const ToolCall& call) { write_tool_call(out, call); });
  }
  if (message.function_call) write_function(object.key("function_call"), *message.function_call);
  object.extra(message.extra);
}

void write_choice(std::string& out, const Choice& choice, const WireStyle& style) {
  JsonObject object(out);
  object.integer("index", choice.index);
  write_message(object.key("message"), choice.message, style);
  write_logprobs(object.key("logprobs"), choice.logprobs);
  write_finish_reason(object, choice.finish_reason);
  object.extra(choice.extra);
}

void write_call_fragment(std::string& out, const ToolCallDelta& fragment, const WireStyle& style) {
  JsonObject object(out);
  object.integer("index", fragment.index);
  if (fragment.id || !style.call_id_once) object.string("id", fragment.id.value_or(""));
  const std::string type = fragment.type.value_or("function");
  object.string("type", type);
  JsonObject function(object.key(type));
  function.optional("name", fragment.name);
  function.string(type == "custom" ? "input" : "arguments", fragment.arguments.value_or(""));
}

// The legacy form has no marks of its own: the first piece has the name, each has arguments.
void write_function_fragment(std::string& out, const FunctionCall& fragment) {
  JsonObject object(out);
  if (!fragment.name.empty()) object.string("name", fragment.name);
  object.string("arguments", fragment.arguments);
}

void write_delta(std::string& out, const Delta& delta, const WireStyle& style) {
  JsonObject object(out);
  object.optional("role", delta.role);
  if (delta.role || delta.content) object.nullable("content", delta.content);
  if (delta.role || delta.refusal) object.nullable("refusal", delta.refusal);
  object.optional("reasoning_content", delta.reasoning_content);
  if (!delta.tool_calls.empty()) {
    write_array(object.key("tool_calls"), delta.tool_calls,
                [&](const ToolCallDelta& fragment) { write_call_fragment(out, fragment, style); });
  }
  if (delta.function_call) {
    write_function_fragment(object.key("function_call"), *delta.function_call);
  }
  object.extra(delta.extra);
}

void write_chunk_choice(std::string& out, const ChunkChoice& choice, const WireStyle& style) {
  JsonObject object(out);
  object.integer("index", choice.index);
  write_delta(object.key("delta"), choice.delta, style);
  write_logprobs(object.key("logprobs"), choice.logprobs);
  write_finish_reason(object, choice.finish_reason);
  object.extra(choice.extra);
}

// Pads the chunk that began at `begin` and lacks its closing brace to 16 k + 1 bytes, as OpenAI's
// service does: what shows on the network is the text's length to the nearest 16.
void write_obfuscation(JsonObject& chunk, const std::string& out, std::size_t begin) {
  constexpr std::string_view kPadding = "x7Qm2RtVb9LzKd4";
  constexpr std::size_t kFrame = std::string_view(",\"obfuscation\":\"\"}").size();
  const std::size_t bare = out.size() - begin + kFrame;
  chunk.string("obfuscation", kPadding.substr(0, (16 + 1 - bare % 16) % 16));
}

}  // namespace

WireStyle wire_style_for(std::string_view user_agent, const ChatRequest& request) {
  const StreamOptions options = request.stream_options.value_or(StreamOptions{});
  const bool atoma = user_agent.starts_with("speakeasy-sdk/");
  WireStyle style;
  style.content_never_null = atoma && user_agent.find(" 2.486.6 ") != std::string_view::npos;
  style.usage_null = options.include_usage.value_or(false);
  style.usage_chunk = options.include_usage.value_or(atoma);
  style.obfuscation = options.include_obfuscation.value_or(false);
  style.call_id_once = user_agent.starts_with("OpenAI/JS ");
  style.fill_last_event = user_agent.starts_with("speakeasy-sdk/typescript");
  return style;
}

void write_chat_completion(std::string& out, const ChatCompletion& completion,
                           const WireStyle& style) {
  JsonObject object(out);
  object.string("id", completion.id);
  object.string("object", completion.object);
  object.integer("created", completion.created);
  object.string("model", completion.model);
  write_array(object.key("choices"), completion.choices,
              [&](const Choice& choice) { write_choice(out, choice, style); });
  if (completion.usage) write_usage(object.key("usage"), *completion.usage);
  object.optional("service_tier", completion.service_tier);
  object.optional("system_fingerprint", completion.system_fingerprint);
  object.extra(completion.extra);
}

void write_chat_chunk(std::string& out, const ChatChunk& chunk, const WireStyle& style) {
  const std::size_t begin = out.size();
  JsonObject object(out);
  object.string("id", chunk.id);
  object.string("object", chunk.object);
  object.integer("created", chunk.created);
  object.string("model", chunk.model);
  object.optional("service_tier", chunk.service_tier);
  object.optional("system_fingerprint", chunk.system_fingerprint);
  write_array(object.key("choices"), chunk.choices,
              [&](const ChunkChoice& choice) { write_chunk_choice(out, choice, style); });
  if (chunk.usage) {
    write_usage(object.key("usage"), *chunk.usage);
  } else if (style.usage_null) {
    object.null("usage");
  }
  object.extra(chunk.extra);
  if (style.obfuscation) write_obfuscation(object, out, begin);
}

}  // namespace retort::protocol
