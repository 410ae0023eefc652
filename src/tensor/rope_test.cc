// Tests of rotary embedding: the formula, the two pairings, and the scalings.
#include "tensor/rope.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace retort::tensor {
namespace {

TEST(Rope, FrequenciesFollowTheFormula) {
  RopeConfig config;
  config.dims = 8;
  const auto plain = rope_frequencies(config);
  ASSERT_EQ(plain.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_FLOAT_EQ(plain[i], static_cast<float>(std::pow(10'000.0, -static_cast<double>(i) / 4)));
  }
  config.scaling = RopeScaling::linear;
  config.factor = 4;
  EXPECT_FLOAT_EQ(rope_frequencies(config)[2], plain[2] / 4);
  config.scaling = RopeScaling::none;
  config.frequency_divisors = {1, 2, 4, 8};
  EXPECT_FLOAT_EQ(rope_frequencies(config)[3], plain[3] / 8);
}

TEST(Rope, Llama3KeepsShortWavesStretchesLongOnesAndMixesBetween) {
  RopeConfig config;
  config.dims = 64;
  config.base = 500'000;
  const auto plain = rope_frequencies(config);
  config.scaling = RopeScaling::llama3;
  config.factor = 8;
  const auto scaled = rope_frequencies(config);
  bool mixed = false;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const double wavelength = 2 * std::numbers::pi / plain[i];
    if (wavelength < 8'192.0 / 4) {
      EXPECT_EQ(scaled[i], plain[i]);
    } else if (wavelength > 8'192.0) {
      EXPECT_FLOAT_EQ(scaled[i], plain[i] / 8);
    } else {
      mixed = true;
      EXPECT_LT(scaled[i], plain[i]);
      EXPECT_GT(scaled[i], plain[i] / 8);
    }
  }
  EXPECT_TRUE(mixed);
}

TEST(Rope, YarnKeepsFastPairsDividesSlowOnesAndMixesBetween) {
  RopeConfig config;
  config.dims = 64;
  config.base = 1'000'000;
  config.original_context = 4'096;
  config.factor = 4;
  const auto plain = rope_frequencies(config);
  config.scaling = RopeScaling::yarn;
  const auto scaled = rope_frequencies(config);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const double rotations = config.original_context * plain[i] / (2 * std::numbers::pi);
    EXPECT_LE(scaled[i], plain[i]);
    EXPECT_GE(scaled[i], plain[i] / 4 * 0.999999F);
    // The ramp's ends are rounded outwards, by less than one pair.
    if (rotations > 32 * 1.6) EXPECT_EQ(scaled[i], plain[i]) << i;
    if (rotations < 1 / 1.6) EXPECT_FLOAT_EQ(scaled[i], plain[i] / 4) << i;
  }
  EXPECT_LT(scaled[12], plain[12]);
  EXPECT_GT(scaled[12], plain[12] / 4);
}

TEST(Rope, AttentionFactorsFollowTheirFormulas) {
  EXPECT_DOUBLE_EQ(yarn_attention_factor(4), 0.1 * std::log(4.0) + 1);
  EXPECT_DOUBLE_EQ(yarn_attention_factor(4, 0.5), 0.05 * std::log(4.0) + 1);
  EXPECT_EQ(yarn_attention_factor(1), 1.0);
  EXPECT_DOUBLE_EQ(longrope_attention_factor(32, 4'096), std::sqrt(1 + 5.0 / 12.0));
  EXPECT_EQ(longrope_attention_factor(1, 4'096), 1.0);
  float cosine = 0;
  float sine = 0;
  const std::vector<float> frequency = {0.25F};
  rope_angles(frequency, 3, 1.5F, &cosine, &sine);
  EXPECT_FLOAT_EQ(cosine, 1.5F * std::cos(0.75F));
  EXPECT_FLOAT_EQ(sine, 1.5F * std::sin(0.75F));
}

TEST(Rope, TurnsPairsByTheAngleAndLeavesTheRest) {
  const std::vector<float> frequencies = {1.0F, 0.5F};
  std::vector<float> cosines(2);
  std::vector<float> sines(2);
  rope_angles(frequencies, 3, 1.0F, cosines.data(), sines.data());
  EXPECT_FLOAT_EQ(cosines[1], std::cos(1.5F));
  EXPECT_FLOAT_EQ(sines[0], std::sin(3.0F));
  // Two heads of five elements, of which four turn.
  const std::vector<float> x = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  std::vector<float> pairs = x;
  apply_rope(RopeStyle::interleaved, 2, cosines.data(), sines.data(), pairs.data(), 2, 5);
  EXPECT_FLOAT_EQ(pairs[0], 1 * cosines[0] - 2 * sines[0]);
  EXPECT_FLOAT_EQ(pairs[1], 1 * sines[0] + 2 * cosines[0]);
  EXPECT_FLOAT_EQ(pairs[7], 8 * cosines[1] - 9 * sines[1]);
  EXPECT_EQ(pairs[4], 5);
  EXPECT_EQ(pairs[9], 10);
  std::vector<float> halves = x;
  apply_rope(RopeStyle::half_split, 2, cosines.data(), sines.data(), halves.data(), 2, 5);
  EXPECT_FLOAT_EQ(halves[0], 1 * cosines[0] - 3 * sines[0]);
  EXPECT_FLOAT_EQ(halves[2], 1 * sines[0] + 3 * cosines[0]);
  EXPECT_FLOAT_EQ(halves[6], 7 * cosines[1] - 9 * sines[1]);
  EXPECT_EQ(halves[4], 5);
}

}  // namespace
}  // namespace retort::tensor
