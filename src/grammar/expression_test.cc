#include "grammar/expression.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace retort::grammar {
namespace {

// ------------------------------------------------------- against sets of strings of up to kLength

constexpr std::size_t kLength = 4;
constexpr std::string_view kAlphabet = "ab\"";
using Language = std::set<std::string>;

Language every_string() {
  Language all = {""};
  std::vector<std::string> last = {""};
  for (std::size_t i = 0; i < kLength; ++i) {
    std::vector<std::string> next;
    for (const std::string& text : last) {
      for (const char c : kAlphabet) next.push_back(text + c);
    }
    all.insert(next.begin(), next.end());
    last = std::move(next);
  }
  return all;
}

Language joined(const Language& first, const Language& second) {
  Language all;
  for (const std::string& a : first) {
    for (const std::string& b : second) {
      if (a.size() + b.size() <= kLength) all.insert(a + b);
    }
  }
  return all;
}

Language repeated(const Language& once, std::uint32_t min, std::uint32_t max) {
  Language all, power = {""};
  for (std::uint32_t count = 0; count <= std::min<std::uint32_t>(max, min + kLength); ++count) {
    if (count >= min) all.insert(power.begin(), power.end());
    power = joined(power, once);
  }
  return all;
}

struct Pair {
  Expression expression;
  Language language;
};

class RandomPair {
 public:
  RandomPair(ExpressionPool& pool, std::uint32_t seed) : pool_(pool), random_(seed) {}

  Pair make(int size) {
    if (size <= 1) return leaf();
    const int left = size / 2;
    switch (below(8)) {
      case 0:
      case 1:
        return combined(left, size - left);
      case 2: {
        Pair a = make(left), b = make(size - left);
        b.language.merge(a.language);
        return {pool_.either(a.expression, b.expression), b.language};
      }
      case 3: {
        const Pair a = make(left), b = make(size - left);
        Language common;
        std::ranges::set_intersection(a.language, b.language,
                                      std::inserter(common, common.begin()));
        return {pool_.both(a.expression, b.expression), common};
      }
      case 4: {
        const Pair a = make(size - 1);
        Language rest;
        std::ranges::set_difference(every_string(), a.language, std::inserter(rest, rest.begin()));
        return {pool_.complement(a.expression), rest};
      }
      case 5: {
        const Pair a = make(left), b = make(size - left);
        Language rest;
        std::ranges::set_difference(a.language, b.language, std::inserter(rest, rest.begin()));
        return {pool_.without(a.expression, b.expression), rest};
      }
      default: {
        const Pair a = make(size - 1);
        const std::uint32_t min = below(3), max = below(3) == 0 ? kUnbounded : min + below(3);
        return {pool_.repeat(a.expression, min, max), repeated(a.language, min, max)};
      }
    }
  }

 private:
  std::uint32_t below(std::uint32_t end) {
    return std::uniform_int_distribution<std::uint32_t>(0, end - 1)(random_);
  }

  Pair combined(int left, int right) {
    const Pair a = make(left), b = make(right);
    return {pool_.concat(a.expression, b.expression), joined(a.language, b.language)};
  }

  Pair leaf() {
    switch (below(9)) {
      case 0:
        return {pool_.literal("ab"), {"ab"}};
      case 1:
        return {pool_.literal("\""), {"\""}};
      case 2:
        return {pool_.bytes(ByteSet::of('a')), {"a"}};
      case 3:
        return {pool_.bytes(ByteSet::range('a', 'b')), {"a", "b"}};
      case 4: {
        const std::vector<std::string> texts = {"a", "ab", "ba", "", "bab"};
        return {pool_.one_of(texts), Language(texts.begin(), texts.end())};
      }
      case 5:
        return {pool_.empty(), {""}};
      case 6:
        return {pool_.json_character(), {"a", "b"}};
      case 7:
        return {pool_.anything(), every_string()};
      default: {
        const std::uint32_t min = below(3), max = below(2) == 0 ? kUnbounded : min + below(3);
        return {pool_.json_string_rest(min, max), joined(repeated({"a", "b"}, min, max), {"\""})};
      }
    }
  }

