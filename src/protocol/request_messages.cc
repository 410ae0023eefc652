// The messages: six roles, each with its own members.
//
// A message is read into one struct that has them all and then turned into its role's. What a role
// does not have (tool_calls of a user) is an unknown field, listed and kept like any other.
#include <algorithm>
#include <array>
#include <utility>

#include "protocol/request_parts.h"

namespace retort::protocol {
namespace {

constexpr std::array<std::string_view, 6> kRoles = {"system",   "assistant", "user",
                                                    "function", "tool",      "developer"};

struct AnyMessage {
  std::string role;
  std::optional<Content> content;
  std::optional<std::string> name;
  std::optional<std::string> refusal;
  std::optional<std::string> reasoning_content;
  std::vector<ToolCall> tool_calls;
  std::optional<FunctionCall> function_call;
  std::string tool_call_id;
  Extra extra;
};

// ---- Calls in an assistant's message.

constexpr std::array<Field<FunctionCall>, 2> kFunctionCallFields = {{
    {"name", [](FieldReader& in, const JsonView& value, const Path& path,
                FunctionCall& call) { in.string(value, path, call.name); }},
    {"arguments", [](FieldReader& in, const JsonView& value, const Path& path,
                     FunctionCall& call) { in.string(value, path, call.arguments); }},
}};

void read_call(FieldReader& in, const JsonView& value, const Path& path, FunctionCall& call) {
  if (!in.is_object(value, path)) return;
  in.require(value, path, "name");
  in.require(value, path, "arguments");
  read_members<FunctionCall>(in, value, path, kFunctionCallFields, call, &call.extra);
}

// A custom tool's call has a text for arguments.
constexpr std::array<Field<FunctionCall>, 2> kCustomCallFields = {{
    {"name", [](FieldReader& in, const JsonView& value, const Path& path,
                FunctionCall& call) { in.string(value, path, call.name); }},
    {"input", [](FieldReader& in, const JsonView& value, const Path& path,
                 FunctionCall& call) { in.string(value, path, call.arguments); }},
}};

void read_custom_call(FieldReader& in, const JsonView& value, const Path& path,
                      FunctionCall& call) {
  if (!in.is_object(value, path)) return;
  in.require(value, path, "name");
  in.require(value, path, "input");
  read_members<FunctionCall>(in, value, path, kCustomCallFields, call, &call.extra);
}

constexpr std::array<std::string_view, 2> kCallTypes = {"function", "custom"};

constexpr std::array<Field<ToolCall>, 4> kToolCallFields = {{
    {"id", [](FieldReader& in, const JsonView& value, const Path& path,
              ToolCall& call) { in.string(value, path, call.id); }},
    {"type",
     [](FieldReader& in, const JsonView& value, const Path& path, ToolCall& call) {
       std::optional<std::string> type;
       in.word(value, path, kCallTypes, type);
       call.type = type.value_or("function");
     }},
    {"custom", [](FieldReader& in, const JsonView& value, const Path& path,
                  ToolCall& call) { read_custom_call(in, value, path, call.function); }},
    {"function", [](FieldReader& in, const JsonView& value, const Path& path,
                    ToolCall& call) { read_call(in, value, path, call.function); }},
}};

void read_tool_calls(FieldReader& in, const JsonView& value, const Path& path,
                     std::vector<ToolCall>& calls) {
  std::size_t index = 0;
  for (const JsonView& element : in.array(value, path)) {
    const Path at(path, index++);
    if (!in.is_object(element, at)) return;
    ToolCall call;
    read_members<ToolCall>(in, element, at, kToolCallFields, call, &call.extra);
    in.require(element, at, "id");
    in.require(element, at, call.type == "custom" ? "custom" : "function");
    if (in.failed()) return;
    calls.push_back(std::move(call));
  }
}

// ---- One message.

void read_name(FieldReader& in, const JsonView& value, const Path& path, AnyMessage& message) {
  in.string(value, path, message.name);
}

void read_required_content(FieldReader& in, const JsonView& value, const Path& path,
                           AnyMessage& message) {
  read_content(in, value, path, {}, message.content);
}

constexpr std::array<Field<AnyMessage>, 3> kPlainFields = {{
    {"role", skip_field},
    {"content", read_required_content},
    {"name", read_name},
}};

constexpr std::array<Field<AnyMessage>, 4> kToolFields = {{
    {"role", skip_field},
    {"content", read_required_content},
    {"name", read_name},
    {"tool_call_id", [](FieldReader& in, const JsonView& value, const Path& path,
                        AnyMessage& message) { in.string(value, path, message.tool_call_id); }},
}};

constexpr std::array<Field<AnyMessage>, 8> kAssistantFields = {{
    {"role", skip_field},
    {"content",
     [](FieldReader& in, const JsonView& value, const Path& path, AnyMessage& message) {
       read_content(in, value, path, {.may_be_empty = true, .refusals = true}, message.content);
     }},
    {"name", read_name},
    {"refusal", [](FieldReader& in, const JsonView& value, const Path& path,
                   AnyMessage& message) { in.string(value, path, message.refusal); }},
    {"reasoning_content",
     [](FieldReader& in, const JsonView& value, const Path& path, AnyMessage& message) {
       in.string(value, path, message.reasoning_content);
     }},
    {"tool_calls",
     [](FieldReader& in, const JsonView& value, const Path& path, AnyMessage& message) {
       read_tool_calls(in, value, path, message.tool_calls);
     }},
    {"function_call",
     [](FieldReader& in, const JsonView& value, const Path& path, AnyMessage& message) {
       read_call(in, value, path, message.function_call.emplace());
     }},
    {"audio", [](FieldReader& in, const JsonView&, const Path& path,
                 AnyMessage&) { in.refuse_unsupported(path, ": answers are text only"); }},
}};

std::span<const Field<AnyMessage>> fields_of(std::string_view role) {
  if (role == "assistant") return kAssistantFields;
  if (role == "tool") return kToolFields;
  return kPlainFields;
}

// An assistant may have said something else instead, a function nothing.
void check_message(FieldReader& in, const AnyMessage& message, const Path& path) {
  const bool said = message.refusal || message.reasoning_content || message.function_call ||
                    !message.tool_calls.empty();
  if (!message.content && !said && message.role != "function") {
    in.refuse_missing(Path(path, "content"));
  }
  if (message.role == "function" && !message.name) in.refuse_missing(Path(path, "name"));
}

Message to_message(AnyMessage&& any) {
  if (any.role == "system") return System{any.content, any.name, any.extra};
  if (any.role == "developer") return Developer{any.content, any.name, any.extra};
  if (any.role == "user") {
    return User{std::move(any.content), std::move(any.name), std::move(any.extra)};
  }
  if (any.role == "tool") {
    return Tool{std::move(any.content), any.tool_call_id, any.name, std::move(any.extra)};
  }
  if (any.role == "function") {
    return Function{std::move(any.content), any.name.value_or(""), std::move(any.extra)};
  }
  return Assistant{.content = std::move(any.content),
                   .refusal = std::move(any.refusal),
                   .name = std::move(any.name),
                   .tool_calls = std::move(any.tool_calls),
                   .function_call = std::move(any.function_call),
                   .reasoning_content = std::move(any.reasoning_content),
                   .extra = std::move(any.extra)};
}

std::string read_role(FieldReader& in, const JsonView& message, const Path& path) {
  const Path at(path, "role");
  std::optional<std::string> role;
  const std::optional<JsonView> value = message.find("role");
  if (!value || value->is_null()) {
    in.refuse_missing(at);
  } else {
    in.word(*value, at, kRoles, role);
  }
  return role.value_or("");
}

// A tool's message answers a call of the assistant's message before it; other tools' messages may
// stand between. Atoma's types let the id be absent, and then nobody can tell.
void check_answers_a_call(FieldReader& in, const AnyMessage& message, const Path& at,
                          const std::vector<Message>& before) {
  if (message.role != "tool" || message.tool_call_id.empty() || in.failed()) return;
  auto last = before.rbegin();
  while (last != before.rend() && std::holds_alternative<Tool>(*last)) ++last;
  const auto* caller = last == before.rend() ? nullptr : std::get_if<Assistant>(&*last);
  const bool answers =
      caller != nullptr &&
      std::any_of(caller->tool_calls.begin(), caller->tool_calls.end(),
                  [&](const ToolCall& call) { return call.id == message.tool_call_id; });
  if (answers) return;
  in.refuse(
      Path(at, "role"), "",
      "Invalid parameter: messages with role 'tool' must be a response to a preceding message "
      "with 'tool_calls' that holds their tool_call_id.");
}

}  // namespace

void read_messages(FieldReader& in, const JsonView& value, const Path& path,
                   std::vector<Message>& out) {
  std::size_t index = 0;
  for (const JsonView& element : in.array(value, path, {1})) {
    const Path at(path, index++);
    if (!in.is_object(element, at)) return;
    AnyMessage message;
    message.role = read_role(in, element, at);
    read_members<AnyMessage>(in, element, at, fields_of(message.role), message, &message.extra);
    check_message(in, message, at);
    check_answers_a_call(in, message, at, out);
    if (in.failed()) return;
    out.push_back(to_message(std::move(message)));
  }
}

}  // namespace retort::protocol
