#include "engine/prompt_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace retort::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Tokens = std::vector<TokenId>;

Tokens guess_after(const Tokens& tokens, std::size_t count) {
  Tokens guess;
  look_up(tokens, count, guess);
  return guess;
}

TEST(PromptLookup, GoesOnAsItDidBehindTheSameTokens) {
  EXPECT_THAT(guess_after({1, 2, 3, 4, 5, 9, 2, 3}, 3), ElementsAre(4, 5, 9));
}

TEST(PromptLookup, TakesTheLongestMatchAndOfEqualOnesTheLatest) {
  EXPECT_THAT(guess_after({7, 2, 3, 10, 2, 3, 20, 7, 2, 3}, 1), ElementsAre(10));
  EXPECT_THAT(guess_after({1, 2, 3, 10, 5, 2, 3, 20, 6, 2, 3}, 1), ElementsAre(20));
}

TEST(PromptLookup, GuessesNothingWhereLessThanTwoTokensStandAlike) {
  EXPECT_THAT(guess_after({}, 4), IsEmpty());
  EXPECT_THAT(guess_after({3}, 4), IsEmpty());
  EXPECT_THAT(guess_after({3, 3}, 4), IsEmpty());
  EXPECT_THAT(guess_after({1, 2, 3, 4, 3}, 4), IsEmpty());
}

TEST(PromptLookup, GoesRoundInALoopForAsLongAsAsked) {
  EXPECT_THAT(guess_after({1, 2, 3, 1, 2, 3, 1, 2}, 7), ElementsAre(3, 1, 2, 3, 1, 2, 3));
  EXPECT_THAT(guess_after({5, 5, 5}, 4), ElementsAre(5, 5, 5, 5));
}

// Every guess is what stands behind a match, and no match is longer than the one it is from.
TEST(PromptLookup, AgreesWithASearchOfEveryPlaceOnRandomTokens) {
  std::mt19937 random(5);
  for (int round = 0; round < 2'000; ++round) {
    Tokens tokens(random() % 40);
    for (TokenId& token : tokens) token = static_cast<TokenId>(random() % 4);
    std::size_t longest = 0;
    Tokens wanted;
    for (std::size_t end = 1; end < tokens.size(); ++end) {
      std::size_t length = 0;
      while (length < std::min(end, kLookupMatchMax) &&
             tokens[end - 1 - length] == tokens[tokens.size() - 1 - length]) {
        ++length;
      }
      if (length < kLookupMatchMin || length < longest) continue;
      longest = length;
      wanted.assign(tokens.begin() + static_cast<std::ptrdiff_t>(end), tokens.end());
    }
    wanted.resize(std::min<std::size_t>(wanted.size(), 3));
    Tokens guess;
    EXPECT_EQ(look_up(tokens, wanted.size(), guess), longest);
    EXPECT_EQ(guess, wanted);
  }
}

}  // namespace
}  // namespace retort::engine
