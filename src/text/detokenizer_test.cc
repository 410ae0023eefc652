#include "text/detokenizer.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "base/utf8.h"

namespace retort::text {
namespace {

const std::filesystem::path kGoldens =
    std::filesystem::path(RETORT_SOURCE_DIR) / "tests" / "golden" / "tokenizer";

Tokenizer open_golden(const char* name) {
  return Tokenizer::make(vocabulary_from_hugging_face(kGoldens / name).value()).value();
}

std::vector<std::string> golden_strings() {
  std::ifstream file(kGoldens / "strings.json");
  return boost::json::value_to<std::vector<std::string>>(boost::json::parse(file));
}

std::string decode(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  Detokenizer detokenizer(tokenizer);
  std::string text;
  for (const TokenId id : ids) {
    text += detokenizer.push(id);
    EXPECT_TRUE(base::is_utf8(text));
  }
  return text + detokenizer.finish();
}

TEST(Detokenizer, GivesBackEveryTextThatAByteLevelTokenizerEncoded) {
  for (const char* name : {"gpt2", "llama3", "digits", "llama2"}) {
    const Tokenizer tokenizer = open_golden(name);
    for (const std::string& text : golden_strings()) {
      // SentencePiece writes a space as U+2581, so that sign itself comes back as one.
      const bool has_mark = text.find("\xE2\x96\x81") != std::string::npos;
      if (has_mark && tokenizer.strips_leading_space()) continue;
      EXPECT_EQ(decode(tokenizer, tokenizer.encode(text)), text) << name;
    }
  }
}

TEST(Detokenizer, DecodesRandomTokensAsHuggingFaceDoes) {
  for (const char* name : {"gpt2", "llama3", "qwen2", "digits", "metaspace", "unigram"}) {
    const Tokenizer tokenizer = open_golden(name);
    std::ifstream file(kGoldens / name / "decoded.jsonl");
    int rows = 0;
    for (std::string line; std::getline(file, line); ++rows) {
      const auto row = boost::json::parse(line).as_object();
      const auto ids = boost::json::value_to<std::vector<TokenId>>(row.at("ids"));
      EXPECT_EQ(decode(tokenizer, ids), boost::json::value_to<std::string>(row.at("text"))) << line;
    }
    EXPECT_EQ(rows, 100);
  }
}

TEST(Detokenizer, HoldsACharacterBackUntilItIsWhole) {
  const Tokenizer tokenizer = open_golden("gpt2");
  const std::vector<TokenId> ids = tokenizer.encode("\U0001F9FF");
  ASSERT_GT(ids.size(), 1u);
  Detokenizer detokenizer(tokenizer);
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) EXPECT_EQ(detokenizer.push(ids[i]), "");
  EXPECT_EQ(detokenizer.push(ids.back()), "\U0001F9FF");
  EXPECT_EQ(detokenizer.finish(), "");
}

TEST(Detokenizer, SkipsControlTokensUnlessAskedForThem) {
  const Tokenizer tokenizer = open_golden("qwen2");
  const TokenId end = tokenizer.find("<|im_end|>").value();
  Detokenizer detokenizer(tokenizer);
  EXPECT_EQ(detokenizer.push(end), "");
  EXPECT_EQ(detokenizer.push_visibly(end), "<|im_end|>");
  EXPECT_EQ(detokenizer.push(-1), "");
  EXPECT_EQ(detokenizer.push(1 << 30), "");
}

TEST(Detokenizer, LeavesOutOnlyTheFirstOfSentencePiecesSpaces) {
  const Tokenizer tokenizer = open_golden("llama2");
  EXPECT_EQ(decode(tokenizer, tokenizer.encode(" two  words")), " two  words");
}

TEST(Utf8Assembler, MakesOneReplacementOfEachLongestPartOfASequence) {
  // The examples of Unicode 15, tables 3-8 to 3-11.
  const std::vector<std::pair<std::string, int>> cases = {
      {"\xC0\xAF", 2},         {"\xE0\x80\xBF", 3},     {"\xF0\x81\x82", 3},
      {"\xED\xA0\x80", 3},     {"\xF4\x91\x92\x93", 4}, {"\xE1\x80\xE2", 2},
      {"\xF0\x91\x92\xF1", 2}, {"\xF1\xBF", 1},         {"\xFF", 1}};
  for (const auto& [bytes, count] : cases) {
    std::string expected;
    for (int i = 0; i < count; ++i) expected += "\xEF\xBF\xBD";
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      Utf8Assembler assembler;
      const std::string front = assembler.push(bytes.substr(0, cut));
      EXPECT_EQ(front + assembler.push(bytes.substr(cut)) + assembler.finish(), expected);
    }
  }
}

}  // namespace
}  // namespace retort::text
