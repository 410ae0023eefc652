#include "engine/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace retort::engine {
namespace {

SampledToken sample(std::vector<float> logits, const SamplingParams& params,
                    std::uint64_t position = 0, const TokenCounts& counts = {},
                    std::vector<TokenId> banned = {}) {
  Sampler sampler;
  return sampler.sample(logits, params, counts, {.banned = banned}, position);
}

// How often each token comes in `draws` draws.
std::map<TokenId, int> histogram(const std::vector<float>& logits, const SamplingParams& params,
                                 int draws) {
  std::map<TokenId, int> seen;
  for (int i = 0; i < draws; ++i)
    ++seen[sample(logits, params, static_cast<std::uint64_t>(i)).token];
  return seen;
}

TEST(Sampler, TemperatureZeroTakesTheMostLikelyAndTheLowerIdOfEquals) {
  EXPECT_EQ(sample({1, 3, 3, 2}, {.temperature = 0}).token, 1);
}

TEST(Sampler, LogitsThatAreNoNumbersAreSurvivedAndNotChosen) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const SamplingParams& params : std::vector<SamplingParams>{
           {.temperature = 0, .logprobs = true, .top_logprobs = 3},
           {.seed = 1},
           {.top_p = 0.9, .top_k = 2, .seed = 1, .logprobs = true, .top_logprobs = 2}}) {
    EXPECT_EQ(sample({kNan, 1, kInfinity, -kInfinity}, params).token, 1);
    const TokenId any = sample({kNan, kNan, kNan}, params).token;
    EXPECT_GE(any, 0);
    EXPECT_LT(any, 3);
  }
}

TEST(Sampler, DefaultsDrawFromTheSoftmaxItself) {
  const std::vector<float> logits = {0.5F, -1, 2, 0, 1.25F};
  constexpr int kDraws = 50'000;
  const auto seen = histogram(logits, {.seed = 11}, kDraws);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit);
  double chi_square = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double expected = kDraws * std::exp(logits[i]) / sum;
    const double off = seen.at(static_cast<TokenId>(i)) - expected;
    chi_square += off * off / expected;
  }
  EXPECT_LT(chi_square, 18.5);  // 4 degrees of freedom, p = 0.001
}

TEST(Sampler, TopPKeepsTheShortestFrontThatReachesIt) {
  // Probabilities 0.4, 0.3, 0.2, 0.1: half is reached by two.
  const std::vector<float> logits = {std::log(0.1F), std::log(0.4F), std::log(0.2F),
                                     std::log(0.3F)};
  const auto seen = histogram(logits, {.top_p = 0.5, .seed = 3}, 2'000);
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_TRUE(seen.contains(1) && seen.contains(3));
  EXPECT_EQ(histogram(logits, {.top_p = 0.01, .seed = 3}, 50).size(), 1u);
}

TEST(Sampler, TopKAndMinPCutTheRest) {
  const std::vector<float> logits = {0, 1, 2, 3};
  EXPECT_EQ(histogram(logits, {.top_k = 2, .seed = 5}, 2'000).size(), 2u);
  // Relative to the largest: e^-1 = 0.37 and e^-2 = 0.14.
  EXPECT_EQ(histogram(logits, {.min_p = 0.2, .seed = 5}, 2'000).size(), 2u);
  EXPECT_EQ(histogram(logits, {.min_p = 1, .seed = 5}, 200).size(), 1u);
}

TEST(Sampler, LowTemperatureNarrowsAndHighTemperatureWidens) {
  const std::vector<float> logits = {0, 1};
  const int cold = histogram(logits, {.temperature = 0.2, .seed = 1}, 5'000)[0];
  const int hot = histogram(logits, {.temperature = 2, .seed = 1}, 5'000)[0];
  EXPECT_NEAR(cold / 5'000.0, 1 / (1 + std::exp(5.0)), 0.01);
  EXPECT_NEAR(hot / 5'000.0, 1 / (1 + std::exp(0.5)), 0.03);
}

TEST(Sampler, PenaltiesCountOutputTokensOnly) {
  TokenCounts counts;
  counts.add_prompt(std::vector<TokenId>{0});
  counts.add_output(1);
  counts.add_output(1);
  // Token 0 only stands in the prompt and keeps its logit; token 1 loses 2 * 0.6 + 0.5.
  const SamplingParams params = {
      .temperature = 0, .frequency_penalty = 0.6, .presence_penalty = 0.5};
  EXPECT_EQ(sample({1, 2.6F}, params, 0, counts).token, 0);
  EXPECT_EQ(sample({1, 2.8F}, params, 0, counts).token, 1);
}

TEST(Sampler, RepetitionPenaltyCountsThePromptToo) {
  TokenCounts counts;
  counts.add_prompt(std::vector<TokenId>{1});
  const SamplingParams params = {.temperature = 0, .repetition_penalty = 2};
  EXPECT_EQ(sample({1, 1.9F}, params, 0, counts).token, 0);
  EXPECT_EQ(sample({-1, -0.6F}, params, 0, counts).token, 0);
}

TEST(Sampler, BiasForcesAndBannedTokensNeverCome) {
  EXPECT_EQ(sample({5, 0}, {.temperature = 0, .logit_bias = {{1, 100}}}).token, 1);
  for (const double temperature : {0.0, 1.0}) {
    EXPECT_EQ(sample({50, 0}, {.temperature = temperature}, 0, {}, {0}).token, 1);
    EXPECT_EQ(sample({50, 0}, {.temperature = temperature, .top_p = 0.9}, 0, {}, {0}).token, 1);
  }
}

TEST(Sampler, LogprobsAreRawWhateverTheOtherSettings) {
  const std::vector<float> logits = {0, 2, 1};
  const double partition = std::log(1 + std::exp(2.0) + std::exp(1.0));
  const SampledToken token = sample(
      logits, {.temperature = 0, .logit_bias = {{0, 100}}, .logprobs = true, .top_logprobs = 2});
  EXPECT_EQ(token.token, 0);
  EXPECT_NEAR(token.logprob, -partition, 1e-6);
  ASSERT_EQ(token.top.size(), 2u);
  EXPECT_EQ(token.top[0].token, 1);
  EXPECT_NEAR(token.top[0].logprob, 2 - partition, 1e-6);
  EXPECT_EQ(token.top[1].token, 2);
}

TEST(Sampler, FrontDrawAgreesWithAFullSortOnALargeVocabulary) {
  std::vector<float> logits(5'000);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    logits[i] = static_cast<float>(std::sin(static_cast<double>(i) * 12.9898) * 3);
  }
  std::vector<std::pair<float, TokenId>> sorted;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    sorted.emplace_back(-logits[i], static_cast<TokenId>(i));
  }
  std::sort(sorted.begin(), sorted.end());
  double total = 0;
  for (const float logit : logits) total += std::exp(logit);
  double mass = 0;
  std::size_t kept = 0;
  while (mass < 0.9 * total) mass += std::exp(-sorted[kept++].first);
  for (std::uint64_t i = 0; i < 300; ++i) {
    const TokenId token = sample(logits, {.top_p = 0.9, .seed = 1}, i).token;
    const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(kept);
    EXPECT_NE(std::find_if(sorted.begin(), end,
                           [token](const auto& entry) { return entry.second == token; }),
              end);
  }
}

}  // namespace
}  // namespace retort::engine
