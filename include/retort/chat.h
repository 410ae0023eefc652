// The wire structs of POST /v1/chat/completions: request, answer and stream chunk.
//
// The server parses and writes these, and so does the client, so that the two cannot drift. Fields
// stand in the order in which the API documents them. An optional field that is not set was absent
// or null on the wire; where null and absent differ, the field says so. What a reader does not know
// it keeps in `extra`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <retort/json.h>

#pragma GCC visibility push(default)

namespace retort {

// Unknown fields of an object, by name, in the order they came.
using Extra = std::vector<std::pair<std::string, Json>>;

// ---------------------------------------------------------------------------------------- messages

struct TextPart {
  std::string text{};
  Extra extra{};
  friend bool operator==(const TextPart&, const TextPart&) = default;
};

struct ImagePart {
  std::string url{};  // http(s) or a data: URL
  std::optional<std::string> detail{};
  Extra extra{};
  friend bool operator==(const ImagePart&, const ImagePart&) = default;
};

struct RefusalPart {
  std::string refusal{};
  friend bool operator==(const RefusalPart&, const RefusalPart&) = default;
};

// A part of another type (input_audio, file, ...), whole and unread.
struct OtherPart {
  std::string type{};
  Json value{};
  friend bool operator==(const OtherPart&, const OtherPart&) = default;
};

using ContentPart = std::variant<TextPart, ImagePart, RefusalPart, OtherPart>;

// A message's content: a string, or parts. Where content may be missing it is
// std::optional<Content>.
using Content = std::variant<std::string, std::vector<ContentPart>>;

// What a tool call asks for. `arguments` is JSON text by contract, but comes from a model: it may
// be anything.
struct FunctionCall {
  std::string name{};
  std::string arguments{};
  Extra extra{};
  friend bool operator==(const FunctionCall&, const FunctionCall&) = default;
};

struct ToolCall {
  std::string id{};
  std::string type = "function";
  FunctionCall function{};  // of type "custom": the tool's name, and its input, which is any text
  Extra extra{};
  friend bool operator==(const ToolCall&, const ToolCall&) = default;
};

struct System {
  std::optional<Content> content{};
  std::optional<std::string> name{};
  Extra extra{};
};

struct Developer {
  std::optional<Content> content{};
  std::optional<std::string> name{};
  Extra extra{};
};

struct User {
  std::optional<Content> content{};
  std::optional<std::string> name{};
  Extra extra{};
};

struct Assistant {
  std::optional<Content> content{};
  std::optional<std::string> refusal{};
  std::optional<std::string> name{};
  std::vector<ToolCall> tool_calls{};
  std::optional<FunctionCall> function_call{};  // deprecated form of tool_calls
  std::optional<std::string> reasoning_content{};
  Extra extra{};
};

struct Tool {
  std::optional<Content> content{};
  std::string tool_call_id{};
  std::optional<std::string> name{};
  Extra extra{};
};

// The deprecated answer to a function_call.
struct Function {
  std::optional<Content> content{};
  std::string name{};
  Extra extra{};
};

using Message = std::variant<System, Developer, User, Assistant, Tool, Function>;

// ----------------------------------------------------------------------------- the request's
// options

struct FunctionDefinition {
  std::string name{};
  std::optional<std::string> description{};
  std::optional<Json> parameters{};  // a JSON Schema; absent means no parameters
  std::optional<bool> strict{};
  Extra extra{};
};

struct ToolDefinition {
  std::string type = "function";
  FunctionDefinition function{};
  std::optional<Json>
      custom{};  // as it came, where type is "custom"; `function` then takes {input}
  Extra extra{};
};

// tool_choice, and function_call of the deprecated form.
struct ToolChoice {
  enum class Mode : std::uint8_t { none, automatic, required, named, allowed };
  Mode mode = Mode::automatic;
  std::string name{};                        // named: the function to call
  std::vector<std::string> allowed_names{};  // allowed: the functions it may call
  bool allowed_required = false;             // allowed: whether it must call one of them
};

struct ResponseFormat {
  enum class Type : std::uint8_t { text, json_object, json_schema };
  Type type = Type::text;
  std::string name{};                        // json_schema
  std::optional<std::string> description{};  // json_schema
  std::optional<Json> schema{};              // json_schema
  std::optional<bool> strict{};              // json_schema

