// Reading answers: ours, and those of the services whose recordings we have.
#include "protocol/chat_reader.h"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/json_reader.h"
#include "protocol/chat_writer.h"
#include "protocol/model_list.h"

namespace retort::protocol {
namespace {

const std::filesystem::path kFixtures = RETORT_SHARED_DIR "/data/wire_fixtures";

std::string problem(std::string_view json) {
  const Result<ChatCompletion> read = read_chat_completion(json);
  return read ? "" : read.error().message();
}

TEST(ChatReader, ReadsWhatTheWriterWrote) {
  ChatCompletion completion{.id = "i", .created = 5, .model = "m"};
  TokenLogprob token{.token = "a", .logprob = -0.25, .bytes = {{97}}};
  token.top_logprobs.push_back({.token = "b", .logprob = -1.5});
  Choice choice{.index = 2, .finish_reason = FinishReason::length};
  choice.message = {.content = "x", .refusal = "r", .reasoning_content = "why"};
  choice.message.tool_calls.push_back({.id = "c", .function = {.name = "f", .arguments = "{"}});
  choice.message.function_call = FunctionCall{.name = "g", .arguments = ""};
  choice.logprobs = Logprobs{.content = {{token}}, .refusal = {{}}};
  choice.extra.emplace_back("stop_reason", Json::trusted("7"));
  completion.choices.push_back(choice);
  completion.usage = Usage{.prompt_tokens = 1, .completion_tokens = 2, .total_tokens = 3};
  completion.usage->prompt_tokens_details = PromptTokensDetails{.cached_tokens = 4};
  completion.extra.emplace_back("signature", Json::trusted("\"s\""));
  std::string first;
  write_chat_completion(first, completion, {});
  const Result<ChatCompletion> read = read_chat_completion(first);
  ASSERT_TRUE(read) << read.error().message();
  std::string second;
  write_chat_completion(second, *read, {});
  EXPECT_EQ(first, second);
}

TEST(ChatReader, ReadsEveryRecordedService) {
  if (!std::filesystem::exists(kFixtures)) GTEST_SKIP() << kFixtures << " is not there";
  int answers = 0;
  int chunks = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFixtures)) {
    std::ifstream in(entry.path(), std::ios::binary);
    if (entry.path().extension() == ".json") {
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      const Result<ChatCompletion> read = read_chat_completion(text);
      ASSERT_TRUE(read) << entry.path() << read.error().message();
      ASSERT_FALSE(read->choices.empty());
      EXPECT_TRUE(read->choices[0].message.content) << entry.path();
      EXPECT_TRUE(read->choices[0].finish_reason);
      EXPECT_GT(read->usage->total_tokens, 0);
      ++answers;
      continue;
    }
    for (std::string line; std::getline(in, line);) {
      if (line.empty()) continue;
      const Result<ChatChunk> read = read_chat_chunk(line);
      ASSERT_TRUE(read) << entry.path() << line << read.error().message();
      ++chunks;
    }
  }
  EXPECT_EQ(answers, 10);
  EXPECT_GT(chunks, 1500);
}

TEST(ChatReader, NullIsAbsentAndUnknownMembersAreKept) {
  const Result<ChatCompletion> read = read_chat_completion(
      R"({"choices":[{"message":{"content":null,"tool_calls":null,"audio":{"id": "a"}},
          "finish_reason":null,"logprobs":null}],"usage":null,"created":1.7e9,"x":null})");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->created, 1700000000);
  EXPECT_FALSE(read->choices[0].message.content);
  EXPECT_EQ(read->choices[0].message.role, "assistant");
  EXPECT_EQ(read->choices[0].message.extra.at(0).second.text(), R"({"id": "a"})");
  EXPECT_FALSE(read->usage);
  EXPECT_TRUE(read->extra.at(0).second.is_null());
}

TEST(ChatReader, TakesServicesThatDiffer) {
  const ChatChunk chunk =
      read_chat_chunk(
          R"({"choices":[{"delta":{"tool_calls":[{"function":{"name":"f","arguments":{"a": 1}}},
          {"function":{"name":"g"}}],"content":[{"type":"text","text":"x"}]}}]})")
          .value();
  const Delta& delta = chunk.choices.at(0).delta;
  EXPECT_EQ(delta.tool_calls.at(0).index, 0);
  EXPECT_EQ(delta.tool_calls.at(0).arguments, R"({"a": 1})");
  EXPECT_EQ(delta.tool_calls.at(1).index, 1);
  EXPECT_EQ(delta.content, "x");
}

TEST(ChatReader, WrongTypesAreNamedByPath) {
  EXPECT_EQ(problem("[]"), "the answer is not a JSON object");
  EXPECT_EQ(problem("<html>"), "syntax error (at byte 0)");
  EXPECT_EQ(problem("{}"), "the answer cannot be read: Missing required parameter: 'choices'.");
  EXPECT_EQ(problem(R"({"choices":"[]"})"),
            "the answer cannot be read: Invalid type for 'choices': expected an array, but got a "
            "string instead.");
  EXPECT_EQ(problem(R"({"choices":[{"index":"0"}]})"),
            "the answer cannot be read: Invalid type for 'choices[0].index': expected an integer, "
            "but got a string instead.");
  EXPECT_NE(problem(R"({"choices":[],"created":1e300})"), "");
  EXPECT_NE(problem(R"({"choices":[{"logprobs":{"content":[{"bytes":[256]}]}}]})"), "");
  EXPECT_EQ(read_chat_chunk(R"({"choices":5})").error().kind(), ErrorKind::malformed);
}

TEST(ChatReader, AnErrorEventBecomesThatError) {
  const Result<ChatChunk> read = read_chat_chunk(
      R"({"error":{"message":"too long","type":"server_error","code":"context_length_exceeded"}})");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message(), "too long");
  EXPECT_EQ(read.error().code(), "context_length_exceeded");
  EXPECT_EQ(read.error().type(), "server_error");
  EXPECT_TRUE(read_chat_chunk(R"({"error":null,"choices":[]})"));
  EXPECT_FALSE(read_chat_completion(R"({"object":"error","message":"no","code":400})"));
}

TEST(ModelList, WritesAndReadsItsEntries) {
  const std::vector<ModelInfo> models = {{.id = "a/b", .created = 5, .owned_by = "me"},
                                         {.id = "c", .created = 6, .owned_by = "you"}};
  const std::string body = model_list_body(models);
  EXPECT_EQ(body,
            R"({"object":"list","data":[{"id":"a/b","object":"model","created":5,"owned_by":"me"},)"
            R"({"id":"c","object":"model","created":6,"owned_by":"you"}]})");
  EXPECT_EQ(model_body(models[0]), R"({"id":"a/b","object":"model","created":5,"owned_by":"me"})");
  const auto read = read_model_list(body);
  ASSERT_TRUE(read);
  EXPECT_EQ(model_list_body(*read), body);
  EXPECT_TRUE(read_model_list(R"({"data":[{"id":"x","context_length":9}]})"));
  for (const char* bad : {"{}", "[]", R"({"data":[{}]})", R"({"data":[1]})", R"({"data":{}})"}) {
    EXPECT_FALSE(read_model_list(bad)) << bad;
  }
}

}  // namespace
}  // namespace retort::protocol
