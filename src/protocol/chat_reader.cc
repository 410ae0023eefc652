// The tables of the answer's objects, and the allowances for services that write them their way.
#include "protocol/chat_reader.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "protocol/chat_request.h"
#include "protocol/error_body.h"
#include "protocol/fields.h"
#include "protocol/request_parts.h"

namespace retort::protocol {
namespace {

// Rows of one kind, for any struct.
template <typename T, auto kMember>
void text_row(FieldReader& in, const JsonView& value, const Path& path, T& out) {
  in.string(value, path, out.*kMember);
}

// Counts and times are integers by contract, and 1700000000.0 with some.
void read_count(FieldReader& in, const JsonView& value, const Path& path, std::int64_t& out) {
  constexpr double kExact = 9007199254740992.0;  // 2^53: up to here a double is an integer
  if (const std::optional<std::int64_t> exact = value.integer()) {
    out = *exact;
  } else if (value.is_number() && value.number() >= -kExact && value.number() <= kExact) {
    out = static_cast<std::int64_t>(value.number());
  } else {
    in.refuse_type(path, "an integer", value);
  }
}

template <typename T, auto kMember>
void count_row(FieldReader& in, const JsonView& value, const Path& path, T& out) {
  read_count(in, value, path, out.*kMember);
}

// An array of objects that all have one table.
template <typename T, typename Read>
void read_list(FieldReader& in, const JsonView& value, const Path& path, std::vector<T>& out,
               const Read& read) {
  std::size_t index = 0;
  for (const JsonView& element : in.array(value, path)) {
    const Path at(path, index++);
    if (!in.is_object(element, at)) return;
    read(element, at, out.emplace_back());
    if (in.failed()) return;
  }
}

// ---- Log probabilities.

using Bytes = std::optional<std::vector<std::uint8_t>>;

void read_bytes(FieldReader& in, const JsonView& value, const Path& path, Bytes& out) {
  std::vector<std::uint8_t>& bytes = out.emplace();
  for (const JsonView& element : in.array(value, path)) {
    std::optional<std::int64_t> byte;
    in.integer(element, Path(path, bytes.size()), {0, 255}, byte);
    bytes.push_back(static_cast<std::uint8_t>(byte.value_or(0)));
  }
}

template <typename T>
void token_row(FieldReader& in, const JsonView& value, const Path& path, T& out) {
  in.string(value, path, out.token);
}

template <typename T>
void logprob_row(FieldReader& in, const JsonView& value, const Path& path, T& out) {
  std::optional<double> logprob;
  in.number(value, path, {}, logprob);
  out.logprob = logprob.value_or(0);
}

template <typename T>
void bytes_row(FieldReader& in, const JsonView& value, const Path& path, T& out) {
  read_bytes(in, value, path, out.bytes);
}

constexpr std::array<Field<TopLogprob>, 3> kTopFields = {{
    {"token", token_row},
    {"logprob", logprob_row},
    {"bytes", bytes_row},
}};

constexpr std::array<Field<TokenLogprob>, 4> kTokenFields = {{
    {"token", token_row},
    {"logprob", logprob_row},
    {"bytes", bytes_row},
    {"top_logprobs",
     [](FieldReader& in, const JsonView& value, const Path& path, TokenLogprob& out) {
       read_list(in, value, path, out.top_logprobs,
                 [&in](const JsonView& top, const Path& at, TopLogprob& to) {
                   read_members<TopLogprob>(in, top, at, kTopFields, to, nullptr);
                 });
     }},
}};

template <auto kMember>
void tokens_row(FieldReader& in, const JsonView& value, const Path& path, Logprobs& out) {
  read_list(in, value, path, (out.*kMember).emplace(),
            [&in](const JsonView& token, const Path& at, TokenLogprob& to) {
              read_members<TokenLogprob>(in, token, at, kTokenFields, to, nullptr);
            });
}

constexpr std::array<Field<Logprobs>, 2> kLogprobsFields = {{
    {"content", tokens_row<&Logprobs::content>},
    {"refusal", tokens_row<&Logprobs::refusal>},
}};

// ---- Usage.

using PromptDetails = PromptTokensDetails;
using CompletionDetails = CompletionTokensDetails;

constexpr std::array<Field<PromptDetails>, 2> kPromptDetailsFields = {{
    {"cached_tokens", count_row<PromptDetails, &PromptDetails::cached_tokens>},
    {"audio_tokens", count_row<PromptDetails, &PromptDetails::audio_tokens>},
}};

constexpr std::array<Field<CompletionDetails>, 4> kCompletionDetailsFields = {{
    {"reasoning_tokens", count_row<CompletionDetails, &CompletionDetails::reasoning_tokens>},
    {"audio_tokens", count_row<CompletionDetails, &CompletionDetails::audio_tokens>},
    {"accepted_prediction_tokens",
     count_row<CompletionDetails, &CompletionDetails::accepted_prediction_tokens>},
    {"rejected_prediction_tokens",
     count_row<CompletionDetails, &CompletionDetails::rejected_prediction_tokens>},
}};

constexpr std::array<Field<Usage>, 5> kUsageFields = {{
    {"prompt_tokens", count_row<Usage, &Usage::prompt_tokens>},
    {"completion_tokens", count_row<Usage, &Usage::completion_tokens>},
    {"total_tokens", count_row<Usage, &Usage::total_tokens>},
    {"prompt_tokens_details",
     [](FieldReader& in, const JsonView& value, const Path& path, Usage& out) {
       if (!in.is_object(value, path)) return;
       PromptDetails& details = out.prompt_tokens_details.emplace();
       read_members<PromptDetails>(in, value, path, kPromptDetailsFields, details, &details.extra);
     }},
    {"completion_tokens_details",
     [](FieldReader& in, const JsonView& value, const Path& path, Usage& out) {
       if (!in.is_object(value, path)) return;
       CompletionDetails& details = out.completion_tokens_details.emplace();
       read_members<CompletionDetails>(in, value, path, kCompletionDetailsFields, details,
                                       &details.extra);
     }},
}};

// ---- Calls.

// JSON text by contract; some services send the object itself.
void read_arguments(FieldReader& in, const JsonView& value, const Path& path, std::string& out) {
  if (value.is_object()) {
    out = value.text();
  } else {
    in.string(value, path, out);
  }
}

constexpr std::array<Field<FunctionCall>, 2> kFunctionFields = {{
    {"name", text_row<FunctionCall, &FunctionCall::name>},
    {"arguments", [](FieldReader& in, const JsonView& value, const Path& path,
                     FunctionCall& out) { read_arguments(in, value, path, out.arguments); }},
}};

void read_function(FieldReader& in, const JsonView& value, const Path& path, FunctionCall& out) {
  if (!in.is_object(value, path)) return;
  read_members<FunctionCall>(in, value, path, kFunctionFields, out, &out.extra);
}

constexpr std::array<Field<FunctionCall>, 2> kCustomFields = {{
    {"name", text_row<FunctionCall, &FunctionCall::name>},
    {"input", text_row<FunctionCall, &FunctionCall::arguments>},
}};

void read_custom(FieldReader& in, const JsonView& value, const Path& path, FunctionCall& out) {
  if (!in.is_object(value, path)) return;
  read_members<FunctionCall>(in, value, path, kCustomFields, out, &out.extra);
}

template <typename T>
void function_call_row(FieldReader& in, const JsonView& value, const Path& path, T& out) {
  read_function(in, value, path, out.function_call.emplace());
}

constexpr std::array<Field<ToolCall>, 4> kToolCallFields = {{
    {"id", text_row<ToolCall, &ToolCall::id>},
    {"type", text_row<ToolCall, &ToolCall::type>},
    {"function", [](FieldReader& in, const JsonView& value, const Path& path,
                    ToolCall& out) { read_function(in, value, path, out.function); }},
    {"custom", [](FieldReader& in, const JsonView& value, const Path& path,
                  ToolCall& out) { read_custom(in, value, path, out.function); }},
}};

// The name comes once, the rest in pieces.
void take_fragment(FunctionCall&& function, ToolCallDelta& out) {
  if (!function.name.empty()) out.name = std::move(function.name);
  out.arguments = std::move(function.arguments);
}

constexpr std::array<Field<ToolCallDelta>, 5> kCallDeltaFields = {{
    {"index", count_row<ToolCallDelta, &ToolCallDelta::index>},
    {"id", text_row<ToolCallDelta, &ToolCallDelta::id>},
    {"type", text_row<ToolCallDelta, &ToolCallDelta::type>},
    {"function",
     [](FieldReader& in, const JsonView& value, const Path& path, ToolCallDelta& out) {
       FunctionCall function;
       read_function(in, value, path, function);
       take_fragment(std::move(function), out);
     }},
    {"custom",
     [](FieldReader& in, const JsonView& value, const Path& path, ToolCallDelta& out) {
       FunctionCall custom;
       read_custom(in, value, path, custom);
       take_fragment(std::move(custom), out);
     }},
}};

// ---- Messages and deltas.

// A string, or text parts, which some services send.
template <typename T>
void content_row(FieldReader& in, const JsonView& value, const Path& path, T& out) {
  std::optional<Content> content;
  read_content(in, value, path, {.may_be_empty = true, .refusals = true}, content);
  if (content) out.content = text_of(*content);
}

constexpr std::array<Field<AnswerMessage>, 6> kMessageFields = {{
    {"role", text_row<AnswerMessage, &AnswerMessage::role>},
    {"content", content_row},
    {"refusal", text_row<AnswerMessage, &AnswerMessage::refusal>},
    {"reasoning_content", text_row<AnswerMessage, &AnswerMessage::reasoning_content>},
    {"tool_calls",
     [](FieldReader& in, const JsonView& value, const Path& path, AnswerMessage& out) {
       read_list(in, value, path, out.tool_calls,
                 [&in](const JsonView& call, const Path& at, ToolCall& to) {
                   read_members<ToolCall>(in, call, at, kToolCallFields, to, &to.extra);
                 });
     }},
    {"function_call", function_call_row},
}};

constexpr std::array<Field<Delta>, 6> kDeltaFields = {{
    {"role", text_row<Delta, &Delta::role>},
    {"content", content_row},
    {"refusal", text_row<Delta, &Delta::refusal>},
    {"reasoning_content", text_row<Delta, &Delta::reasoning_content>},
    {"tool_calls",
     [](FieldReader& in, const JsonView& value, const Path& path, Delta& out) {
       read_list(in, value, path, out.tool_calls,
                 [&](const JsonView& call, const Path& at, ToolCallDelta& to) {
                   // Where the service leaves the index out, its place in the list.
                   to.index = static_cast<std::int64_t>(out.tool_calls.size()) - 1;
                   read_members<ToolCallDelta>(in, call, at, kCallDeltaFields, to, nullptr);
                 });
     }},
    {"function_call", function_call_row},
}};

// ---- Choices.

template <typename T>
void finish_row(FieldReader& in, const JsonView& value, const Path& path, T& out) {
  std::string reason;
  in.string(value, path, reason);
  // Some services have "" in each chunk where the others have null.
  if (!reason.empty()) out.finish_reason = FinishReason{std::move(reason)};
}

template <typename T>
void logprobs_row(FieldReader& in, const JsonView& value, const Path& path, T& out) {
  if (!in.is_object(value, path)) return;
  read_members<Logprobs>(in, value, path, kLogprobsFields, out.logprobs.emplace(), nullptr);
}

constexpr std::array<Field<Choice>, 4> kChoiceFields = {{
    {"index", count_row<Choice, &Choice::index>},
    {"message",
     [](FieldReader& in, const JsonView& value, const Path& path, Choice& out) {
       if (!in.is_object(value, path)) return;
       read_members<AnswerMessage>(in, value, path, kMessageFields, out.message,
                                   &out.message.extra);
     }},
    {"finish_reason", finish_row},
    {"logprobs", logprobs_row},
}};

constexpr std::array<Field<ChunkChoice>, 4> kChunkChoiceFields = {{
    {"index", count_row<ChunkChoice, &ChunkChoice::index>},
    {"delta",
     [](FieldReader& in, const JsonView& value, const Path& path, ChunkChoice& out) {
       if (!in.is_object(value, path)) return;
       read_members<Delta>(in, value, path, kDeltaFields, out.delta, &out.delta.extra);
     }},
    {"finish_reason", finish_row},
    {"logprobs", logprobs_row},
}};

// ---- The whole.

template <typename T>
void usage_row(FieldReader& in, const JsonView& value, const Path& path, T& out) {
  if (!in.is_object(value, path)) return;
  Usage& usage = out.usage.emplace();
  read_members<Usage>(in, value, path, kUsageFields, usage, &usage.extra);
}

constexpr std::array<Field<ChatCompletion>, 8> kCompletionFields = {{
    {"id", text_row<ChatCompletion, &ChatCompletion::id>},
    {"object", text_row<ChatCompletion, &ChatCompletion::object>},
    {"created", count_row<ChatCompletion, &ChatCompletion::created>},
    {"model", text_row<ChatCompletion, &ChatCompletion::model>},
    {"choices",
     [](FieldReader& in, const JsonView& value, const Path& path, ChatCompletion& out) {
       read_list(in, value, path, out.choices,
                 [&in](const JsonView& choice, const Path& at, Choice& to) {
                   read_members<Choice>(in, choice, at, kChoiceFields, to, &to.extra);
                 });
     }},
    {"usage", usage_row},
    {"service_tier", text_row<ChatCompletion, &ChatCompletion::service_tier>},
    {"system_fingerprint", text_row<ChatCompletion, &ChatCompletion::system_fingerprint>},
}};

constexpr std::array<Field<ChatChunk>, 9> kChunkFields = {{
    {"id", text_row<ChatChunk, &ChatChunk::id>},
    {"object", text_row<ChatChunk, &ChatChunk::object>},
    {"created", count_row<ChatChunk, &ChatChunk::created>},
    {"model", text_row<ChatChunk, &ChatChunk::model>},
    {"choices",
     [](FieldReader& in, const JsonView& value, const Path& path, ChatChunk& out) {
       read_list(in, value, path, out.choices,
                 [&in](const JsonView& choice, const Path& at, ChunkChoice& to) {
                   read_members<ChunkChoice>(in, choice, at, kChunkChoiceFields, to, &to.extra);
                 });
     }},
    {"usage", usage_row},
    {"service_tier", text_row<ChatChunk, &ChatChunk::service_tier>},
    {"system_fingerprint", text_row<ChatChunk, &ChatChunk::system_fingerprint>},
    {"obfuscation", skip_field},  // padding, which says nothing
}};

bool is_error(const JsonView& answer) {
  const std::optional<JsonView> error = answer.find("error");
  if (error && (error->is_object() || error->is_string())) return true;
  const std::optional<JsonView> object = answer.find("object");
  return object && object->text() == "\"error\"";
}

// The view of an answer's object, or what the answer itself says went wrong.
Result<JsonView> view_of(std::string_view json) {
  Result<JsonView> view = JsonView::parse(json, {.kind = ErrorKind::malformed});
  if (!view) return view;
  if (!view->is_object()) return Error(ErrorKind::malformed, "the answer is not a JSON object");
  if (is_error(*view)) return read_error_body(0, json);
  return view;
}

Error malformed(const Error& error) {
  return Error(ErrorKind::malformed, "the answer cannot be read: " + error.message())
      .with_param(error.param());
}

}  // namespace

Result<ChatCompletion> read_chat_completion(std::string_view json) {
  const Result<JsonView> view = view_of(json);
  if (!view) return view.error();
  FieldReader in;
  ChatCompletion completion;
  const Path path;
  in.require(*view, path, "choices");
  read_members<ChatCompletion>(in, *view, path, kCompletionFields, completion, &completion.extra);
  if (in.failed()) return malformed(in.take_error());
  return completion;
}

Result<ChatChunk> read_chat_chunk(std::string_view json) {
  const Result<JsonView> view = view_of(json);
  if (!view) return view.error();
  FieldReader in;
  ChatChunk chunk;
  read_members<ChatChunk>(in, *view, Path(), kChunkFields, chunk, &chunk.extra);
  if (in.failed()) return malformed(in.take_error());
  return chunk;
}

Result<std::optional<Content>> read_message_content(std::string_view json) {
  const Result<JsonView> view = JsonView::parse(json, {.kind = ErrorKind::malformed});
  if (!view) return view.error();
  std::optional<Content> content;
  if (view->is_null()) return content;
  FieldReader in;
  const Path body;
  read_content(in, *view, Path(body, "content"), {.may_be_empty = true, .refusals = true}, content);
  if (in.failed()) return malformed(in.take_error());
  return content;
}

}  // namespace retort::protocol