  static ResponseFormat json_schema(std::string name, Json schema,
                                    std::optional<bool> strict = std::nullopt) {
    ResponseFormat format;
    format.type = Type::json_schema;
    format.name = std::move(name);
    format.schema = std::move(schema);
    format.strict = strict;
    return format;
  }
  static ResponseFormat json_object() {
    ResponseFormat format;
    format.type = Type::json_object;
    return format;
  }
};

struct StreamOptions {
  std::optional<bool> include_usage{};
  std::optional<bool> include_obfuscation{};
};

// How a spoken answer is to sound; with "audio" among the modalities.
struct AudioOptions {
  std::string voice{};
  std::string format{};  // wav, aac, mp3, flac, opus, pcm16
  Extra extra{};
};

// Whether the service judges prompt and answer, and by which model.
struct ModerationOptions {
  std::string model{};
  std::optional<Json> policy{};
  Extra extra{};
};

// What much of the answer will be: a file of which little changes.
struct Prediction {
  Content content{};
  Extra extra{};
};

struct PromptCacheOptions {
  std::optional<std::string> mode{};  // implicit, explicit
  std::optional<std::string> ttl{};   // "30m"
  Extra extra{};
};

// About where the user is.
struct UserLocation {
  std::optional<std::string> city{};
  std::optional<std::string> country{};  // two letters of ISO 3166
  std::optional<std::string> region{};
  std::optional<std::string> timezone{};  // of the IANA, "Europe/Paris"
  Extra extra{};
};

struct WebSearchOptions {
  std::optional<std::string> search_context_size{};  // low, medium, high
  std::optional<UserLocation> user_location{};
  Extra extra{};
};

struct ChatRequest {
  std::vector<Message> messages{};
  std::string model{};
  std::optional<AudioOptions> audio{};
  std::optional<double> frequency_penalty{};    // -2 to 2
  std::optional<ToolChoice> function_call{};    // deprecated
  std::vector<FunctionDefinition> functions{};  // deprecated
  std::map<std::string, double> logit_bias{};   // token id in decimal -> -100 to 100
  std::optional<bool> logprobs{};
  std::optional<std::int64_t> max_completion_tokens{};  // at least 1
  std::optional<std::int64_t> max_tokens{};             // deprecated, at least 1
  std::vector<std::pair<std::string, std::string>> metadata{};
  std::vector<std::string> modalities{};  // text, audio; empty: text
  std::optional<ModerationOptions> moderation{};
  std::optional<std::int64_t> n{};  // 1 to 128
  std::optional<bool> parallel_tool_calls{};
  std::optional<Prediction> prediction{};
  std::optional<double> presence_penalty{};  // -2 to 2
  std::optional<std::string> prompt_cache_key{};
  std::optional<PromptCacheOptions> prompt_cache_options{};
  std::optional<std::string> prompt_cache_retention{};  // deprecated: in_memory, 24h
  std::optional<std::string> reasoning_effort{};
  std::optional<ResponseFormat> response_format{};
  std::optional<std::string> safety_identifier{};
  std::optional<std::int64_t> seed{};
  std::optional<std::string> service_tier{};  // an open string: auto, default, ...
  std::vector<std::string> stop{};            // at most 4; a bare string is a list of one
  std::optional<bool> store{};
  std::optional<bool> stream{};
  std::optional<StreamOptions> stream_options{};
  std::optional<double> temperature{};  // 0 to 2
  std::optional<ToolChoice> tool_choice{};
  std::vector<ToolDefinition> tools{};
  std::optional<std::int64_t> top_logprobs{};  // 0 to 20
  std::optional<double> top_p{};               // 0 to 1
  std::optional<std::string> user{};
  std::optional<std::string> verbosity{};  // low, medium, high
  std::optional<WebSearchOptions> web_search_options{};
  // Extensions that most inference servers know.
  std::vector<std::string> guided_choice{};  // the answer is one of these
  std::optional<std::string>
      guided_grammar{};  // in GBNF; also read under its llama.cpp name, grammar
  std::optional<std::string> guided_regex{};
  std::optional<bool> ignore_eos{};
  std::optional<double> min_p{};               // 0 to 1
  std::optional<std::int64_t> min_tokens{};    // at least 0
  std::optional<double> repetition_penalty{};  // above 0
  std::optional<std::int64_t> top_k{};         // -1 or 0: off
  Extra extra{};
};

// ------------------------------------------------------------------------------------ the answer

// Why a choice ended. An open set: other servers have other words.
struct FinishReason {
  std::string value{};
  friend bool operator==(const FinishReason&, const FinishReason&) = default;

