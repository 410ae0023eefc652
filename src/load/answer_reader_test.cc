#include "load/answer_reader.h"

#include <gtest/gtest.h>

namespace retort::load {
namespace {

using std::chrono::milliseconds;

constexpr AnswerTimes::Time at(int ms) {
  return AnswerTimes::Time(milliseconds(ms));
}

std::string content(const std::string& text) {
  return R"(data: {"choices":[{"index":0,"delta":{"content":")" + text + "\"}}]}\n\n";
}
const std::string kRole =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
const std::string kUsage =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\n";
const std::string kDone = "data: [DONE]\n\n";

TEST(AnswerReader, TimesThePiecesOfTextAndNotTheRole) {
  AnswerReader reader;
  ASSERT_TRUE(reader.push(kRole, at(1)));
  EXPECT_FALSE(reader.times().first_token);
  ASSERT_TRUE(reader.push(content("a"), at(5)));
  ASSERT_TRUE(reader.push(content("b") + kUsage, at(8)));
  ASSERT_TRUE(reader.push(kDone, at(9)));
  EXPECT_EQ(reader.times().first_token, at(5));
  ASSERT_EQ(reader.times().gaps.size(), 1u);
  EXPECT_EQ(reader.times().gaps[0], milliseconds(3));
  const Result<AnswerCounts> counts = reader.finish(2);
  ASSERT_TRUE(counts) << counts.error().message();
  EXPECT_EQ(counts->prompt_tokens, 9);
  EXPECT_EQ(counts->completion_tokens, 2);
}

TEST(AnswerReader, TheEndIsNoTokenOfItsOwn) {
  AnswerReader reader;
  ASSERT_TRUE(reader.push(content("a"), at(5)));
  ASSERT_TRUE(
      reader.push("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n", at(9)));
  EXPECT_TRUE(reader.times().gaps.empty());
  EXPECT_EQ(reader.times().last_token, at(5));
}

TEST(AnswerReader, ThinkingIsTextToo) {
  AnswerReader reader;
  ASSERT_TRUE(reader.push(
      "data: {\"choices\":[{\"delta\":{\"content\":null,\"reasoning_content\":\"hm\"}}]}\n\n",
      at(3)));
  EXPECT_EQ(reader.times().first_token, at(3));
}

TEST(AnswerReader, ATokenWithoutTextIsTimedByItsEnd) {
  AnswerReader reader;
  ASSERT_TRUE(
      reader.push("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n", at(4)));
  EXPECT_EQ(reader.times().first_token, at(4));
}

TEST(AnswerReader, SaysWhatIsWrongWithAnAnswer) {
  const auto said = [](const std::string& bytes) {
    AnswerReader reader;
    const Result<void> read = reader.push(bytes, at(1));
    if (!read) return read.error().message();
    const Result<AnswerCounts> counts = reader.finish(2);
    return counts ? std::string("nothing") : counts.error().message();
  };
  EXPECT_EQ(said(content("a") + kUsage + kDone), "nothing");
  EXPECT_EQ(said(content("a") + kUsage), "a stream that ends before [DONE]");
  EXPECT_EQ(said(content("a") + kDone), "a stream without usage");
  EXPECT_EQ(said(kUsage + kDone), "a stream without a token");
  EXPECT_EQ(said("data: {\n\n"), "an event that is no JSON object");
  EXPECT_EQ(said("data: 1\n\n"), "an event that is no JSON object");
  EXPECT_EQ(said("data: {\"usage\":{}}\n\n"), "a usage without counts");
  EXPECT_EQ(said("data: {\"error\":{\"message\":\"a\\nb\"}}\n\n"), "an error in the stream: a b");
  EXPECT_EQ(said("data: {\"error\":7}\n\n"), "an error in the stream");
  EXPECT_EQ(said("data: {\"error\":\"busy\"}\n\n"), "an error in the stream: busy");
  EXPECT_EQ(said(kDone + content("a")), "an event behind [DONE]");
  for (const char* count : {"-1", "1e3", "\"2\"", "99999999999999999999", "9999999999"}) {
    EXPECT_EQ(said(std::string("data: {\"usage\":{\"prompt_tokens\":") + count +
                   ",\"completion_tokens\":2}}\n\n"),
              "a usage without counts");
  }
  EXPECT_EQ(said("data: " + std::string(AnswerReader::kEventBytesMax + 1, 'x')),
            "an event of the stream is larger than 1048576 bytes");
  std::string three = kUsage;
  three.replace(three.find(":2"), 2, ":3");
  EXPECT_EQ(said(content("a") + three + kDone), "another number of tokens than --output-tokens");
}

TEST(AnswerReader, AnErrorsMessageIsFoundWhereverServersPutIt) {
  EXPECT_EQ(error_message(R"({"error":{"message":"a\nb"}})"), "a b");
  EXPECT_EQ(error_message(R"({"error":"a"})"), "a");
  EXPECT_EQ(error_message(R"({"object":"error","message":"a"})"), "a");
  for (const char* body :
       {"", "busy", "[]", "{}", R"({"error":null})", R"({"error":{"message":1}})"}) {
    EXPECT_EQ(error_message(body), "") << body;
  }
}

}  // namespace
}  // namespace retort::load
