// Requests written and read again: nothing is lost on the way.
#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/json_reader.h"
#include "protocol/chat_request.h"
#include "protocol/chat_request_testing.h"

namespace retort::protocol {
namespace {

std::string written(const ChatRequest& request) {
  std::string out;
  write_chat_request(out, request);
  return out;
}

boost::json::value json(const std::string& text) {
  const Result<boost::json::value> value = base::read_json(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : boost::json::value();
}

// Reads a body that spells each field as the writer does, and expects it back.
void expect_same(const std::string& body) {
  EXPECT_EQ(json(written(parsed(body).request)), json(body)) << body;
}

TEST(RequestWriter, KeepsEveryOption) {
  expect_same(body_with(R"(
    "frequency_penalty":-2,"presence_penalty":2,"temperature":0,"top_p":0.5,"n":128,
    "max_completion_tokens":5,"max_tokens":7,"stop":["a","b"],"stream":true,
    "stream_options":{"include_usage":true,"include_obfuscation":false},
    "logit_bias":{"0":-100,"17":1.5},"logprobs":true,"top_logprobs":20,
    "seed":-9223372036854775808,"parallel_tool_calls":false,"reasoning_effort":"xhigh",
    "service_tier":"flex","store":false,"metadata":{"a":"b","c":""},"user":"u",
    "safety_identifier":"s","prompt_cache_key":"k","top_k":-1,"min_p":0.1,
    "repetition_penalty":1.1,"ignore_eos":true,"min_tokens":3,"guided_choice":["x","y"],
    "made_up":{"by":["a",{"client":null}]})"));
  expect_same(body_with(R"("guided_grammar":"root ::= \"a\"")"));
  expect_same(body_with(R"("guided_regex":"a+")"));
  expect_same(body_with(R"("response_format":{"type":"text"})"));
  expect_same(body_with(R"("response_format":{"type":"json_object"})"));
  expect_same(body_with(R"("response_format":{"type":"json_schema","json_schema":{"name":"n",
    "description":"d","schema":{"type":"object","minimum":1.50},"strict":true}})"));
}

// What this server refuses and others serve, in the words of OpenAI's schema.
TEST(RequestWriter, WritesWhatHostedServicesKnow) {
  ChatRequest request;
  request.model = "m";
  request.audio = AudioOptions{.voice = "alloy", .format = "wav"};
  request.modalities = {"text", "audio"};
  request.moderation = ModerationOptions{.model = "omni"};
  request.prediction = Prediction{.content = "int main() {}"};
  request.prompt_cache_options = PromptCacheOptions{.mode = "explicit", .ttl = "30m"};
  request.prompt_cache_retention = "24h";
  request.verbosity = "low";
  request.web_search_options = WebSearchOptions{
      .search_context_size = "high",
      .user_location = UserLocation{.city = "Paris", .country = "FR", .timezone = "Europe/Paris"}};
  EXPECT_EQ(json(written(request)), json(R"({"model":"m","messages":[],
    "audio":{"voice":"alloy","format":"wav"},"modalities":["text","audio"],
    "moderation":{"model":"omni"},"prediction":{"type":"content","content":"int main() {}"},
    "prompt_cache_options":{"mode":"explicit","ttl":"30m"},"prompt_cache_retention":"24h",
    "verbosity":"low","web_search_options":{"search_context_size":"high","user_location":
    {"type":"approximate","approximate":
     {"city":"Paris","country":"FR","timezone":"Europe/Paris"}}}})"));
}

TEST(RequestWriter, KeepsWhatThisServerAcceptsWithoutAnEffect) {
  expect_same(body_with(R"("modalities":["text"],"verbosity":"medium",
    "prompt_cache_retention":"24h","prompt_cache_options":{"mode":"implicit","ttl":"30m"})"));
}

TEST(RequestWriter, KeepsEveryMessage) {
  expect_same(body_with_message(R"(
    {"role":"system","content":"be brief","name":"a"},
    {"role":"developer","content":[{"type":"text","text":"x","cache":1}]},
    {"role":"user","content":[{"type":"text","text":"what?"},
      {"type":"image_url","image_url":{"url":"https://a/b.png","detail":"low"},"more":true},
      {"type":"file","file":{"file_id":"f"}}],"mood":"good"},
    {"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","x":1,
      "function":{"name":"f","arguments":"{\"a\": 1}","y":2}}]},
    {"role":"tool","content":"4","tool_call_id":"1"},
    {"role":"assistant","content":null,"tool_calls":[{"id":"2","type":"custom",
      "custom":{"name":"c","input":"any \"text\""}}]},
    {"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"},
      "reasoning_content":"hm","name":"b"},
    {"role":"function","content":null,"name":"f"},
    {"role":"assistant","content":[{"type":"refusal","refusal":"no"}]},
    {"role":"assistant","content":"\u0000\u00e9\ud83d\ude00","refusal":"never"})"));
}

TEST(RequestWriter, KeepsToolsAndChoices) {
  const std::string tools = R"("tools":[{"type":"function","function":{"name":"f",
    "description":"d","parameters":{"type":"object","properties":{}},"strict":true,"x":1}},
    {"type":"function","function":{"name":"g"},"y":2}])";
  for (const char* choice :
       {R"("none")", R"("auto")", R"("required")", R"({"type":"function","function":{"name":"f"}})",
        R"({"type":"allowed_tools","allowed_tools":{"mode":"auto",
           "tools":[{"type":"function","function":{"name":"f"}}]}})",
        R"({"type":"allowed_tools","allowed_tools":{"mode":"required",
           "tools":[{"type":"function","function":{"name":"g"}}]}})"}) {
    expect_same(body_with(tools + ",\"tool_choice\":" + choice));
  }
  const std::string custom =
      R"("tools":[{"type":"custom","custom":{"name":"c","format":{"type":"text"},"x":1},"y":2}])";
  for (const char* choice : {R"({"type":"custom","custom":{"name":"c"}})",
                             R"({"type":"allowed_tools","allowed_tools":{"mode":"auto",
           "tools":[{"type":"custom","custom":{"name":"c"}}]}})"}) {
    expect_same(body_with(custom + ",\"tool_choice\":" + choice));
  }
  for (const char* choice : {R"("none")", R"("auto")", R"({"name":"f"})"}) {
    expect_same(body_with(R"("functions":[{"name":"f","parameters":{}}],"function_call":)" +
                          std::string(choice)));
  }
}

TEST(RequestWriter, WritesAnEmptyRequestAndStrangeNumbers) {
  EXPECT_EQ(written({}), R"({"model":"","messages":[]})");
  ChatRequest request;
  request.temperature = 1;
  request.top_p = 1e300;
  EXPECT_EQ(written(request), R"({"model":"","messages":[],"temperature":1,"top_p":1e+300})");
}

// Other spellings of the same request are written as one.
TEST(RequestWriter, IsStableOnTheSharedCases) {
  const std::filesystem::path folder = std::filesystem::path(RETORT_SHARED_DIR) / "cases";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "skipped: " << folder << " is not there";
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string body{std::istreambuf_iterator<char>(in), {}};
    const Result<ParsedRequest> request = parse_chat_request(body);
    if (!request) continue;
    const std::string once = written(request->request);
    EXPECT_EQ(written(parsed(once).request), once) << entry.path();
    ++compared;
  }
  EXPECT_GE(compared, 15);
}

}  // namespace
}  // namespace retort::protocol
