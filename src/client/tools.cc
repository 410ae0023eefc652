#include <utility>

#include <retort/tools.h>

namespace retort {

ToolDefinition function_tool(std::string name, std::string description, Json parameters,
                             std::optional<bool> strict) {
  ToolDefinition tool;
  tool.function.name = std::move(name);
  if (!description.empty()) tool.function.description = std::move(description);
  tool.function.parameters = std::move(parameters);
  tool.function.strict = strict;
  return tool;
}

Assistant to_assistant(const AnswerMessage& message) {
  Assistant out;
  if (message.content) out.content = *message.content;
  out.refusal = message.refusal;
  out.tool_calls = message.tool_calls;
  out.function_call = message.function_call;
  // Services differ on whether they take the thinking back; none needs it.
  return out;
}

Result<std::optional<std::string>> formatted_text(const ChatCompletion& completion) {
  if (completion.choices.empty()) {
    return Error(ErrorKind::malformed, "the answer has no choice").with_param("choices");
  }
  const Choice& choice = completion.choices.front();
  if (choice.finish_reason == FinishReason::length ||
      choice.finish_reason == FinishReason::content_filter) {
    return Error(ErrorKind::malformed, "the answer was cut off (finish_reason " +
                                           choice.finish_reason->value +
                                           ") and is no complete value")
        .with_param("choices[0].finish_reason")
        .with_code(choice.finish_reason->value);
  }
  if (choice.message.refusal && !choice.message.refusal->empty()) {
    return std::optional<std::string>();
  }
  if (!choice.message.content) {
    return Error(ErrorKind::malformed, "the answer has no content")
        .with_param("choices[0].message.content");
  }
  return choice.message.content;
}

Error bad_arguments(const Error& why) {
  return Error(ErrorKind::malformed, "the arguments do not fit: " + why.message())
      .with_param(why.param())
      .with_code("bad_arguments");
}

namespace {

void add_details(Usage& sum, const Usage& more) {
  if (const auto& prompt = more.prompt_tokens_details) {
    if (!sum.prompt_tokens_details) sum.prompt_tokens_details.emplace();
    sum.prompt_tokens_details->cached_tokens += prompt->cached_tokens;
    sum.prompt_tokens_details->audio_tokens += prompt->audio_tokens;
  }
  if (const auto& completion = more.completion_tokens_details) {
    if (!sum.completion_tokens_details) sum.completion_tokens_details.emplace();
    CompletionTokensDetails& details = *sum.completion_tokens_details;
    details.reasoning_tokens += completion->reasoning_tokens;
    details.audio_tokens += completion->audio_tokens;
    details.accepted_prediction_tokens += completion->accepted_prediction_tokens;
    details.rejected_prediction_tokens += completion->rejected_prediction_tokens;
  }
}

}  // namespace

Usage ToolRun::usage() const {
  Usage sum;
  for (const ChatCompletion& completion : completions) {
    if (!completion.usage) continue;
    sum.prompt_tokens += completion.usage->prompt_tokens;
    sum.completion_tokens += completion.usage->completion_tokens;
    sum.total_tokens += completion.usage->total_tokens;
    add_details(sum, *completion.usage);
  }
  return sum;
}

}  // namespace retort