  ExpressionPool& pool_;
  std::mt19937 random_;
};

TEST(Expression, MatchesTheStringsOfItsParts) {
  const Language all = every_string();
  for (std::uint32_t seed = 0; seed < 3000; ++seed) {
    ExpressionPool pool;
    const Pair pair = RandomPair(pool, seed).make(2 + static_cast<int>(seed % 7));
    for (const std::string& text : all) {
      ASSERT_EQ(pool.matches(pair.expression, text), pair.language.contains(text))
          << text << " with seed " << seed;
    }
    if (!pair.language.empty()) ASSERT_TRUE(pool.live(pair.expression)) << seed;
    ASSERT_FALSE(pool.exhausted());
  }
}

// ------------------------------------------------------------------------------------- one by one

TEST(Expression, EqualOnesHaveEqualNumbers) {
  ExpressionPool pool;
  const Expression a = pool.literal("a"), b = pool.bytes(ByteSet::of('b')), c = pool.literal("cc");
  EXPECT_EQ(pool.concat(pool.concat(a, b), c), pool.concat(a, pool.concat(b, c)));
  EXPECT_EQ(pool.either(pool.either(a, b), c), pool.either({c, a, b, a}));
  EXPECT_EQ(pool.both(pool.both(a, b), c), pool.both(c, pool.both(b, a)));
  EXPECT_EQ(pool.complement(pool.complement(a)), a);
  EXPECT_EQ(pool.without(a, a), pool.nothing());
  EXPECT_EQ(pool.repeat(pool.repeat(a, 0, kUnbounded), 0, kUnbounded),
            pool.repeat(a, 0, kUnbounded));
  EXPECT_EQ(pool.repeat(pool.bytes(ByteSet::all()), 0, kUnbounded), pool.anything());
  EXPECT_EQ(pool.either(pool.bytes(ByteSet::of('a')), b), pool.bytes(ByteSet::range('a', 'b')));
}

TEST(Expression, LiveTellsWhetherThereIsAMember) {
  ExpressionPool pool;
  const Expression as = pool.repeat(pool.literal("a"), 0, kUnbounded);
  const Expression pairs = pool.repeat(pool.literal("aa"), 1, kUnbounded);
  const Expression odd =
      pool.concat(pool.literal("a"), pool.repeat(pool.literal("aa"), 0, kUnbounded));
  EXPECT_TRUE(pool.live(pool.both(as, pairs)));
  EXPECT_FALSE(pool.live(pool.both(odd, pairs)));
  EXPECT_FALSE(pool.live(pool.both(pool.literal("ab"), pool.literal("ac"))));
  EXPECT_TRUE(pool.live(pool.without(as, pairs)));
  EXPECT_FALSE(pool.live(pool.without(pairs, as)));
  EXPECT_FALSE(pool.live(pool.concat(pool.literal("x"), pool.both(odd, pairs))));
  EXPECT_FALSE(pool.exhausted());
}

TEST(Expression, MultiplesAreThoseOfTheModulus) {
  for (const std::uint64_t modulus : {1u, 2u, 3u, 7u, 10u, 12u, 97u, 1000u}) {
    ExpressionPool pool;
    const Expression plain = pool.multiple_of(modulus), pointed = pool.multiple_of(modulus, true);
    for (std::uint64_t value = 0; value < 3000; ++value) {
      std::string text = std::to_string(value);
      ASSERT_EQ(pool.matches(plain, text), value % modulus == 0) << text << " % " << modulus;
      text.insert(value % (text.size() + 1), ".");
      ASSERT_EQ(pool.matches(pointed, text), value % modulus == 0) << text << " % " << modulus;
      ASSERT_FALSE(pool.matches(plain, text));
    }
    EXPECT_FALSE(pool.matches(plain, ""));
    EXPECT_FALSE(pool.matches(pointed, "."));
    EXPECT_TRUE(pool.matches(plain, "000"));
  }
  ExpressionPool pool;
  EXPECT_TRUE(pool.matches(pool.multiple_of(std::uint64_t{1} << 32), "8589934592"));
  EXPECT_FALSE(pool.matches(pool.multiple_of(std::uint64_t{1} << 32), "8589934593"));
}

TEST(Expression, JsonCharactersAreWellFormed) {
  ExpressionPool pool;
  const Expression one = pool.json_character();
  for (const char* text : {"a", " ", "\x7f", "é", "€", "😀", "\\n", "\\\"", "\\\\", "\\/",
                           "\\u0000", "\\uD7ff", "\\ue000", "\\uFFFF", "\\ud83d\\uDE00"}) {
    EXPECT_TRUE(pool.matches(one, text)) << text;
  }
  for (const char* text :
       {"", "ab", "\"", "\\", "\n", "\x1f", "\\a", "\\u00", "\\u00g0", "\\ud83d", "\\udc00",
        "\\ud83d\\u0041", "\\ud83d\\ud83d", "\x80", "\xc1\x80", "\xe0\x80\x80", "\xed\xa0\x80",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80"}) {
    EXPECT_FALSE(pool.matches(one, text)) << text;
  }
}

// What the mask of tokens answers from a table has to be found again in what patterns leave.
TEST(Expression, AnyStringIsToldHoweverItIsMade) {
  ExpressionPool pool;
  const Expression any = pool.repeat(pool.json_character(), 0, kUnbounded);
  const Expression quote = pool.literal("\"");
  const Expression rest = pool.json_string_rest(0, kUnbounded);
  EXPECT_EQ(pool.concat(any, quote), rest);
  EXPECT_EQ(pool.concat(pool.repeat(pool.json_character(), 2, 5), pool.bytes(ByteSet::of('"'))),
            pool.json_string_rest(2, 5));
  EXPECT_EQ(pool.both(pool.json_string_rest(1, 9), pool.json_string_rest(2, kUnbounded)),
            pool.json_string_rest(2, 9));
  EXPECT_EQ(pool.both(pool.json_string_rest(3, 9), pool.json_string_rest(0, 2)), pool.nothing());

  const Expression a = pool.literal("a");
  pool.declare_json_characters(a);
  const Expression with_a = pool.concat({any, a, any, quote});
  EXPECT_EQ(pool.either(rest, with_a), rest);
  EXPECT_EQ(pool.both(rest, with_a), with_a);
  EXPECT_EQ(pool.either(any, pool.concat(any, a)), any);
  EXPECT_NE(pool.either(rest, pool.concat(pool.literal("b"), quote)), rest);  // not declared
  EXPECT_EQ(pool.derivative(with_a, 'a'), rest);
}

TEST(Expression, FirstBytesHoldEveryByteThatLeadsOn) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    ExpressionPool pool;
    const Pair pair = RandomPair(pool, seed).make(2 + static_cast<int>(seed % 7));
    for (const std::string& text : pair.language) {
      Expression at = pair.expression;
      for (const char c : text) {
        ASSERT_TRUE(pool.first_bytes(at).has(static_cast<std::uint8_t>(c))) << text << " " << seed;
        at = pool.derivative(at, static_cast<std::uint8_t>(c));
      }
    }
  }
  ExpressionPool pool;
  EXPECT_TRUE(pool.first_bytes(pool.multiple_of(5, true)).has('.'));
  EXPECT_FALSE(pool.first_bytes(pool.multiple_of(5)).has('.'));
}

