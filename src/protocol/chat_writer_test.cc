// Golden answers, the clients that need another spelling, and writing what a real service wrote.
#include "protocol/chat_writer.h"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>

#include "base/json_reader.h"
#include "protocol/chat_reader.h"

namespace retort::protocol {
namespace {

namespace json = boost::json;

const std::filesystem::path kFixtures = RETORT_SHARED_DIR "/data/wire_fixtures";

std::string written(const ChatCompletion& completion, const WireStyle& style = {}) {
  std::string out;
  write_chat_completion(out, completion, style);
  return out;
}

std::string written(const ChatChunk& chunk, const WireStyle& style = {}) {
  std::string out;
  write_chat_chunk(out, chunk, style);
  return out;
}

ChatChunk chunk_with(const Delta& delta) {
  return {.id = "c", .created = 7, .model = "m", .choices = {{.index = 0, .delta = delta}}};
}

// The delta's JSON within a chunk's.
std::string delta_of(const std::string& chunk) {
  const std::size_t begin = chunk.find("\"delta\":") + 8;
  return chunk.substr(begin, chunk.find(",\"logprobs\":") - begin);
}

ChatCompletion text_answer() {
  ChatCompletion completion{.id = "chatcmpl-1", .created = 1700000000, .model = "m"};
  completion.choices.push_back(
      {.index = 0, .message = {.content = "Hi \"you\"\n"}, .finish_reason = FinishReason::stop});
  completion.usage = Usage{.prompt_tokens = 3, .completion_tokens = 2, .total_tokens = 5};
  completion.usage->prompt_tokens_details = PromptTokensDetails{.cached_tokens = 1};
  completion.usage->completion_tokens_details = CompletionTokensDetails{};
  completion.service_tier = "default";
  completion.system_fingerprint = "fp_1";
  return completion;
}

ChatCompletion tool_answer() {
  ChatCompletion completion{.id = "x", .created = 1, .model = "m"};
  AnswerMessage message;
  message.tool_calls.push_back(
      {.id = "call_1", .function = {.name = "f", .arguments = "{\"a\":1}"}});
  completion.choices.push_back(
      {.index = 0, .message = message, .finish_reason = FinishReason::tool_calls});
  return completion;
}

TEST(ChatWriter, WritesACompletionInTheServicesOrder) {
  EXPECT_EQ(written(text_answer()),
            R"({"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"m",)"
            R"("choices":[{"index":0,"message":{"role":"assistant","content":"Hi \"you\"\n",)"
            R"("refusal":null},"logprobs":null,"finish_reason":"stop"}],)"
            R"("usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,)"
            R"("prompt_tokens_details":{"cached_tokens":1,"audio_tokens":0},)"
            R"("completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,)"
            R"("accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},)"
            R"("service_tier":"default","system_fingerprint":"fp_1"})");
}

TEST(ChatWriter, AToolAnswersContentIsNullButForOlderAtomaClients) {
  EXPECT_EQ(
      written(tool_answer()),
      R"({"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,)"
      R"("message":{"role":"assistant","content":null,"refusal":null,"tool_calls":[)"
      R"({"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},)"
      R"("logprobs":null,"finish_reason":"tool_calls"}]})");
  EXPECT_NE(written(tool_answer(), {.content_never_null = true})
                .find(R"("role":"assistant","content":"","refusal":null)"),
            std::string::npos);
}

TEST(ChatWriter, AFunctionAnswerHasTheLegacyForm) {
  ChatCompletion completion{.id = "x", .created = 1, .model = "m"};
  completion.choices.push_back({.message = {.function_call = FunctionCall{"f", "{}"}},
                                .finish_reason = FinishReason::function_call});
  EXPECT_NE(written(completion)
                .find(R"("content":null,"refusal":null,"function_call":)"
                      R"({"name":"f","arguments":"{}"}},"logprobs":null,)"
                      R"("finish_reason":"function_call")"),
            std::string::npos);
}

