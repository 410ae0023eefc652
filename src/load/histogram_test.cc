#include "load/histogram.h"

#include <gtest/gtest.h>

namespace retort::load {
namespace {

using std::chrono::duration;

TEST(Histogram, HasNothingToSayOfNothing) {
  EXPECT_EQ(Histogram().percentile_ms(0.5), 0);
}

TEST(Histogram, APercentileIsTheTimeOfThatRankToAThousandth) {
  Histogram times;
  for (int i = 1; i <= 1'000; ++i) times.add(duration<double>(i * 1e-3));
  EXPECT_EQ(times.count(), 1'000u);
  for (const double share : {0.001, 0.5, 0.95, 0.99, 1.0}) {
    EXPECT_NEAR(times.percentile_ms(share), share * 1'000, share * 1'000 * 0.0011) << share;
  }
}

TEST(Histogram, TakesTheShortestAndTheLongest) {
  Histogram times;
  times.add(duration<double>(-1));
  times.add(duration<double>(1e9));
  EXPECT_NEAR(times.percentile_ms(0.5), 0.001, 1e-6);
  EXPECT_NEAR(times.percentile_ms(1), 86'400'000, 86'400'000 * 0.0011);
}

}  // namespace
}  // namespace retort::load