TEST(Expression, BytesOfAClassAreAlike) {
  ExpressionPool pool;
  pool.both(pool.json_string_rest(0, 9), pool.concat(pool.literal("xyz"), pool.anything()));
  pool.multiple_of(7);
  const auto classes = pool.byte_classes();
  for (const char c : std::string_view("xyz\".0123456789")) {
    const auto own = classes[static_cast<unsigned char>(c)];
    EXPECT_EQ(std::ranges::count(classes, own), 1) << c;
  }
  EXPECT_EQ(classes['m'], classes['p']);
  EXPECT_NE(classes['m'], classes['\n']);
}

TEST(Expression, SaysWhenItsLimitsAreMet) {
  ExpressionPool small({.expressions_max = 60});
  std::string text;
  for (int i = 0; i < 100; ++i) small.literal(text += 'x');
  EXPECT_TRUE(small.exhausted());
  EXPECT_EQ(small.derivative(small.literal("x"), 'x'), small.nothing());

  ExpressionPool hasty({.search_max = 2});
  const Expression as = hasty.repeat(hasty.literal("a"), 40, 40);
  EXPECT_FALSE(hasty.live(hasty.both(as, hasty.complement(hasty.literal("b")))));
  EXPECT_TRUE(hasty.exhausted());
}

}  // namespace
}  // namespace retort::grammar
