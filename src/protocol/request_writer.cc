// From a ChatRequest to the body of POST /v1/chat/completions, member by member.
#include <cmath>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/json_writer.h"
#include "protocol/chat_request.h"
#include "protocol/json_object.h"

namespace retort::protocol {
namespace {

using base::append_json_integer;
using base::append_json_string;

// A whole number without a fraction: the services that take only integers for a field get one.
void append_number(std::string& out, double value) {
  constexpr double kExactMax = 9007199254740992;  // 2^53
  if (std::trunc(value) == value && std::fabs(value) < kExactMax) {
    append_json_integer(out, static_cast<std::int64_t>(value));
  } else {
    base::append_json_number(out, value);
  }
}

void member(JsonObject& object, std::string_view name, const std::optional<double>& value) {
  if (value) append_number(object.key(name), *value);
}
void member(JsonObject& object, std::string_view name, const std::optional<std::int64_t>& value) {
  if (value) object.integer(name, *value);
}
void member(JsonObject& object, std::string_view name, const std::optional<bool>& value) {
  if (value) object.key(name) += *value ? "true" : "false";
}
void member(JsonObject& object, std::string_view name, const std::optional<std::string>& value) {
  object.optional(name, value);
}
void member(JsonObject& object, std::string_view name, const std::vector<std::string>& values) {
  if (values.empty()) return;
  std::string& out = object.key(name);
  write_array(out, values, [&out](const std::string& value) { append_json_string(out, value); });
}
void member(JsonObject& object, std::string_view name, const std::optional<Json>& value) {
  if (value) object.key(name) += value->text();
}

// ---- Messages.

void write_part(std::string& out, const TextPart& part) {
  JsonObject object(out);
  object.string("type", "text");
  object.string("text", part.text);
  object.extra(part.extra);
}

void write_part(std::string& out, const ImagePart& part) {
  JsonObject object(out);
  object.string("type", "image_url");
  {
    JsonObject image(object.key("image_url"));
    image.string("url", part.url);
    image.optional("detail", part.detail);
  }
  object.extra(part.extra);
}

void write_part(std::string& out, const RefusalPart& part) {
  JsonObject object(out);
  object.string("type", "refusal");
  object.string("refusal", part.refusal);
}

void write_part(std::string& out, const OtherPart& part) {
  out += part.value.text();
}

void write_content(std::string& out, const Content& content) {
  if (const auto* text = std::get_if<std::string>(&content)) return append_json_string(out, *text);
  write_array(out, std::get<std::vector<ContentPart>>(content), [&out](const ContentPart& part) {
    std::visit([&out](const auto& each) { write_part(out, each); }, part);
  });
}

void write_call(std::string& out, const FunctionCall& call) {
  JsonObject object(out);
  object.string("name", call.name);
  object.string("arguments", call.arguments);
  object.extra(call.extra);
}

void write_custom_call(std::string& out, const FunctionCall& call) {
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
    write_custom_call(object.key("custom"), call.function);
  } else {
    write_call(object.key("function"), call.function);
  }
  object.extra(call.extra);
}

void write_calls(JsonObject& object, const Assistant& message) {
  if (!message.tool_calls.empty()) {
    std::string& out = object.key("tool_calls");
    write_array(out, message.tool_calls,
                [&out](const ToolCall& call) { write_tool_call(out, call); });
  }
  if (message.function_call) write_call(object.key("function_call"), *message.function_call);
}

std::string_view role_of(const System&) {
  return "system";
}
std::string_view role_of(const Developer&) {
  return "developer";
}
std::string_view role_of(const User&) {
  return "user";
}
std::string_view role_of(const Assistant&) {
  return "assistant";
}
std::string_view role_of(const Tool&) {
  return "tool";
}
std::string_view role_of(const Function&) {
  return "function";
}

template <typename One>
void write_message(std::string& out, const One& message) {
  constexpr bool kIsAssistant = std::is_same_v<One, Assistant>;
  constexpr bool kIsFunction = std::is_same_v<One, Function>;
  JsonObject object(out);
  object.string("role", role_of(message));
  if (message.content) {
    write_content(object.key("content"), *message.content);
  } else if (kIsAssistant || kIsFunction) {
    object.null("content");  // some services want the member there
  }
  if constexpr (kIsFunction) {
    object.string("name", message.name);
  } else {
    object.optional("name", message.name);
  }
  if constexpr (std::is_same_v<One, Tool>) object.string("tool_call_id", message.tool_call_id);
  if constexpr (kIsAssistant) {
    object.optional("refusal", message.refusal);
    object.optional("reasoning_content", message.reasoning_content);
    write_calls(object, message);
  }
  object.extra(message.extra);
}

// ---- Tools.

void write_function(std::string& out, const FunctionDefinition& function) {
  JsonObject object(out);
  object.string("name", function.name);
  object.optional("description", function.description);
  member(object, "parameters", function.parameters);
  member(object, "strict", function.strict);
  object.extra(function.extra);
}

void write_tool(std::string& out, const ToolDefinition& tool) {
  JsonObject object(out);
  object.string("type", tool.type);
  if (tool.custom) {
    object.key("custom") += tool.custom->text();
  } else {
    write_function(object.key("function"), tool.function);
  }
  object.extra(tool.extra);
}

// The type of the tool of that name.
std::string_view type_of(const ChatRequest& request, std::string_view name) {
  for (const ToolDefinition& tool : request.tools) {
    if (tool.custom && tool.function.name == name) return "custom";
  }
  return "function";
}

void write_named_tool(std::string& out, const ChatRequest& request, const std::string& name) {
  const std::string_view type = type_of(request, name);
  JsonObject object(out);
  object.string("type", type);
  JsonObject function(object.key(type));
  function.string("name", name);
}

void write_allowed_tools(std::string& out, const ChatRequest& request, const ToolChoice& choice) {
  JsonObject object(out);
  object.string("type", "allowed_tools");
  JsonObject allowed(object.key("allowed_tools"));
  allowed.string("mode", choice.allowed_required ? "required" : "auto");
  write_array(allowed.key("tools"), choice.allowed_names,
              [&](const std::string& name) { write_named_tool(out, request, name); });
}

void write_tool_choice(std::string& out, const ChatRequest& request, const ToolChoice& choice) {
  switch (choice.mode) {
    case ToolChoice::Mode::none:
      return append_json_string(out, "none");
    case ToolChoice::Mode::automatic:
      return append_json_string(out, "auto");
    case ToolChoice::Mode::required:
      return append_json_string(out, "required");
    case ToolChoice::Mode::named:
      return write_named_tool(out, request, choice.name);
    case ToolChoice::Mode::allowed:
      return write_allowed_tools(out, request, choice);
  }
}

// The older form has a word or a bare name.
void write_function_call(std::string& out, const ChatRequest& request, const ToolChoice& choice) {
  if (choice.mode != ToolChoice::Mode::named) return write_tool_choice(out, request, choice);
  JsonObject object(out);
  object.string("name", choice.name);
}

// ---- The other options with a form of their own.

void write_response_format(std::string& out, const ResponseFormat& format) {
  JsonObject object(out);
  if (format.type == ResponseFormat::Type::text) return object.string("type", "text");
  if (format.type == ResponseFormat::Type::json_object) return object.string("type", "json_object");
  object.string("type", "json_schema");
  JsonObject schema(object.key("json_schema"));
  schema.string("name", format.name);
  schema.optional("description", format.description);
  member(schema, "schema", format.schema);
  member(schema, "strict", format.strict);
}

void write_web_search(std::string& out, const WebSearchOptions& search) {
  JsonObject object(out);
  member(object, "search_context_size", search.search_context_size);
  if (search.user_location) {
    const UserLocation& place = *search.user_location;
    JsonObject location(object.key("user_location"));
    location.string("type", "approximate");
    JsonObject approximate(location.key("approximate"));
    member(approximate, "city", place.city);
    member(approximate, "country", place.country);
    member(approximate, "region", place.region);
    member(approximate, "timezone", place.timezone);
    approximate.extra(place.extra);
  }
  object.extra(search.extra);
}

// What hosted services know and this server answers with a clear refusal.
void write_hosted(JsonObject& object, const ChatRequest& request) {
  if (request.audio) {
    JsonObject audio(object.key("audio"));
    audio.string("voice", request.audio->voice);
    audio.string("format", request.audio->format);
    audio.extra(request.audio->extra);
  }
  member(object, "modalities", request.modalities);
  if (request.moderation) {
    JsonObject moderation(object.key("moderation"));
    moderation.string("model", request.moderation->model);
    member(moderation, "policy", request.moderation->policy);
    moderation.extra(request.moderation->extra);
  }
  if (request.prediction) {
    JsonObject prediction(object.key("prediction"));
    prediction.string("type", "content");
    write_content(prediction.key("content"), request.prediction->content);
    prediction.extra(request.prediction->extra);
  }
  member(object, "verbosity", request.verbosity);
  if (request.web_search_options) {
    write_web_search(object.key("web_search_options"), *request.web_search_options);
  }
}

void write_prompt_cache(JsonObject& object, const ChatRequest& request) {
  member(object, "prompt_cache_key", request.prompt_cache_key);
  if (request.prompt_cache_options) {
    JsonObject options(object.key("prompt_cache_options"));
    member(options, "mode", request.prompt_cache_options->mode);
    member(options, "ttl", request.prompt_cache_options->ttl);
    options.extra(request.prompt_cache_options->extra);
  }
  member(object, "prompt_cache_retention", request.prompt_cache_retention);
}

void write_maps(JsonObject& object, const ChatRequest& request) {
  if (!request.logit_bias.empty()) {
    JsonObject biases(object.key("logit_bias"));
    for (const auto& [token, bias] : request.logit_bias) append_number(biases.key(token), bias);
  }
  if (!request.metadata.empty()) {
    JsonObject metadata(object.key("metadata"));
    for (const auto& [key, value] : request.metadata) metadata.string(key, value);
  }
}

void write_tools(JsonObject& object, const ChatRequest& request) {
  std::string& out = object.key("messages");
  write_array(out, request.messages, [&out](const Message& message) {
    std::visit([&out](const auto& each) { write_message(out, each); }, message);
  });
  if (!request.tools.empty()) {
    write_array(object.key("tools"), request.tools,
                [&out](const ToolDefinition& tool) { write_tool(out, tool); });
  }
  if (request.tool_choice) {
    write_tool_choice(object.key("tool_choice"), request, *request.tool_choice);
  }
  if (!request.functions.empty()) {
    write_array(object.key("functions"), request.functions,
                [&out](const FunctionDefinition& function) { write_function(out, function); });
  }
  if (request.function_call) {
    write_function_call(object.key("function_call"), request, *request.function_call);
  }
}

void write_sampling(JsonObject& object, const ChatRequest& request) {
  member(object, "frequency_penalty", request.frequency_penalty);
  member(object, "logprobs", request.logprobs);
  member(object, "max_completion_tokens", request.max_completion_tokens);
  member(object, "max_tokens", request.max_tokens);
  member(object, "n", request.n);
  member(object, "presence_penalty", request.presence_penalty);
  member(object, "seed", request.seed);
  member(object, "stop", request.stop);
  member(object, "temperature", request.temperature);
  member(object, "top_logprobs", request.top_logprobs);
  member(object, "top_p", request.top_p);
  member(object, "guided_choice", request.guided_choice);
  member(object, "guided_grammar", request.guided_grammar);
  member(object, "guided_regex", request.guided_regex);
  member(object, "ignore_eos", request.ignore_eos);
  member(object, "min_p", request.min_p);
  member(object, "min_tokens", request.min_tokens);
  member(object, "repetition_penalty", request.repetition_penalty);
  member(object, "top_k", request.top_k);
}

}  // namespace

void write_chat_request(std::string& out, const ChatRequest& request) {
  JsonObject object(out);
  object.string("model", request.model);
  write_tools(object, request);
  member(object, "parallel_tool_calls", request.parallel_tool_calls);
  if (request.response_format) {
    write_response_format(object.key("response_format"), *request.response_format);
  }
  write_sampling(object, request);
  write_maps(object, request);
  write_hosted(object, request);
  write_prompt_cache(object, request);
  member(object, "reasoning_effort", request.reasoning_effort);
  member(object, "safety_identifier", request.safety_identifier);
  member(object, "service_tier", request.service_tier);
  member(object, "store", request.store);
  member(object, "user", request.user);
  member(object, "stream", request.stream);
  if (request.stream_options) {
    JsonObject options(object.key("stream_options"));
    member(options, "include_usage", request.stream_options->include_usage);
    member(options, "include_obfuscation", request.stream_options->include_obfuscation);
  }
  object.extra(request.extra);
}

}  // namespace retort::protocol