TEST(ChatWriter, LogprobsAreTheSupersetAndFinite) {
  ChatCompletion completion = text_answer();
  TokenLogprob token{.token = "\xf0\x9f", .logprob = -0.5, .bytes = {{0xf0, 0x9f}}};
  token.top_logprobs.push_back(
      {.token = "a", .logprob = -std::numeric_limits<double>::infinity(), .bytes = {{97}}});
  token.top_logprobs.push_back({.token = "b", .logprob = std::nan("")});
  completion.choices[0].logprobs = Logprobs{.content = {{token}}};
  EXPECT_NE(written(completion)
                .find("\"logprobs\":{\"content\":[{\"token\":\"\xef\xbf\xbd\xef\xbf\xbd\","
                      "\"logprob\":-0.5,\"bytes\":[240,159],\"top_logprobs\":["
                      "{\"token\":\"a\",\"logprob\":-9999.0,\"bytes\":[97]},"
                      "{\"token\":\"b\",\"logprob\":-9999.0,\"bytes\":null}]}],\"refusal\":null}"),
            std::string::npos)
      << written(completion);
}

TEST(ChatWriter, DeltasHaveWhatTheSequenceNeeds) {
  EXPECT_EQ(delta_of(written(chunk_with({.role = "assistant", .content = ""}))),
            R"({"role":"assistant","content":"","refusal":null})");
  EXPECT_EQ(delta_of(written(chunk_with({.role = "assistant"}))),
            R"({"role":"assistant","content":null,"refusal":null})");
  EXPECT_EQ(delta_of(written(chunk_with({.content = "x"}))), R"({"content":"x"})");
  EXPECT_EQ(delta_of(written(chunk_with({.refusal = "no"}))), R"({"refusal":"no"})");
  EXPECT_EQ(delta_of(written(chunk_with({}))), "{}");
  EXPECT_EQ(delta_of(written(chunk_with({.function_call = FunctionCall{"f", ""}}))),
            R"({"function_call":{"name":"f","arguments":""}})");
  EXPECT_EQ(delta_of(written(chunk_with({.function_call = FunctionCall{"", "{"}}))),
            R"({"function_call":{"arguments":"{"}})");
}

TEST(ChatWriter, EveryToolFragmentHasIndexIdAndType) {
  const ToolCallDelta first{
      .index = 1, .id = "c1", .type = "function", .name = "f", .arguments = ""};
  const ToolCallDelta later{.index = 1, .arguments = "{\"a"};
  EXPECT_EQ(delta_of(written(chunk_with({.tool_calls = {first}}))),
            R"({"tool_calls":[{"index":1,"id":"c1","type":"function",)"
            R"("function":{"name":"f","arguments":""}}]})");
  EXPECT_EQ(delta_of(written(chunk_with({.tool_calls = {later}}))),
            R"({"tool_calls":[{"index":1,"id":"","type":"function",)"
            R"("function":{"arguments":"{\"a"}}]})");
}

TEST(ChatWriter, ALaterFragmentHasNoIdWhereAnEmptyOneIsMisread) {
  const ToolCallDelta first{.index = 0, .id = "c1", .type = "function", .name = "f"};
  EXPECT_NE(
      written(chunk_with({.tool_calls = {first}}), {.call_id_once = true}).find(R"("id":"c1")"),
      std::string::npos);
  const ToolCallDelta later{.index = 0, .arguments = "{"};
  EXPECT_EQ(delta_of(written(chunk_with({.tool_calls = {later}}), {.call_id_once = true})),
            R"({"tool_calls":[{"index":0,"type":"function","function":{"arguments":"{"}}]})");
}

TEST(ChatWriter, ACustomToolsCallHasItsInput) {
  ChatCompletion completion;
  completion.choices.push_back(
      {.message = {
           .tool_calls = {
               {.id = "1", .type = "custom", .function = {.name = "c", .arguments = "any"}}}}});
  const char* call = R"({"id":"1","type":"custom","custom":{"name":"c","input":"any"}})";
  EXPECT_NE(written(completion).find(call), std::string::npos) << written(completion);
  EXPECT_EQ(written(read_chat_completion(written(completion)).value()), written(completion));
  Delta delta;
  delta.tool_calls.push_back(
      {.index = 0, .id = "1", .type = "custom", .name = "c", .arguments = "any"});
  const std::string chunk = written(chunk_with(delta));
  EXPECT_NE(
      chunk.find(R"({"index":0,"id":"1","type":"custom","custom":{"name":"c","input":"any"}})"),
      std::string::npos)
      << chunk;
  EXPECT_EQ(written(read_chat_chunk(chunk).value()), chunk);
}

TEST(ChatWriter, UsageIsNullOnTheOtherChunksWhereAsked) {
  ChatChunk chunk = chunk_with({.content = "x"});
  EXPECT_EQ(written(chunk),
            R"({"id":"c","object":"chat.completion.chunk","created":7,"model":"m","choices":)"
            R"([{"index":0,"delta":{"content":"x"},"logprobs":null,"finish_reason":null}]})");
  EXPECT_TRUE(written(chunk, {.usage_null = true}).ends_with(",\"usage\":null}"));
  chunk.choices.clear();
  chunk.usage = Usage{.prompt_tokens = 1, .completion_tokens = 2, .total_tokens = 3};
  EXPECT_TRUE(written(chunk, {.usage_null = true})
                  .ends_with(R"("choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,)"
                             R"("total_tokens":3}})"));
}

