#include "text/stop_matcher.h"

#include <gtest/gtest.h>

#include <random>

namespace retort::text {
namespace {

// The answer up to the stop string that is complete first, found by searching the whole text.
std::string search(const std::string& text, const std::vector<std::string>& stops) {
  std::size_t end = std::string::npos;
  std::size_t begin = text.size();
  for (const std::string& stop : stops) {
    const std::size_t found = stop.empty() ? std::string::npos : text.find(stop);
    if (found == std::string::npos || found + stop.size() > end) continue;
    if (found + stop.size() < end || found < begin) begin = found;
    end = found + stop.size();
  }
  return text.substr(0, begin);
}

std::string match(const std::string& text, const std::vector<std::string>& stops,
                  const std::vector<std::size_t>& cuts) {
  StopMatcher matcher(stops);
  std::string out;
  std::size_t done = 0;
  for (const std::size_t cut : cuts) {
    out += matcher.push(text.substr(done, cut - done)).text;
    done = cut;
  }
  out += matcher.push(text.substr(done)).text;
  return out + matcher.finish();
}

TEST(StopMatcher, FindsWhatASearchOfTheWholeFindsHoweverTheTextIsCut) {
  std::mt19937 random(5);  // NOLINT(cert-msc51-cpp): the same cases each time
  const auto word = [&random](std::size_t most) {
    std::string text(random() % (most + 1), 'a');
    for (char& c : text) c = "ab\n"[random() % 3];
    return text;
  };
  for (int round = 0; round < 20000; ++round) {
    const std::string text = word(24);
    std::vector<std::string> stops(random() % 5);
    for (std::string& stop : stops) stop = word(5);
    std::vector<std::size_t> cuts;
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (random() % 3 == 0) cuts.push_back(i);
    }
    ASSERT_EQ(match(text, stops, cuts), search(text, stops)) << text;
  }
}

TEST(StopMatcher, HoldsBackOnlyWhatMayBeginAStopString) {
  StopMatcher matcher({"STOP", "END"});
  EXPECT_EQ(matcher.push("one ST").text, "one ");
  EXPECT_EQ(matcher.push("ART EN").text, "START ");
  EXPECT_EQ(matcher.push("").text, "");
  EXPECT_EQ(matcher.finish(), "EN");
}

TEST(StopMatcher, SaysWhichStopStringItFound) {
  StopMatcher matcher({"x", "world"});
  const auto found = matcher.push("hello world and more");
  EXPECT_EQ(found.text, "hello ");
  EXPECT_TRUE(found.stopped);
  EXPECT_EQ(found.stop, 1u);
  EXPECT_EQ(matcher.push("again").text, "");
  EXPECT_EQ(matcher.push("again").stop, 1u);
  EXPECT_EQ(matcher.finish(), "");
}

TEST(StopMatcher, TakesTheLongerOfTwoThatEndTogether) {
  StopMatcher matcher({"b", "ab"});
  EXPECT_EQ(matcher.push("xab").text, "x");
}

TEST(StopMatcher, PassesEverythingWithoutStopStrings) {
  StopMatcher matcher({""});
  EXPECT_EQ(matcher.push("anything").text, "anything");
  EXPECT_EQ(matcher.finish(), "");
}

}  // namespace
}  // namespace retort::text
