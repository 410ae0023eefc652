// Tools, and answers as types: what parse<T>() and run_tools() of the client take and give.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <retort/chat.h>
#include <retort/describe.h>
#include <retort/json.h>
#include <retort/result.h>

#pragma GCC visibility push(default)

namespace retort {

// A tool of type "function". `parameters` is a JSON Schema.
ToolDefinition function_tool(std::string name, std::string description, Json parameters,
                             std::optional<bool> strict = std::nullopt);

// An answer's message as one that can be sent back.
Assistant to_assistant(const AnswerMessage& message);

// ---- Answers as types.

template <typename T>
struct Parsed {
  ChatCompletion completion;
  // Of the first choice. Exactly one of the two is there.
  std::optional<T> value{};
  std::optional<std::string> refusal{};
};

// The text of the first choice: the error says why it is not whole (code length or content_filter);
// nothing where the model refused.
Result<std::optional<std::string>> formatted_text(const ChatCompletion& completion);

template <typename T>
Result<Parsed<T>> parsed(ChatCompletion completion) {
  const Result<std::optional<std::string>> text = formatted_text(completion);
  if (!text) return text.error();
  Parsed<T> out{.completion = std::move(completion)};
  if (!*text) {
    out.refusal = out.completion.choices.front().message.refusal.value_or("");
    return out;
  }
  Result<T> value = from_json<T>(**text);
  if (!value) return std::move(value).error();
  out.value = std::move(*value);
  return out;
}

// ---- Tools that run here.

struct ToolContext {
  const ToolCall& call;
  int round = 1;  // from 1
  std::stop_token stop{};
};

struct RunnableTool {
  ToolDefinition definition;
  // Arguments as the model wrote them to what it is told. An error whose code is bad_arguments is
  // told to the model; what another does, ToolRunOptions says. Called from several threads where
  // ToolRunOptions::parallel says so.
  std::function<Result<std::string>(const std::string& arguments, const ToolContext& context)> call;
};

struct ToolRunOptions {
  int rounds_max = 10;  // answers asked for; more is an error with the code tool_rounds
  int parallel = 1;     // tools of one round that run at the same time, each on a thread
  // Whether a tool's error is told to the model, or ends the run.
  bool tool_errors_to_model = false;
  // After each tool, in the order of the calls.
  std::function<void(const ToolCall& call, const std::string& result)> on_result{};
};

struct ToolRun {
  std::vector<Message> messages{};            // the whole conversation, the last answer included
  std::vector<ChatCompletion> completions{};  // one a round, at least one
  const ChatCompletion& answer() const { return completions.back(); }
  Usage usage() const;  // of all rounds
};

// The errors of bad arguments: as the model is told.
Error bad_arguments(const Error& why);

// What a tool may return, as text: text itself, everything else as JSON.
inline Result<std::string> tool_text(std::string text) {
  return text;
}
inline Result<std::string> tool_text(const char* text) {
  return std::string(text);
}
template <typename T>
Result<std::string> tool_text(const T& value) {
  return to_json(value).text();
}
template <typename T>
Result<std::string> tool_text(Result<T> result) {
  if (!result) return std::move(result).error();
  return tool_text(std::move(*result));
}

// A tool whose arguments are an Arguments, a described type. `run` takes (const Arguments&) or
// (const Arguments&, const ToolContext&) and returns text, a described type, Json, or a Result of
// one.
template <typename Arguments, typename Run>
RunnableTool tool(std::string name, std::string description, Run run) {
  return {.definition =
              function_tool(std::move(name), std::move(description), schema_of<Arguments>(), true),
          .call = [run = std::move(run)](const std::string& text,
                                         const ToolContext& context) -> Result<std::string> {
            Result<Arguments> arguments = from_json<Arguments>(text.empty() ? "{}" : text);
            if (!arguments) return bad_arguments(arguments.error());
            if constexpr (std::invocable<const Run&, const Arguments&, const ToolContext&>) {
              return tool_text(run(*arguments, context));
            } else {
              return tool_text(run(*arguments));
            }
          }};
}

}  // namespace retort

#pragma GCC visibility pop
