#include "grammar/constraint.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace retort::grammar {
namespace {

// Each byte is a token of its own number; these are the longer ones.
const std::vector<std::string> longer_pieces = {
    "<call>", "</call>", "<call>12", "<call>x", "ll>1", "12</call>", " <ca", " 1", " x"};

class ConstraintTest : public testing::Test {
 protected:
  ConstraintTest() {
    std::vector<std::string> pieces(256);
    for (std::size_t byte = 0; byte < 256; ++byte) pieces[byte] = static_cast<char>(byte);
    pieces.insert(pieces.end(), longer_pieces.begin(), longer_pieces.end());
    trie_ = std::make_shared<TokenTrie>(TokenTrie::make(pieces, {}).value());
  }

  // Digits, then "</call>".
  static std::shared_ptr<Automaton> digits() {
    GrammarBuilder builder;
    ExpressionPool& pool = builder.expressions();
    const Expression number = pool.repeat(pool.bytes(ByteSet::range('0', '9')), 1, kUnbounded);
    const RuleId rule = builder.terminal(pool.concat(number, pool.literal("</call>")), false);
    return std::make_shared<Automaton>(std::move(builder).finish(rule).value());
  }

  Constraint calls(bool once, bool at_start = false) const {
    return Constraint(trie_, {{.text = "<call>", .at_start = at_start, .automaton = digits()}},
                      {.once = once});
  }

  static std::uint32_t token(std::string_view piece) {
    for (std::size_t i = 0; i < longer_pieces.size(); ++i) {
      if (longer_pieces[i] == piece) return static_cast<std::uint32_t>(256 + i);
    }
    return static_cast<std::uint8_t>(piece[0]);
  }
  static bool accept_bytes(Constraint& constraint, std::string_view text) {
    for (const char c : text) {
      if (!constraint.accept(static_cast<std::uint8_t>(c))) return false;
    }
    return true;
  }
  bool allows(const Constraint& constraint, std::string_view piece) const {
    std::vector<std::uint64_t> mask(constraint.words());
    constraint.fill_mask(mask);
    return has_token(mask, token(piece));
  }

  std::shared_ptr<const TokenTrie> trie_;
};

TEST_F(ConstraintTest, TextIsFreeUntilACallBeginsAndFreeBehindIt) {
  Constraint constraint = calls(/*once=*/false);
  EXPECT_FALSE(constraint.bound());
  EXPECT_TRUE(constraint.can_end());
  ASSERT_TRUE(accept_bytes(constraint, "Let me see <ca <call>"));
  ASSERT_TRUE(constraint.bound());
  EXPECT_FALSE(constraint.can_end());
  EXPECT_TRUE(allows(constraint, "7"));
  EXPECT_FALSE(allows(constraint, "x"));
  EXPECT_FALSE(allows(constraint, "</call>"));
  ASSERT_TRUE(constraint.accept(token("12</call>")));
  EXPECT_FALSE(constraint.bound());
  ASSERT_TRUE(accept_bytes(constraint, " and <call>"));
  EXPECT_TRUE(constraint.bound());
}

TEST_F(ConstraintTest, TheCallThatMayBeMadeOnceEndsTheAnswer) {
  Constraint constraint = calls(/*once=*/true);
  ASSERT_TRUE(accept_bytes(constraint, "<call>1</call>"));
  EXPECT_TRUE(constraint.must_end());
}

TEST_F(ConstraintTest, ATokenMayHoldTheMarkAndTheBeginningOfTheCall) {
  Constraint constraint = calls(/*once=*/false);
  ASSERT_TRUE(constraint.accept(token("<call>12")));
  EXPECT_TRUE(constraint.bound());
  EXPECT_TRUE(allows(constraint, "</call>"));

  Constraint across = calls(/*once=*/false);
  ASSERT_TRUE(across.accept(token(" <ca")));
  ASSERT_TRUE(across.accept(token("ll>1")));
  EXPECT_TRUE(across.bound());
}

TEST_F(ConstraintTest, AMarkWithSomethingElseBehindItStaysText) {
  Constraint constraint = calls(/*once=*/false);
  ASSERT_TRUE(constraint.accept(token("<call>x")));
  EXPECT_FALSE(constraint.bound());
}

TEST_F(ConstraintTest, AMarkForTheStartCountsThereOnly) {
  Constraint inside = calls(/*once=*/false, /*at_start=*/true);
  ASSERT_TRUE(accept_bytes(inside, "so <call>"));
  EXPECT_FALSE(inside.bound());
  Constraint start = calls(/*once=*/false, /*at_start=*/true);
  ASSERT_TRUE(accept_bytes(start, " \n\n\n\n\n\n\n\n<call>"));
  EXPECT_TRUE(start.bound());
}

TEST_F(ConstraintTest, AnAnswerThatMustHoldAGrammarMayNotEndBeforeIt) {
  Constraint constraint(trie_, {{.text = "</call>", .at_start = false, .automaton = digits()}},
                        {.once = true, .required = true});
  ASSERT_TRUE(accept_bytes(constraint, "let me think"));
  EXPECT_FALSE(constraint.can_end());
  ASSERT_TRUE(accept_bytes(constraint, "</call>1</call>"));
  EXPECT_TRUE(constraint.must_end());
}

TEST_F(ConstraintTest, AWholeAnswerIsBoundFromItsBeginning) {
  Constraint constraint(trie_, digits());
  EXPECT_TRUE(constraint.bound());
  EXPECT_FALSE(constraint.accept(token("x")));
  ASSERT_TRUE(constraint.accept(token("1")));
  ASSERT_TRUE(constraint.accept(token("<")));
  EXPECT_EQ(constraint.forced(100), "/call>");
  ASSERT_TRUE(accept_bytes(constraint, "/call>"));
  EXPECT_TRUE(constraint.must_end());
}

TEST_F(ConstraintTest, TheSpaceThatAVocabularyBeginsTextsWithDoesNotCount) {
  Constraint constraint(trie_, digits());
  EXPECT_FALSE(allows(constraint, " 1"));
  constraint.strip_first_space();
  EXPECT_TRUE(allows(constraint, " 1"));
  EXPECT_TRUE(allows(constraint, "1"));
  EXPECT_TRUE(allows(constraint, " "));
  EXPECT_FALSE(allows(constraint, " x"));
  ASSERT_TRUE(constraint.accept(token(" 1")));
  EXPECT_FALSE(allows(constraint, " 1"));
  ASSERT_TRUE(accept_bytes(constraint, "2</call>"));
}

}  // namespace
}  // namespace retort::grammar
