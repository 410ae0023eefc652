// What memory gives what context, known before a model is loaded.
#include "provider/memory_plan.h"

#include <gtest/gtest.h>

namespace retort::provider {
namespace {

// A page of it takes 32 KiB: 2 layers of 2 heads, keys and values, 64 dimensions of 2 bytes.
model::ModelConfig small_config() {
  model::ModelConfig config;
  config.layers = 2;
  config.kv_heads = 2;
  config.head_dim = 64;
  config.context = 4096;
  config.weight_type = tensor::DType::f16;
  return config;
}
constexpr std::int64_t kPage = 32 << 10;

TEST(MemoryPlan, AWholeContextForEachSequenceWhereThereIsRoom) {
  const auto plan =
      plan_memory(small_config(), nullptr, {.context = 320, .batch_sequences_max = 4}, "m");
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_EQ(plan->context, 320);
  EXPECT_EQ(plan->kv_pages, 40u);
  EXPECT_EQ(plan->kv_bytes, 40 * kPage);
}

TEST(MemoryPlan, AnUnaskedContextIsCutToWhatTheMemoryHolds) {
  const auto plan = plan_memory(small_config(), nullptr, {.kv_bytes_unasked = 10 * kPage}, "m");
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_EQ(plan->context, 320);
  EXPECT_TRUE(plan->context_is_cut);
}

TEST(MemoryPlan, TooLittleMemoryIsRefusedBeforeTheModelIsLoaded) {
  for (const LocalModelOptions& options :
       {LocalModelOptions{.context = 4096, .kv_bytes = 10 * kPage},
        LocalModelOptions{.kv_bytes = 10 * kPage},
        LocalModelOptions{.context = 4096, .kv_bytes_unasked = 10 * kPage}}) {
    const auto plan = plan_memory(small_config(), nullptr, options, "m");
    ASSERT_FALSE(plan.has_value());
    EXPECT_EQ(plan.error().param(), "kv_memory");
    EXPECT_EQ(plan.error().message(),
              "m: the memory for keys and values holds 320 tokens, less than the context of 4096; "
              "give --kv-memory at least 4194304 bytes, or a smaller --context");
  }
  EXPECT_FALSE(plan_memory(small_config(), nullptr, {.kv_bytes_unasked = kPage - 1}, "m"));
}

TEST(MemoryPlan, EightBitsHoldNearlyTwiceTheTokens) {
  LocalModelOptions options{.kv_bytes_unasked = 17 * kPage};
  EXPECT_EQ(plan_memory(small_config(), nullptr, options, "m")->context, 17 * 32);
  options.kv_type = model::KvType::q8_0;
  const auto plan = plan_memory(small_config(), nullptr, options, "m");
  EXPECT_EQ(plan->context, 32 * 32);
  EXPECT_EQ(plan->kv_type, model::KvType::q8_0);
  EXPECT_LE(plan->kv_bytes, 17 * kPage);
}

TEST(MemoryPlan, AContextBeyondTheModelsOwnIsRefused) {
  const auto plan = plan_memory(small_config(), nullptr, {.context = 4097}, "m");
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error().param(), "context");
}

}  // namespace
}  // namespace retort::provider
