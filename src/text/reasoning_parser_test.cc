#include "text/reasoning_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace retort::text {
namespace {

const ReasoningFormat& think() {
  return *find_reasoning_format("{{ '</think>' }}");
}

// The same, whatever the cut: whole, byte by byte, and in two pieces at every place.
ReasoningParser::Pieces read(const std::string& text, bool begun) {
  const auto run = [&](const std::vector<std::string>& parts) {
    ReasoningParser parser(think(), begun);
    ReasoningParser::Pieces all;
    const auto add = [&all](const ReasoningParser::Pieces& next) {
      all.reasoning += next.reasoning;
      all.content += next.content;
    };
    for (const std::string& part : parts) add(parser.push(part));
    add(parser.finish());
    return all;
  };
  const ReasoningParser::Pieces whole = run({text});
  std::vector<std::string> bytes;
  for (const char c : text) bytes.emplace_back(1, c);
  EXPECT_EQ(run(bytes), whole);
  for (std::size_t i = 0; i <= text.size(); ++i) {
    EXPECT_EQ(run({text.substr(0, i), text.substr(i)}), whole) << i;
  }
  return whole;
}

using Pieces = ReasoningParser::Pieces;

TEST(ReasoningParser, TellsThinkingFromTheAnswer) {
  EXPECT_EQ(read("<think>\nHm. 2+2\n</think>\n\nIt is 4.\n", false),
            (Pieces{"Hm. 2+2", "It is 4.\n"}));
  EXPECT_EQ(read("\n <think>a</think>b", false), (Pieces{"a", "b"}));
  EXPECT_EQ(read("Hm.\n</think>\n4", true), (Pieces{"Hm.", "4"}));
  EXPECT_EQ(read("<think>\n\n</think>\n\nHello", false), (Pieces{"", "Hello"}));
}

TEST(ReasoningParser, AnAnswerWithoutThinkingIsAllAnswer) {
  EXPECT_EQ(read("  It is <think>4</think>.", false), (Pieces{"", "  It is <think>4</think>."}));
  EXPECT_EQ(read("<thin", false), (Pieces{"", "<thin"}));
  EXPECT_EQ(read("", false), (Pieces{}));
}

TEST(ReasoningParser, ThinkingThatDoesNotEndIsThinking) {
  EXPECT_EQ(read("<think>a < b </thin k> c \n</thi", false),
            (Pieces{"a < b </thin k> c \n</thi", ""}));
  EXPECT_EQ(read("a <</think>", true), (Pieces{"a <", ""}));
}

TEST(ReasoningParser, APromptMayHaveBegunIt) {
  EXPECT_TRUE(ends_in_reasoning("<|im_start|>assistant\n<think>\n", think()));
  EXPECT_FALSE(ends_in_reasoning("<think>\n\n</think>\n\n", think()));
}

TEST(ReasoningParser, FindsTheMarksOfATemplate) {
  EXPECT_EQ(find_reasoning_format("{{ message.content.split('</think>') }}")->begin, "<think>");
  EXPECT_EQ(find_reasoning_format("[THINK]x[/THINK]")->begin, "[THINK]");
  EXPECT_EQ(find_reasoning_format("plain"), nullptr);
}

}  // namespace
}  // namespace retort::text
