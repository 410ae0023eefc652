#include "grammar/matcher.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "grammar/grammar.h"
#include "grammar/token_trie.h"

namespace retort::grammar {
namespace {

// Any JSON: what the tests below walk through.
std::shared_ptr<Automaton> any_json() {
  GrammarBuilder builder;
  ExpressionPool& pool = builder.expressions();
  const auto mark = [&](const char* text) { return builder.terminal(pool.literal(text), true); };
  const Expression digits = pool.bytes(ByteSet::range('0', '9'));
  const Expression string = pool.concat(pool.literal("\""), pool.json_string_rest(0, kUnbounded));
  const RuleId value = builder.reserve();
  const RuleId text = builder.terminal(string, true);
  const RuleId scalar = builder.terminal(
      pool.either({string, pool.repeat(digits, 1, kUnbounded), pool.literal("true")}), true);
  const RuleId elements = builder.sequence(
      {value, builder.repeat(builder.sequence({mark(","), value}), 0, kUnbounded)});
  const RuleId member = builder.sequence({text, mark(":"), value});
  const RuleId members = builder.sequence(
      {member, builder.repeat(builder.sequence({mark(","), member}), 0, kUnbounded)});
  const RuleId array = builder.sequence({mark("["), builder.repeat(elements, 0, 1), mark("]")});
  const RuleId object = builder.sequence({mark("{"), builder.repeat(members, 0, 1), mark("}")});
  builder.define(value, builder.choice({scalar, array, object}));
  return std::make_shared<Automaton>(std::move(builder).finish(value).value());
}

// All strings of up to three of some bytes: every way for a token to begin and end anywhere.
std::vector<std::string> small_vocabulary() {
  std::vector<std::string> pieces;
  const std::string bytes = "\"{}[]:,1t \\u\xC3\xA9\n";
  for (const char a : bytes) {
    pieces.emplace_back(1, a);
    for (const char b : bytes) {
      pieces.push_back({a, b});
      for (const char c : bytes) pieces.push_back({a, b, c});
    }
  }
  for (const char* longer :
       {"true", "true,", "\": \"", "\\u00e9", "\\ud83d", "\\ude00", "\\ud83d\\ude00\"",
        "abcdefghijklmnop", "\"abc\":", "", "                    "}) {
    pieces.emplace_back(longer);
  }
  return pieces;
}

std::vector<std::uint64_t> mask_of(const Matcher& matcher, const TokenTrie& trie) {
  std::vector<std::uint64_t> mask(trie.words());
  matcher.fill_mask(trie, mask);
  return mask;
}

// The mask must say what the matcher itself says of each token.
void expect_mask_is_exact(const Matcher& matcher, const TokenTrie& trie,
                          const std::vector<std::string>& pieces, const std::string& context) {
  const auto mask = mask_of(matcher, trie);
  for (std::uint32_t token = 0; token < pieces.size(); ++token) {
    const bool accepted = !pieces[token].empty() && Matcher(matcher).accept(pieces[token]);
    ASSERT_EQ(has_token(mask, token), accepted) << "behind " << context << ": " << pieces[token];
  }
}

TEST(Matcher, AcceptsWhatItsGrammarDescribes) {
  const auto json = any_json();
  for (const char* text : {"1", "true", "[]", "{}", R"({"a":[1,2,{"b":"c"}]})", "[ 1 ,\n2 ]",
                           R"("\u00e9\ud83d\ude00é")"}) {
    EXPECT_TRUE(accepts(json, text)) << text;
  }
  for (const char* text :
       {"", "[", "[1,]", "{1:2}", R"({"a" 1})", "[1 2]", R"("\ud83d")", "\"\xC3\"", "1 1"}) {
    EXPECT_FALSE(accepts(json, text)) << text;
  }
}

TEST(Matcher, LetsThroughSixtyFourSpacesAndNoMore) {
  EXPECT_TRUE(accepts(any_json(), "[" + std::string(kSpaceMax, ' ') + "1]"));
  EXPECT_FALSE(accepts(any_json(), "[" + std::string(kSpaceMax + 1, ' ') + "1]"));
}

TEST(Matcher, DepthIsNotTheStacks) {
  constexpr std::size_t kDepth = 20'000;
  const std::string open(kDepth, '['), close(kDepth, ']');
  EXPECT_TRUE(accepts(any_json(), open + close));
  EXPECT_FALSE(accepts(any_json(), open + close + "]"));
}

TEST(Matcher, MaskIsExactAtEveryPlaceOfADocument) {
  const auto pieces = small_vocabulary();
  const auto trie = TokenTrie::make(pieces, {}).value();
  const std::string document = R"( {"a": [1, "x\u00e9\ud83d\ude00é", {}], "": true })";
  Matcher matcher(any_json());
  for (std::size_t i = 0; i < document.size(); ++i) {
    expect_mask_is_exact(matcher, trie, pieces, document.substr(0, i));
    ASSERT_TRUE(matcher.accept(document.substr(i, 1)));
  }
  EXPECT_TRUE(matcher.can_end());
}

TEST(Matcher, MaskIsExactInStringsOfBoundedLength) {
  const auto pieces = small_vocabulary();
  const auto trie = TokenTrie::make(pieces, {}).value();
  for (const std::uint32_t min : {0u, 1u, 2u, 5u}) {
    for (const std::uint32_t max : {min, min + 1, 16u, 100u, kUnbounded}) {
      if (max < min) continue;
      GrammarBuilder builder;
      ExpressionPool& pool = builder.expressions();
      const RuleId string =
          builder.terminal(pool.concat(pool.literal("\""), pool.json_string_rest(min, max)), true);
      const RuleId comma = builder.terminal(pool.literal(","), true);
      const RuleId rule = builder.sequence({string, comma});
      Matcher matcher(std::make_shared<Automaton>(std::move(builder).finish(rule).value()));
      std::string context = "\"";
      ASSERT_TRUE(matcher.accept(context));
      for (const char* next : {"", "1", "\\", "t", "\xC3", "\xA9"}) {
        if (!matcher.accept(next)) break;
        context += next;
        expect_mask_is_exact(matcher, trie, pieces,
                             std::to_string(min) + ".." + std::to_string(max) + context);
      }
    }
  }
}

TEST(Matcher, MaskIsExactForKeysThatMustNotBeSome) {
  const auto pieces = small_vocabulary();
  const auto trie = TokenTrie::make(pieces, {}).value();
  GrammarBuilder builder;
  ExpressionPool& pool = builder.expressions();
  const std::vector<std::string> names = {"1t\"", "t\"", "\""};
  const Expression key = pool.concat(
      pool.literal("\""), pool.without(pool.json_string_rest(0, kUnbounded), pool.one_of(names)));
  const RuleId rule =
      builder.sequence({builder.terminal(key, true), builder.terminal(pool.literal(":"), true)});
  Matcher matcher(std::make_shared<Automaton>(std::move(builder).finish(rule).value()));
  std::string context;
  for (const char* next : {"\"", "1", "t", "1", "\""}) {
    ASSERT_TRUE(matcher.accept(next));
    context += next;
    expect_mask_is_exact(matcher, trie, pieces, context);
  }
}

TEST(Matcher, KeysThatMustNotBeSomeMustNotBeTheirOtherSpellingsEither) {
  GrammarBuilder builder;
  ExpressionPool& pool = builder.expressions();
  const std::vector<std::string> names = {"ab", "é\n", "😀"};
  const Expression left_out = pool.concat(pool.any_spelling_of(names), pool.literal("\""));
  const Expression key =
      pool.concat(pool.literal("\""), pool.without(pool.json_string_rest(0, kUnbounded), left_out));
  const RuleId rule = builder.terminal(key, false);
  const auto automaton = std::make_shared<Automaton>(std::move(builder).finish(rule).value());
  for (const char* text : {R"("ab")", R"("\u0061b")", R"("a\u0062")", R"("é\n")",
                           R"("\u00e9\u000A")", R"("\u00E9\n")", R"("😀")", R"("\uD83D\ude00")"}) {
    EXPECT_FALSE(accepts(automaton, text)) << text;
  }
  for (const char* text : {R"("")", R"("a")", R"("abc")", R"("\u0061c")", R"("é")", R"("é\t")",
                           R"("\ud83d\ude01")", R"("\\ab")"}) {
    EXPECT_TRUE(accepts(automaton, text)) << text;
  }
}

// An object of three members whose keys differ, or more; each value 1 or another such object.
std::shared_ptr<Automaton> objects_of_new_keys() {
  GrammarBuilder builder;
  ExpressionPool& pool = builder.expressions();
  const auto mark = [&](const char* text) { return builder.terminal(pool.literal(text), true); };
  const RuleId key =
      builder.key(pool.concat(pool.literal("\""), pool.json_string_rest(0, kUnbounded)));
  const RuleId value = builder.reserve();
  const RuleId member = builder.sequence({key, mark(":"), value});
  const RuleId more = builder.repeat(builder.sequence({mark(","), member}), 2, kUnbounded);
  const RuleId object = builder.key_scope(builder.sequence({mark("{"), member, more, mark("}")}));
  builder.define(value, builder.choice({mark("1"), object}));
  return std::make_shared<Automaton>(std::move(builder).finish(object).value());
}

TEST(Matcher, KeysOfAScopeDifferHoweverTheyAreSpelled) {
  const auto objects = objects_of_new_keys();
  for (const char* text :
       {R"({"a":1,"b":1,"c":1})", R"({"a":1,"b":1,"c":{"a":1,"b":1,"d":1},"d":1})",
        R"( { "" : 1 , "\"" : 1 , "\\" : 1 })", R"({"a":1,"aa":1,"A":1})"}) {
    EXPECT_TRUE(accepts(objects, text)) << text;
  }
  for (const char* text :
       {R"({"a":1,"b":1})", R"({"a":1,"b":1,"a":1})", R"({"a":1,"b":1,"\u0061":1})",
        R"({"\/":1,"/":1,"c":1})", R"({"a":1,"b":{"x":1,"y":1,"x":1},"c":1})",
        R"({"a":1,"b":{"x":1,"y":1,"z":1},"a":1})"}) {
    EXPECT_FALSE(accepts(objects, text)) << text;
  }
}

TEST(Matcher, MaskIsExactWhereKeysMustDiffer) {
  std::vector<std::string> pieces = small_vocabulary();
  for (const char* longer :
       {"\"1\":1,\"", "\"1\":1,\"t", "\":1,\"1", "\":1,\"1\"", "\":1,\"t\":1,\"u", "\":{\"",
        "\":{\"1\":", "\\u0031\":1,\"1\":", "1\":1,\"1\"", "1,\"1\":"}) {
    pieces.emplace_back(longer);
  }
  const auto trie = TokenTrie::make(pieces, {}).value();
  const std::string document = R"({"1":1 ,"t1":{"1":1,"t":1,"\u0031\u":1},"":1})";
  Matcher matcher(objects_of_new_keys());
  for (std::size_t i = 0; i < document.find("\\u\""); ++i) {
    expect_mask_is_exact(matcher, trie, pieces, document.substr(0, i));
    ASSERT_TRUE(matcher.accept(document.substr(i, 1))) << document.substr(0, i);
  }
}

TEST(Matcher, MasksOfKeysAddNoFramesToSpeakOf) {
  const auto pieces = small_vocabulary();
  const auto trie = TokenTrie::make(pieces, {}).value();
  const auto objects = objects_of_new_keys();
  Matcher matcher(objects);
  ASSERT_TRUE(matcher.accept(R"({"a":1,"b":1,")"));
  const std::size_t before = objects->bytes();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(matcher.accept(std::string(1, static_cast<char>('c' + i))));
    mask_of(matcher, trie);
  }
  EXPECT_LT(objects->bytes() - before, 10 * (trie.words() * 8 + 40'000));
}

TEST(Matcher, ForcedBytesAreThoseWithOneWayOnly) {
  GrammarBuilder builder;
  ExpressionPool& pool = builder.expressions();
  const std::vector<std::string> words = {"\"location\"", "\"lobby\""};
  const RuleId rule = builder.sequence(
      {builder.terminal(pool.one_of(words), false), builder.terminal(pool.literal(":"), true)});
  Matcher matcher(std::make_shared<Automaton>(std::move(builder).finish(rule).value()));
  EXPECT_EQ(matcher.forced(100), "\"lo");
  EXPECT_EQ(matcher.forced(2), "\"l");
  ASSERT_TRUE(matcher.accept("\"loc"));
  EXPECT_EQ(matcher.forced(100), "ation\"");  // behind it: white space or the colon
  ASSERT_TRUE(matcher.accept("ation\":"));
  EXPECT_EQ(matcher.forced(100), "");
  EXPECT_TRUE(matcher.must_end());
}

TEST(Matcher, RefusedBytesLeaveThePlaceAsItWas) {
  Matcher matcher(any_json());
  ASSERT_TRUE(matcher.accept("[1"));
  EXPECT_FALSE(matcher.accept(",}"));
  EXPECT_TRUE(matcher.accept(",2]"));
  EXPECT_TRUE(matcher.can_end());
}

TEST(Matcher, CountedRepeatsCount) {
  GrammarBuilder builder;
  const RuleId a = builder.terminal(builder.expressions().literal("a"), false);
  const RuleId rule = builder.repeat(a, 2, 4);
  const auto automaton = std::make_shared<Automaton>(std::move(builder).finish(rule).value());
  for (std::size_t count = 0; count < 7; ++count) {
    EXPECT_EQ(accepts(automaton, std::string(count, 'a')), count >= 2 && count <= 4) << count;
  }
}

TEST(Matcher, FramesBeyondTheLimitExhaustIt) {
  GrammarBuilder builder;
  ExpressionPool& pool = builder.expressions();
  const RuleId nest = builder.reserve();
  const RuleId open = builder.terminal(pool.literal("["), false);
  const RuleId close = builder.terminal(pool.literal("]"), false);
  builder.define(nest, builder.sequence({open, builder.repeat(nest, 0, 1), close}));
  const auto automaton = std::make_shared<Automaton>(std::move(builder).finish(nest).value(),
                                                     MatcherLimits{.frames_max = 100});
  Matcher matcher(automaton);
  ASSERT_TRUE(matcher.accept(std::string(12, '[')));
  EXPECT_FALSE(automaton->worn());
  ASSERT_TRUE(matcher.accept(std::string(12, '[')));
  EXPECT_TRUE(automaton->worn());
  EXPECT_FALSE(matcher.accept(std::string(200, '[')));
  EXPECT_TRUE(matcher.exhausted());
}

TEST(GrammarBuilder, RefusesLeftRecursion) {
  GrammarBuilder builder;
  const RuleId a = builder.reserve();
  const RuleId x = builder.terminal(builder.expressions().literal("x"), false);
  builder.define(a, builder.choice({builder.sequence({builder.repeat(x, 0, 1), a, x}), x}));
  EXPECT_FALSE(std::move(builder).finish(a).has_value());
}

TEST(GrammarBuilder, RefusesARuleThatWasNeverDefined) {
  GrammarBuilder builder;
  const RuleId a = builder.reserve();
  EXPECT_FALSE(std::move(builder).finish(a).has_value());
}

TEST(GrammarBuilder, RefusesMoreRulesThanItsLimit) {
  GrammarBuilder builder({.rules_max = 10, .parts_max = 100, .expressions = {}});
  std::vector<RuleId> parts;
  for (int i = 0; i < 20; ++i) parts.push_back(builder.reserve());
  const RuleId rule = builder.sequence(parts);
  EXPECT_FALSE(std::move(builder).finish(rule).has_value());
}

TEST(TokenTrie, LeavesOutControlTokensAndEmptyPieces) {
  const std::vector<std::string> pieces = {"1", "", "1", "[",
                                           std::string(TokenTrie::kPieceBytesMax + 1, '1')};
  const std::vector<std::uint32_t> control = {2};
  const auto trie = TokenTrie::make(pieces, control).value();
  const auto mask = mask_of(Matcher(any_json()), trie);
  EXPECT_TRUE(has_token(mask, 0));
  EXPECT_FALSE(has_token(mask, 1));
  EXPECT_FALSE(has_token(mask, 2));
  EXPECT_TRUE(has_token(mask, 3));
  EXPECT_FALSE(has_token(mask, 4));
}

}  // namespace
}  // namespace retort::grammar