  static const FinishReason stop;
  static const FinishReason length;
  static const FinishReason tool_calls;
  static const FinishReason content_filter;
  static const FinishReason function_call;
};
inline const FinishReason FinishReason::stop{"stop"};
inline const FinishReason FinishReason::length{"length"};
inline const FinishReason FinishReason::tool_calls{"tool_calls"};
inline const FinishReason FinishReason::content_filter{"content_filter"};
inline const FinishReason FinishReason::function_call{"function_call"};

struct TopLogprob {
  std::string token{};  // the token's text; U+FFFD where its bytes are no whole characters
  double logprob = 0;
  std::optional<std::vector<std::uint8_t>> bytes{};
};

struct TokenLogprob {
  std::string token{};
  double logprob = 0;
  std::optional<std::vector<std::uint8_t>> bytes{};
  std::vector<TopLogprob> top_logprobs{};
};

struct Logprobs {
  std::optional<std::vector<TokenLogprob>> content{};
  std::optional<std::vector<TokenLogprob>> refusal{};
};

struct PromptTokensDetails {
  std::int64_t cached_tokens = 0;
  std::int64_t audio_tokens = 0;
  Extra extra{};
};

struct CompletionTokensDetails {
  std::int64_t reasoning_tokens = 0;
  std::int64_t audio_tokens = 0;
  std::int64_t accepted_prediction_tokens = 0;
  std::int64_t rejected_prediction_tokens = 0;
  Extra extra{};
};

struct Usage {
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t total_tokens = 0;
  std::optional<PromptTokensDetails> prompt_tokens_details{};
  std::optional<CompletionTokensDetails> completion_tokens_details{};
  Extra extra{};
};

struct AnswerMessage {
  std::string role = "assistant";
  std::optional<std::string> content{};
  std::optional<std::string> refusal{};
  std::optional<std::string> reasoning_content{};
  std::vector<ToolCall> tool_calls{};
  std::optional<FunctionCall> function_call{};
  Extra extra{};
};

struct Choice {
  std::int64_t index = 0;
  AnswerMessage message{};
  std::optional<FinishReason> finish_reason{};
  std::optional<Logprobs> logprobs{};
  Extra extra{};
};

struct ChatCompletion {
  std::string id{};
  std::string object = "chat.completion";
  std::int64_t created = 0;  // seconds since 1970
  std::string model{};
  std::vector<Choice> choices{};
  std::optional<Usage> usage{};
  std::optional<std::string> service_tier{};
  std::optional<std::string> system_fingerprint{};
  Extra extra{};
};

// ------------------------------------------------------------------------------------- the stream

struct ToolCallDelta {
  std::int64_t index = 0;
  std::optional<std::string> id{};
  std::optional<std::string> type{};
  std::optional<std::string> name{};       // function.name, whole, in a call's first fragment
  std::optional<std::string> arguments{};  // function.arguments, or custom.input: a piece
};

struct Delta {
  std::optional<std::string> role{};
  std::optional<std::string> content{};
  std::optional<std::string> refusal{};
  std::optional<std::string> reasoning_content{};
  std::vector<ToolCallDelta> tool_calls{};
  std::optional<FunctionCall> function_call{};  // pieces, as in tool_calls
  Extra extra{};
};

struct ChunkChoice {
  std::int64_t index = 0;
  Delta delta{};
  std::optional<FinishReason> finish_reason{};
  std::optional<Logprobs> logprobs{};
  Extra extra{};
};

struct ChatChunk {
  std::string id{};
  std::string object = "chat.completion.chunk";
  std::int64_t created = 0;
  std::string model{};
  std::vector<ChunkChoice> choices{};
  std::optional<Usage> usage{};
  std::optional<std::string> service_tier{};
  std::optional<std::string> system_fingerprint{};
  Extra extra{};
};

// ---------------------------------------------------------------------------------------- models

// One entry of GET /v1/models.
struct ModelInfo {
  std::string id{};
  std::int64_t created = 0;  // seconds since 1970
  std::string owned_by{};
  Extra extra{};
};

}  // namespace retort

#pragma GCC visibility pop
