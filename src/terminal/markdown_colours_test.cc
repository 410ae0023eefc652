#include "terminal/markdown_colours.h"

#include <gtest/gtest.h>

namespace retort::terminal {
namespace {

// With the escapes spelled, so that a failure can be read.
std::string painted(std::string_view text, std::size_t cut) {
  MarkdownColours colours(true);
  const std::string bytes =
      colours.add(text.substr(0, cut)) + colours.add(text.substr(cut)) + colours.finish();
  std::string out;
  for (const char letter : bytes) out += letter == '\x1b' ? '^' : letter;
  return out;
}

TEST(MarkdownColours, MarksAreKnownWhereverTheTextIsCut) {
  const std::string text = "# Hi\na **b** `c` 2*3\n```cc\n# **x**\n```\nend";
  const std::string expected =
      "^[0m^[1;35m# Hi\n^[0ma ^[0m^[1m**b**^[0m ^[0m^[36m`c`^[0m 2*3\n"
      "^[0m^[36m```cc\n# **x**\n```^[0m\nend^[0m";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) EXPECT_EQ(painted(text, cut), expected);
}

TEST(MarkdownColours, ControlCharactersAreShownNotObeyed) {
  const std::string text = "a\x1b[2J\x07\r\n\t\xc2\x9b[31m \xc2\xa0z";
  const std::string seen = "\xef\xbf\xbd";
  const std::string expected =
      "a" + seen + "[2J" + seen + seen + "\n\t" + seen + "[31m \xc2\xa0z^[0m";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) EXPECT_EQ(painted(text, cut), expected);
}

TEST(MarkdownColours, NothingIsAddedWhereNobodySees) {
  MarkdownColours colours(false);
  EXPECT_EQ(colours.add("**a** `b`") + colours.finish(), "**a** `b`");
}

}  // namespace
}  // namespace retort::terminal
