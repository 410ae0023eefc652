#include "grammar/key_sets.h"

#include <gtest/gtest.h>

#include <string>

namespace retort::grammar {
namespace {

Expression any_key(ExpressionPool& pool) {
  return pool.concat(pool.literal("\""), pool.json_string_rest(0, kUnbounded));
}

TEST(KeySets, TheSameKeysInOneOrderAreOneSet) {
  KeySets sets;
  const KeySets::Id a = sets.with(KeySets::kNone, "a");
  EXPECT_EQ(sets.with(KeySets::kNone, "a"), a);
  EXPECT_NE(sets.with(KeySets::kNone, "b"), a);
  EXPECT_NE(sets.with(a, "b"), a);
  EXPECT_EQ(sets.with(a, "b"), sets.with(a, "b"));
  EXPECT_EQ(sets.size(), 4u);
  // Neither number nor key can run into the other.
  EXPECT_NE(sets.with(1, "\"1"), sets.with(11, "\""));
}

TEST(KeySets, LeavesOutEverySpellingOfEachKey) {
  ExpressionPool pool;
  KeySets sets;
  const KeySets::Id both = sets.with(sets.with(KeySets::kNone, "a\n"), "é");
  const Expression left = sets.unused(pool, any_key(pool), both);
  for (const char* key : {R"("a\n")", R"("\u0061\u000A")", R"("é")", R"("\u00E9")"}) {
    EXPECT_FALSE(pool.matches(left, key)) << key;
  }
  for (const char* key : {R"("a")", R"("a\nb")", R"("")", R"("\u00e8")", R"("a\\n")"}) {
    EXPECT_TRUE(pool.matches(left, key)) << key;
  }
  EXPECT_EQ(sets.unused(pool, any_key(pool), KeySets::kNone), any_key(pool));
}

TEST(KeySets, WhatIsLeftOfAnyStringIsStillAStringToTheMask) {
  ExpressionPool pool;
  KeySets sets;
  KeySets::Id set = KeySets::kNone;
  for (const char* key : {"a", "b", "abc"}) set = sets.with(set, key);
  const Expression left = pool.derivative(sets.unused(pool, any_key(pool), set), '"');
  ASSERT_TRUE(pool.as_string_rest(left));
  EXPECT_TRUE(pool.as_string_rest(left)->except_some);
}

TEST(KeySets, KeysThatAreNotOfAnExpressionCostItNothing) {
  ExpressionPool pool;
  KeySets sets;
  const Expression digits =
      pool.concat({pool.literal("\""), pool.bytes(ByteSet::range('0', '9')), pool.literal("\"")});
  EXPECT_EQ(sets.unused(pool, digits, sets.with(KeySets::kNone, "a")), digits);
  KeySets::Id all = KeySets::kNone;
  for (char digit = '0'; digit <= '9'; ++digit) all = sets.with(all, std::string(1, digit));
  EXPECT_FALSE(pool.live(sets.unused(pool, digits, all)));
}

}  // namespace
}  // namespace retort::grammar
