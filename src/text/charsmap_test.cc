// The table of characters: what a sound one says, and that a damaged one says nothing wrong.
#include "text/charsmap.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <random>

#include "base/utf8.h"
#include "text/sentencepiece_normalizer.h"

namespace retort::text {
namespace {

// That of tests/golden/tokenizer/unigram.
std::string golden_table() {
  std::ifstream file(RETORT_SOURCE_DIR "/tests/golden/tokenizer/unigram/tokenizer.json");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto root = boost::json::parse(text);
  const auto& step = root.at("normalizer").at("normalizers").at(0);
  return Charsmap::from_base64(boost::json::value_to<std::string>(step.at("precompiled_charsmap")))
      .value();
}

TEST(Charsmap, FindsTheLongestAndTheShortestEntry) {
  const std::string table = golden_table();
  ASSERT_TRUE(Charsmap::check(table));
  const Charsmap map(table);
  EXPECT_EQ(map.longest("\uFF21x")->becomes, "A");
  EXPECT_EQ(map.longest("\uFF21x")->bytes, 3u);
  EXPECT_EQ(map.longest("c\u0327\u0301")->becomes, "\u1E09");
  EXPECT_FALSE(map.longest("c\u0327"));
  EXPECT_FALSE(map.longest("x"));
  EXPECT_FALSE(map.longest(""));
  EXPECT_EQ(map.shortest("\u200B")->becomes, "");
}

TEST(Charsmap, ReadsBase64AndNothingElse) {
  EXPECT_EQ(Charsmap::from_base64(""), "");
  EXPECT_EQ(Charsmap::from_base64("YQ=="), "a");
  EXPECT_EQ(Charsmap::from_base64("YWI="), "ab");
  EXPECT_EQ(Charsmap::from_base64("YWJj"), "abc");
  EXPECT_EQ(Charsmap::from_base64("/+8A"), std::string("\xFF\xEF\x00", 3));
  for (const char* text : {"YQ", "YQ=", "Y!==", "=YQ=", "Y Q="}) {
    EXPECT_FALSE(Charsmap::from_base64(text)) << text;
  }
}

TEST(Charsmap, RefusesTablesThatDoNotHold) {
  const std::string table = golden_table();
  EXPECT_TRUE(Charsmap::check(""));
  EXPECT_FALSE(Charsmap::check("abc"));
  EXPECT_FALSE(Charsmap::check(std::string("\xFF\xFF\xFF\x7F", 4) + "texts"));
  EXPECT_FALSE(Charsmap::check(table.substr(0, table.size() - 1)));  // the last text's end
  EXPECT_FALSE(Charsmap::check(table + std::string("\xFF\x00", 2)));
}

TEST(Charsmap, StaysInsideADamagedTable) {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    std::string table = golden_table();
    const std::size_t units =
        4 + (static_cast<unsigned char>(table[0]) |
             static_cast<std::size_t>(static_cast<unsigned char>(table[1])) << 8);
    for (int i = 0; i < 40; ++i) table[4 + random() % (units - 4)] = static_cast<char>(random());
    if (!Charsmap::check(table)) continue;
    const std::string text = "\uFF21 c\u0327\u0301 x\u200B\u3000 \U0001F1E9\U0001F1EA e\u0301";
    EXPECT_TRUE(base::is_utf8(normalize_precompiled(text, table)));
    EXPECT_TRUE(base::is_utf8(normalize_sentencepiece(text, {.charsmap = table})));
  }
}

TEST(SentencePieceNormalizer, RemovesExtraSpacesAndMarksTheOthers) {
  const std::string mark = "\u2581";
  EXPECT_EQ(normalize_sentencepiece(" a  b ", {}), mark + mark + "a" + mark + mark + "b" + mark);
  const SentencePieceRules removes{.removes_extra_spaces = true};
  EXPECT_EQ(normalize_sentencepiece("  a  b ", removes), mark + "a" + mark + "b");
  EXPECT_EQ(normalize_sentencepiece("   ", removes), "");
  EXPECT_EQ(normalize_sentencepiece("a", {.adds_prefix = false}), "a");
}

}  // namespace
}  // namespace retort::text
