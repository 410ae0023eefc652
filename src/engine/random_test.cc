#include "engine/random.h"

#include <gtest/gtest.h>

#include <set>

namespace retort::engine {
namespace {

// Known answers of the authors' own test file (Random123, kat_vectors, philox4x32 10).
TEST(Random, PhiloxGivesThePublishedAnswers) {
  using Words = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, DrawsDifferBySeedChoiceAndPosition) {
  std::set<double> seen;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    for (std::uint32_t choice = 0; choice < 10; ++choice) {
      for (std::uint64_t position = 0; position < 10; ++position) {
        const double draw = uniform_draw(seed, choice, position);
        EXPECT_GE(draw, 0);
        EXPECT_LT(draw, 1);
        EXPECT_TRUE(seen.insert(draw).second);
      }
    }
  }
}

TEST(Random, DrawsAreUniform) {
  constexpr int kDraws = 100'000;
  constexpr int kBins = 20;
  std::array<int, kBins> bins{};
  for (int i = 0; i < kDraws; ++i) {
    ++bins[static_cast<std::size_t>(uniform_draw(7, 0, static_cast<std::uint64_t>(i)) * kBins)];
  }
  double chi_square = 0;
  for (const int count : bins) {
    const double off = count - kDraws / double{kBins};
    chi_square += off * off / (kDraws / double{kBins});
  }
  EXPECT_LT(chi_square, 43.8);  // 19 degrees of freedom, p = 0.001
}

}  // namespace
}  // namespace retort::engine
