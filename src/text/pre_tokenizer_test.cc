// The pre-tokenizers against Hugging Face's library, which runs the models' own patterns
// (tests/golden/tokenizer/make_splits.py).
#include "text/pre_tokenizer.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "base/utf8.h"

namespace retort::text {
namespace {

namespace json = boost::json;

const std::string kGoldens = std::string(RETORT_SOURCE_DIR) + "/tests/golden/tokenizer/";

std::vector<std::string> strings_of(const json::value& array) {
  std::vector<std::string> strings;
  for (const json::value& text : array.as_array()) strings.emplace_back(text.as_string());
  return strings;
}

Splitter splitter_of(std::string_view name) {
  const PreTokenizer* row = find_pre_tokenizer(name);
  EXPECT_NE(row, nullptr) << name;
  std::vector<const SplitRule*> rules;
  for (const std::string_view rule : row->rules) rules.push_back(find_split_rule(rule));
  auto splitter = Splitter::make(rules);
  EXPECT_TRUE(splitter) << splitter.error().message();
  return std::move(*splitter);
}

std::vector<std::int64_t> characters_of(const std::vector<std::string_view>& words) {
  std::vector<std::int64_t> lengths;
  for (std::string_view word : words) {
    std::int64_t count = 0;
    for (; !word.empty(); ++count) word.remove_prefix(base::decode_utf8(word).bytes);
    lengths.push_back(count);
  }
  return lengths;
}

TEST(PreTokenizer, CutsWhereTheModelsOwnPatternsDo) {
  std::ifstream strings_file(kGoldens + "strings.json");
  std::stringstream text;
  text << strings_file.rdbuf();
  std::vector<std::string> strings = strings_of(json::parse(text.str()));
  std::ifstream file(kGoldens + "splits.jsonl");
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  for (std::string& more : strings_of(json::parse(line).at("strings"))) {
    strings.push_back(std::move(more));
  }
  std::size_t families = 0;
  for (; std::getline(file, line); ++families) {
    const json::value golden = json::parse(line);
    const json::array& wanted = golden.at("words").as_array();
    ASSERT_EQ(wanted.size(), strings.size());
    for (const std::string& name : strings_of(golden.at("names"))) {
      const Splitter splitter = splitter_of(name);
      std::vector<std::string_view> words;
      for (std::size_t i = 0; i < strings.size(); ++i) {
        splitter.split(strings[i], words);
        EXPECT_EQ(characters_of(words), json::value_to<std::vector<std::int64_t>>(wanted[i]))
            << name << ": " << strings[i];
      }
    }
  }
  EXPECT_EQ(families, 9U);
}

}  // namespace
}  // namespace retort::text
