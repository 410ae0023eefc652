#include "engine/step_costs.h"

#include <gtest/gtest.h>

namespace retort::engine {
namespace {

TEST(StepCosts, LiesBetweenTheNeighboursThatWereMeasured) {
  StepCosts costs;
  EXPECT_EQ(costs.seconds(4), 0);
  costs.observe(2, 1.0);
  EXPECT_EQ(costs.seconds(1), 1.0);
  EXPECT_EQ(costs.seconds(9), 1.0);
  costs.observe(6, 3.0);
  EXPECT_EQ(costs.seconds(4), 2.0);
  EXPECT_EQ(costs.seconds(6), 3.0);
  EXPECT_EQ(costs.seconds(60), 3.0);
  EXPECT_FALSE(costs.measured(4));
  EXPECT_EQ(costs.measured(6), 3.0);
}

TEST(StepCosts, FollowsWhatChanges) {
  StepCosts costs;
  costs.observe(1, 1.0);
  costs.observe(1, 9.0);
  EXPECT_LT(costs.seconds(1), 4.0);
  for (int i = 0; i < 20; ++i) costs.observe(1, 1.0);
  EXPECT_NEAR(costs.seconds(1), 1.0, 0.05);
}

TEST(StepCosts, ForgetsWhatIsLongAgo) {
  StepCosts costs;
  costs.observe(5, 100.0);
  for (int i = 0; i < 300; ++i) costs.observe(1, 1.0);
  EXPECT_FALSE(costs.measured(5));
  EXPECT_EQ(costs.seconds(5), 1.0);
}

TEST(StepCosts, KeepsNoStepsBeyondItsBound) {
  StepCosts costs;
  costs.observe(StepCosts::kRowsMax + 1, 5.0);
  EXPECT_EQ(costs.seconds(1), 0);
  EXPECT_FALSE(costs.measured(StepCosts::kRowsMax + 1));
}

TEST(PromptPace, GivesPromptsLessThanTheOthersTake) {
  StepCosts costs;
  PromptPace pace(costs);
  EXPECT_EQ(pace.tokens(4), 0u);  // the others alone come first
  costs.observe(4, 0.020);
  const std::size_t first = pace.tokens(4);
  EXPECT_GT(first, 0u);
  for (int i = 0; i < 30; ++i) {
    const std::size_t tokens = pace.tokens(4);
    pace.observe(4, tokens, 0.020 + 0.00051 * static_cast<double>(tokens));
  }
  EXPECT_EQ(pace.tokens(4), 31u);  // 0.8 * 20 ms / 0.51 ms = 31.4
  costs.observe(8, 0.040);
  EXPECT_EQ(pace.tokens(8), 62u);
}

TEST(PromptPace, LetsPromptsGoOnHoweverMuchTheyCost) {
  StepCosts costs;
  PromptPace pace(costs);
  costs.observe(1, 0.001);
  pace.observe(1, 8, 1.0);
  EXPECT_GT(pace.tokens(1), 0u);
  pace.observe(0, 512, 1e-9);
  EXPECT_GT(pace.tokens(StepCosts::kRowsMax + 5), 0u);
}

}  // namespace
}  // namespace retort::engine
