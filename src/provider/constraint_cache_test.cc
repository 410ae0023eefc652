#include "provider/constraint_cache.h"

#include <gtest/gtest.h>

#include <utility>

namespace retort::provider {
namespace {

CompiledConstraint compiled() {
  grammar::GrammarBuilder builder;
  const grammar::RuleId root = builder.terminal(builder.expressions().literal("a"), false);
  return {std::make_shared<grammar::Automaton>(std::move(builder).finish(root).value()), nullptr};
}

TEST(ConstraintCache, CompilesOnceAndKeepsTheLatest) {
  ConstraintCache cache({.entries_max = 2});
  int compiles = 0;
  const auto get = [&](const char* key) {
    return cache
        .get(key,
             [&]() -> Result<CompiledConstraint> {
               ++compiles;
               return compiled();
             })
        .value()
        .automaton;
  };
  const auto a = get("a");
  EXPECT_EQ(get("a"), a);
  EXPECT_EQ(compiles, 1);
  const auto b = get("b");
  EXPECT_EQ(get("a"), a);  // now b is the older one
  get("c");
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_EQ(get("a"), a);
  EXPECT_NE(get("b"), b);
}

TEST(ConstraintCache, KeepsNoErrorsAndNothingBeyondItsBytes) {
  ConstraintCache cache({.key_bytes_max = 4});
  const auto fail = []() -> Result<CompiledConstraint> {
    return Error(ErrorKind::invalid_request, "no");
  };
  EXPECT_FALSE(cache.get("a", fail));
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_TRUE(cache.get("too long", compiled));
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_TRUE(cache.get("abc", compiled));
  EXPECT_TRUE(cache.get("def", compiled));
  EXPECT_EQ(cache.size(), 1u);
}

TEST(ConstraintCache, AnExhaustedAutomatonIsMadeAnew) {
  ConstraintCache cache;
  const auto small = []() -> Result<CompiledConstraint> {
    grammar::GrammarBuilder builder;
    grammar::ExpressionPool& pool = builder.expressions();
    const grammar::RuleId nest = builder.reserve();
    const grammar::RuleId open = builder.terminal(pool.literal("["), false);
    const grammar::RuleId close = builder.terminal(pool.literal("]"), false);
    builder.define(nest, builder.sequence({open, builder.repeat(nest, 0, 1), close}));
    return CompiledConstraint{
        std::make_shared<grammar::Automaton>(std::move(builder).finish(nest).value(),
                                             grammar::MatcherLimits{.frames_max = 20}),
        nullptr};
  };
  const auto first = cache.get("a", small).value().automaton;
  EXPECT_FALSE(grammar::Matcher(first).accept(std::string(100, '[')));
  EXPECT_NE(cache.get("a", small).value().automaton, first);
}

}  // namespace
}  // namespace retort::provider
