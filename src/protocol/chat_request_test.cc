// The request parser against the case files and against the contract, field by field.
#include "protocol/chat_request.h"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/json_reader.h"
#include "protocol/chat_request_testing.h"

namespace retort::protocol {
namespace {

namespace json = boost::json;

constexpr const char* kCases = RETORT_SOURCE_DIR "/tests/api/cases/";

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// ---- The case files.

TEST(ChatRequest, CaseFilesParseOrFailAsTheManifestSays) {
  const json::value manifest =
      base::read_json(read_file(std::string(kCases) + "manifest.json")).value();
  int cases = 0;
  for (const json::value& entry : manifest.at("cases").as_array()) {
    const std::string file(entry.at("file").as_string());
    const Result<ParsedRequest> result = parse_chat_request(read_file(kCases + file));
    ++cases;
    // A model that nobody serves is found out later, by the registry of models.
    if (entry.at("status").as_int64() != 400) {
      EXPECT_TRUE(result) << file << ": " << (result ? "" : result.error().message());
      continue;
    }
    ASSERT_FALSE(result) << file;
    EXPECT_EQ(result.error().param(), std::string(entry.at("fault").as_string())) << file;
    EXPECT_NE(result.error().code(), "") << file;
  }
  EXPECT_EQ(cases, 36);
}

TEST(ChatRequest, ABodyThatIsNoJsonObjectIsRefusedWithoutAParam) {
  const std::string words = ": : We could not parse the JSON body of your request: ";
  EXPECT_EQ(refusal(R"({"model": "m", "messages": [)"),
            words + "the text ends inside a value (at byte 28).");
  EXPECT_EQ(refusal("[]"), words + "it must be an object.");
  EXPECT_EQ(refusal(""), words + "the text is empty (at byte 0).");
  EXPECT_EQ(refusal(R"({"model":"m","n":1,"n":2})"),
            words + "the key 'n' stands there twice (at byte 20).");
}

TEST(ChatRequest, TheSeedsExampleMeansWhatItSays) {
  const ChatRequest request =
      parsed(read_file(std::string(kCases) + "003_seed000_stream.json")).request;
  EXPECT_EQ(request.model, "meta-llama/Llama-3.3-70B-Instruct");
  ASSERT_EQ(request.messages.size(), 4u);
  EXPECT_EQ(std::get<System>(request.messages[0]).name, "style guide");
  EXPECT_EQ(std::get<std::string>(*std::get<User>(request.messages[1]).content), "Good morning.");
  EXPECT_EQ(request.logit_bias.at("1234567890"), 0.5);
  EXPECT_EQ(request.logit_bias.at("1234567891"), -0.5);
  EXPECT_EQ(request.seed, 123);
  EXPECT_EQ(request.stop, std::vector<std::string>{R"(json(["stop", "halt"]))"});
  EXPECT_EQ(request.temperature, 0.7);
  EXPECT_EQ(request.frequency_penalty, 0.0);
  EXPECT_EQ(request.stream, true);
  EXPECT_EQ(request.stream_options->include_usage, true);
  EXPECT_TRUE(wants_logprobs(request));
  EXPECT_EQ(completion_token_cap(request), 16);
  const auto tools = unified_tools(request);
  ASSERT_TRUE(tools);
  ASSERT_EQ(tools->size(), 1u);
  EXPECT_EQ(tools->front().name, "lookup_tide");
  EXPECT_FALSE(answers_with_function_call(request));
}

// ---- Every field.

TEST(ChatRequest, EveryFieldReachesTheRequest) {
  const ChatRequest request = request_with(R"(
    "frequency_penalty":-2,"presence_penalty":2,"temperature":0,"top_p":0.5,"n":128,
    "max_completion_tokens":5,"max_tokens":7,"stop":"a","stream":true,
    "stream_options":{"include_usage":true,"include_obfuscation":false},
    "logit_bias":{"0":-100,"17":1.5},
    "logprobs":true,"top_logprobs":20,"seed":-9223372036854775808,"parallel_tool_calls":false,
    "reasoning_effort":"xhigh","service_tier":"flex","store":false,"metadata":{"a":"b"},"user":"u",
    "safety_identifier":"s","prompt_cache_key":"k","top_k":-1,"min_p":0.1,"repetition_penalty":1.1,
    "ignore_eos":true,"min_tokens":3,"guided_choice":["x","y"])");
  EXPECT_EQ(request.frequency_penalty, -2);
  EXPECT_EQ(request.presence_penalty, 2);
  EXPECT_EQ(request.temperature, 0);
  EXPECT_EQ(request.top_p, 0.5);
  EXPECT_EQ(request.n, 128);
  EXPECT_EQ(completion_token_cap(request), 5);
  EXPECT_EQ(request.max_tokens, 7);
  EXPECT_EQ(request.stop, std::vector<std::string>{"a"});
  EXPECT_EQ(request.stream_options->include_obfuscation, false);
  EXPECT_EQ(request.logit_bias, (std::map<std::string, double>{{"0", -100}, {"17", 1.5}}));
  EXPECT_EQ(request.logprobs, true);
  EXPECT_EQ(request.top_logprobs, 20);
  EXPECT_EQ(request.seed, INT64_MIN);
  EXPECT_EQ(request.parallel_tool_calls, false);
  EXPECT_EQ(request.reasoning_effort, "xhigh");
  EXPECT_EQ(request.service_tier, "flex");
  EXPECT_EQ(request.store, false);
  EXPECT_EQ(request.metadata.front(), (std::pair<std::string, std::string>("a", "b")));
  EXPECT_EQ(request.user, "u");
  EXPECT_EQ(request.safety_identifier, "s");
  EXPECT_EQ(request.prompt_cache_key, "k");
  EXPECT_EQ(request.top_k, -1);
  EXPECT_EQ(request.min_p, 0.1);
  EXPECT_EQ(request.repetition_penalty, 1.1);
  EXPECT_EQ(request.ignore_eos, true);
  EXPECT_EQ(request.min_tokens, 3);
  EXPECT_EQ(request.guided_choice.size(), 2u);
  EXPECT_EQ(request_with(R"("grammar":"root ::= \"a\"")").guided_grammar, "root ::= \"a\"");
  EXPECT_EQ(request_with(R"("guided_regex":"a+")").guided_regex, "a+");
}

TEST(ChatRequest, ExplicitNullMeansAbsent) {
  for (const char* name : {"audio",
                           "frequency_penalty",
                           "function_call",
                           "functions",
                           "grammar",
                           "guided_choice",
                           "guided_regex",
                           "ignore_eos",
                           "logit_bias",
                           "logprobs",
                           "max_completion_tokens",
                           "max_tokens",
                           "metadata",
                           "min_p",
                           "min_tokens",
                           "modalities",
                           "moderation",
                           "n",
                           "parallel_tool_calls",
                           "prediction",
                           "presence_penalty",
                           "prompt_cache_key",
                           "prompt_cache_options",
                           "prompt_cache_retention",
                           "reasoning_effort",
                           "repetition_penalty",
                           "response_format",
                           "safety_identifier",
                           "seed",
                           "service_tier",
                           "stop",
                           "store",
                           "stream",
                           "stream_options",
                           "temperature",
                           "tool_choice",
                           "tools",
                           "top_k",
                           "top_logprobs",
                           "top_p",
                           "user",
                           "verbosity",
                           "web_search_options"}) {
    const ParsedRequest result = parsed(body_with('"' + std::string(name) + "\":null"));
    EXPECT_TRUE(result.ignored.empty()) << name;
  }
  EXPECT_FALSE(wants_logprobs(request_with(R"("logprobs":null,"top_logprobs":null)")));
  EXPECT_EQ(refusal(R"({"model":null,"messages":[{"role":"user","content":"x"}]})"),
            "model: missing_required_parameter: Missing required parameter: 'model'.");
}

TEST(ChatRequest, DeclaredNoOpsAreAcceptedAndNotListed) {
  const ParsedRequest result = parsed(body_with(
      R"("verbosity":"medium","prompt_cache_retention":"24h",
         "prompt_cache_options":{"mode":"implicit"},
         "modalities":["text"])"));
  EXPECT_TRUE(result.ignored.empty());
}

TEST(ChatRequest, RefusalsSpeakOpenAIsWords) {
  EXPECT_EQ(refusal(body_with(R"("temperature":999)")),
            "temperature: decimal_above_max_value: Invalid 'temperature': decimal above maximum "
            "value. Expected a value <= 2, but got 999 instead.");
  EXPECT_EQ(
      refusal(body_with(R"("n":0)")),
      "n: integer_below_min_value: Invalid 'n': integer below minimum value. Expected a value "
      ">= 1, but got 0 instead.");
  EXPECT_EQ(refusal(body_with(R"("n":1.5)")),
            "n: invalid_type: Invalid type for 'n': expected an integer, but got a decimal number "
            "instead.");
  EXPECT_EQ(refusal(body_with(R"("stop":["a","b","c","d","e"])")),
            "stop: array_above_max_length: Invalid 'stop': array too long. Expected an array with "
            "maximum length 4, but got an array with length 5 instead.");
  EXPECT_EQ(
      refusal(R"({"model":"m","messages":[]})"),
      "messages: empty_array: Invalid 'messages': empty array. Expected an array with minimum "
      "length 1, but got an empty array instead.");
  EXPECT_EQ(refusal(body_with_message(R"({"role":"x","content":"hi"})")),
            "messages[0].role: invalid_value: Invalid value: 'x'. Supported values are: 'system', "
            "'assistant', 'user', 'function', 'tool', and 'developer'.");
  EXPECT_EQ(
      refusal(body_with_message(R"({"role":"user","content":{}})")),
      "messages[0].content: invalid_type: Invalid type for 'messages[0].content': expected one "
      "of a string or array of objects, but got an object instead.");
  EXPECT_EQ(refusal(body_with(R"("verbosity":"low")")),
            "verbosity: unsupported_value: Unsupported value: 'verbosity' does not support 'low' "
            "with this model. Supported values are: 'medium'.");
}

TEST(ChatRequest, TypesAndRangesAreStrict) {
  const std::pair<const char*, const char*> rows[] = {
      {R"("temperature":2.0000001)", "temperature: decimal_above_max_value"},
      {R"("temperature":-0.1)", "temperature: decimal_below_min_value"},
      {R"("temperature":true)", "temperature: invalid_type"},
      {R"("temperature":"1")", "temperature: invalid_type"},
      {R"("top_p":1.1)", "top_p: decimal_above_max_value"},
      {R"("top_p":-1)", "top_p: decimal_below_min_value"},
      {R"("presence_penalty":-2.1)", "presence_penalty: decimal_below_min_value"},
      {R"("frequency_penalty":[])", "frequency_penalty: invalid_type"},
      {R"("n":129)", "n: integer_above_max_value"},
      {R"("n":1.0)", "n: invalid_type"},
      {R"("n":1e0)", "n: invalid_type"},
      {R"("n":true)", "n: invalid_type"},
      {R"("n":"1")", "n: invalid_type"},
      {R"("seed":9223372036854775808)", "seed: integer_above_max_value"},
      {R"("seed":-9223372036854775809)", "seed: integer_below_min_value"},
      {R"("seed":1.5)", "seed: invalid_type"},
      {R"("max_tokens":0)", "max_tokens: integer_below_min_value"},
      {R"("max_completion_tokens":"many")", "max_completion_tokens: invalid_type"},
      {R"("top_logprobs":21)", "top_logprobs: integer_above_max_value"},
      {R"("top_logprobs":-1)", "top_logprobs: integer_below_min_value"},
      {R"("logprobs":1)", "logprobs: invalid_type"},
      {R"("logprobs":false,"top_logprobs":1)", "top_logprobs: invalid_value"},
      {R"("stream":"true")", "stream: invalid_type"},
      {R"("stream":1)", "stream: invalid_type"},
      {R"("stream":true,"stream_options":true)", "stream_options: invalid_type"},
      {R"("stream":true,"stream_options":{"include_usage":1})",
       "stream_options.include_usage: invalid_type"},
      {R"("stream_options":{"include_usage":true})", "stream_options: invalid_value"},
      {R"("stop":7)", "stop: invalid_type"},
      {R"("stop":["a",null])", "stop: invalid_type"},
      {R"("stop":"")", "stop: string_below_min_length"},
      {R"("stop":[""])", "stop: string_below_min_length"},
      {R"("logit_bias":[])", "logit_bias: invalid_type"},
      {R"("logit_bias":{"1":"x"})", "logit_bias: invalid_type"},
      {R"("logit_bias":{"-1":1})", "logit_bias: invalid_value"},
      {R"("logit_bias":{"01":1})", "logit_bias: invalid_value"},
      {R"("logit_bias":{"":1})", "logit_bias: invalid_value"},
      {R"("logit_bias":{"1":-100.5})", "logit_bias: decimal_below_min_value"},
      {R"("user":5)", "user: invalid_type"},
      {R"("service_tier":5)", "service_tier: invalid_type"},
      {R"("reasoning_effort":"extreme")", "reasoning_effort: invalid_value"},
      {R"("verbosity":"loud")", "verbosity: invalid_value"},
      {R"("prompt_cache_retention":"1y")", "prompt_cache_retention: invalid_value"},
      {R"("prompt_cache_options":1)", "prompt_cache_options: invalid_type"},
      {R"("min_p":1.5)", "min_p: decimal_above_max_value"},
      {R"("top_k":-2)", "top_k: integer_below_min_value"},
      {R"("repetition_penalty":0)", "repetition_penalty: decimal_below_min_value"},
      {R"("min_tokens":9,"max_tokens":8)", "min_tokens: invalid_value"},
      {R"("guided_choice":[])", "guided_choice: empty_array"},
      {R"("guided_regex":"a","guided_choice":["a"])", "guided_regex: invalid_value"},
      {R"("grammar":"a","guided_grammar":"a")", "guided_grammar: invalid_value"},
      {R"("response_format":{"type":"json_object"},"guided_regex":"a")",
       "guided_regex: invalid_value"},
  };
  for (const auto& [members, expected] : rows) EXPECT_EQ(fault(members), expected) << members;
  EXPECT_EQ(refusal(R"({"model":"","messages":[{"role":"user","content":"x"}]})").substr(0, 31),
            "model: string_below_min_length:");
}

TEST(ChatRequest, MetadataHasItsLimits) {
  std::string sixteen;
  for (int i = 0; i < 16; ++i) sixteen += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":\"v\"";
  EXPECT_EQ(fault("\"metadata\":{" + sixteen + "}"), "accepted");
  EXPECT_EQ(fault("\"metadata\":{" + sixteen + ",\"k16\":\"v\"}"),
            "metadata: object_above_max_properties");
  std::string wide;
  for (int i = 0; i < 64; ++i) wide += "é";
  EXPECT_EQ(fault("\"metadata\":{\"" + wide + "\":\"v\"}"), "accepted");
  EXPECT_EQ(fault("\"metadata\":{\"" + wide + "x\":\"v\"}"), "metadata: string_above_max_length");
  EXPECT_EQ(fault(R"("metadata":{"k":")" + std::string(512, 'v') + "\"}"), "accepted");
  EXPECT_EQ(fault(R"("metadata":{"k":")" + std::string(513, 'v') + "\"}"),
            "metadata: string_above_max_length");
  EXPECT_EQ(fault(R"("metadata":{"k":1})"), "metadata: invalid_type");
  EXPECT_EQ(fault(R"("safety_identifier":")" + std::string(65, 'v') + '"'),
            "safety_identifier: string_above_max_length");
}

TEST(ChatRequest, WhatIsNotDoneIsRefusedByName) {
  const std::pair<const char*, const char*> rows[] = {
      {R"("audio":{"voice":"alloy","format":"wav"})", "audio: unsupported_parameter"},
      {R"("modalities":["text","audio"])", "modalities: unsupported_parameter"},
      {R"("modalities":[])", "modalities: empty_array"},
      {R"("prediction":{"type":"content","content":"x"})", "prediction: unsupported_parameter"},
      {R"("web_search_options":{})", "web_search_options: unsupported_parameter"},
      {R"("moderation":{"model":"x"})", "moderation: unsupported_parameter"},
      {R"("store":true)", "store: unsupported_parameter"},
      {R"("store":1)", "store: invalid_type"},
      {R"("tools":[{"type":"custom","custom":{"name":"x","format":{"type":"grammar",
          "grammar":{"syntax":"lark","definition":"start: WORD"}}}}])",
       "tools[0].custom.format.grammar.syntax: unsupported_parameter"},
  };
  for (const auto& [members, expected] : rows) EXPECT_EQ(fault(members), expected) << members;
  EXPECT_EQ(message_fault(R"({"role":"assistant","content":"x","audio":{"id":"a"}})"),
            "messages[0].audio: unsupported_parameter");
}