TEST(ChatWriter, ObfuscationPadsToSixteenBytesAndOne) {
  for (std::size_t length = 0; length < 40; ++length) {
    const ChatChunk chunk = chunk_with({.content = std::string(length, 'x')});
    std::string out = "before";
    write_chat_chunk(out, chunk, {.obfuscation = true});
    EXPECT_EQ((out.size() - 6) % 16, 1u);
    EXPECT_LE(out.size() - 6, written(chunk).size() + 17 + 15);
    EXPECT_TRUE(base::check_json(std::string_view(out).substr(6)));
  }
}

TEST(ChatWriter, AnyBytesBecomeValidJson) {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  ChatCompletion completion{.id = every, .model = every, .system_fingerprint = every};
  completion.choices.push_back({.message = {.content = every, .refusal = every}});
  EXPECT_TRUE(base::check_json(written(completion)));
  EXPECT_TRUE(base::check_json(written(chunk_with({.role = every, .content = every}))));
}

TEST(WireStyle, IsReadFromTheUserAgentAndTheRequest) {
  ChatRequest request;
  const WireStyle plain = wire_style_for("OpenAI/JS 6.1.0", request);
  EXPECT_FALSE(plain.content_never_null || plain.usage_chunk || plain.usage_null ||
               plain.obfuscation || plain.fill_last_event);
  EXPECT_TRUE(plain.call_id_once);
  const WireStyle older =
      wire_style_for("speakeasy-sdk/python 0.1.0 2.486.6 0.1.0 atoma-sdk", request);
  EXPECT_TRUE(older.content_never_null && older.usage_chunk);
  EXPECT_FALSE(older.usage_null || older.fill_last_event);
  const WireStyle newer =
      wire_style_for("speakeasy-sdk/typescript 0.0.2 2.588.0 0.1.0 atoma-sdk", request);
  EXPECT_TRUE(newer.usage_chunk && newer.fill_last_event);
  EXPECT_FALSE(newer.content_never_null || newer.call_id_once);
  request.stream_options = StreamOptions{.include_usage = true, .include_obfuscation = true};
  const WireStyle asked = wire_style_for("", request);
  EXPECT_TRUE(asked.usage_chunk && asked.usage_null && asked.obfuscation);
  EXPECT_FALSE(asked.call_id_once);
  request.stream_options = StreamOptions{.include_usage = false, .include_obfuscation = false};
  const WireStyle declined = wire_style_for("speakeasy-sdk/python 0.1.0 2.588.0 0.1.0 a", request);
  EXPECT_FALSE(declined.usage_chunk || declined.usage_null || declined.obfuscation);
}

// ---- What OpenAI's service wrote, read and written again.

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

TEST(ChatWriter, WritesWhatOpenAIsServiceWrote) {
  if (!std::filesystem::exists(kFixtures)) GTEST_SKIP() << kFixtures << " is not there";
  std::ifstream in(kFixtures / "openai-text.json", std::ios::binary);
  const std::string recorded{std::istreambuf_iterator<char>(in), {}};
  const Result<ChatCompletion> read = read_chat_completion(recorded);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(base::read_json(written(*read)).value(), base::read_json(recorded).value());
}

// Byte for byte: the key order of a chunk is the service's.
TEST(ChatWriter, WritesOpenAIsChunksByteForByte) {
  if (!std::filesystem::exists(kFixtures)) GTEST_SKIP() << kFixtures << " is not there";
  int compared = 0;
  for (const std::string& line : lines_of(kFixtures / "openai-text.chunks.txt")) {
    const Result<ChatChunk> read = read_chat_chunk(line);
    ASSERT_TRUE(read) << read.error().message();
    const std::string bare = line.substr(0, line.find(",\"obfuscation\":")) + "}";
    EXPECT_EQ(written(*read, {.usage_null = true}), bare);
    ++compared;
  }
  EXPECT_GE(compared, 300);
}

}  // namespace
}  // namespace retort::protocol