TEST(ChatRequest, ResponseFormatTakesEveryForm) {
  using Type = ResponseFormat::Type;
  const auto format = [](const std::string& value) {
    return *request_with("\"response_format\":" + value).response_format;
  };
  EXPECT_EQ(format(R"({"type":"text","json_schema":null})").type, Type::text);
  EXPECT_EQ(format("\"json_object\"").type, Type::json_object);
  const ResponseFormat schema = format(R"({"type":"json_schema","json_schema":{"name":"n",
    "description":"d","schema":{"type": "object"},"strict":true}})");
  EXPECT_EQ(schema.type, Type::json_schema);
  EXPECT_EQ(schema.name, "n");
  EXPECT_EQ(schema.description, "d");
  EXPECT_EQ(schema.schema->text(), R"({"type": "object"})");
  EXPECT_EQ(schema.strict, true);
  const std::pair<const char*, const char*> rows[] = {
      {R"("response_format":{})", "response_format.type: missing_required_parameter"},
      {R"("response_format":{"type":"xml"})", "response_format.type: invalid_value"},
      {R"("response_format":"xml")", "response_format: invalid_value"},
      {R"("response_format":5)", "response_format: invalid_type"},
      {R"("response_format":{"type":"json_schema"})",
       "response_format.json_schema: missing_required_parameter"},
      {R"("response_format":"json_schema")",
       "response_format.json_schema: missing_required_parameter"},
      {R"("response_format":{"type":"json_schema","json_schema":{"schema":{}}})",
       "response_format.json_schema.name: missing_required_parameter"},
      {R"("response_format":{"type":"json_schema","json_schema":{"name":"a b"}})",
       "response_format.json_schema.name: invalid_value"},
      {R"("response_format":{"type":"json_schema","json_schema":{"name":"n","schema":[]}})",
       "response_format.json_schema.schema: invalid_type"},
  };
  for (const auto& [members, expected] : rows) EXPECT_EQ(fault(members), expected) << members;
}

TEST(ChatRequest, LongNamesAreCutInMessages) {
  const std::string text = refusal(body_with("\"verbosity\":\"" + std::string(1 << 20, 'v') + '"'));
  EXPECT_LT(text.size(), 300u);
}

}  // namespace
}  // namespace retort::protocol
