#include "grammar/gbnf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "grammar/matcher.h"

namespace retort::grammar {
namespace {

std::shared_ptr<Automaton> compile(std::string_view text) {
  Result<Grammar> grammar = compile_gbnf(text);
  EXPECT_TRUE(grammar) << grammar.error().message();
  return grammar ? std::make_shared<Automaton>(std::move(*grammar)) : nullptr;
}

std::string error_of(std::string_view text, const GbnfLimits& limits = {}) {
  const Result<Grammar> grammar = compile_gbnf(text, limits);
  return grammar ? "" : grammar.error().message();
}

void expect(std::string_view grammar, const std::vector<std::string>& in,
            const std::vector<std::string>& out) {
  const auto automaton = compile(grammar);
  ASSERT_NE(automaton, nullptr);
  for (const std::string& text : in)
    EXPECT_TRUE(accepts(automaton, text)) << grammar << ": " << text;
  for (const std::string& text : out)
    EXPECT_FALSE(accepts(automaton, text)) << grammar << ": " << text;
}

TEST(Gbnf, LiteralsClassesAndRepeats) {
  expect(R"(root ::= "a"+ [0-9]{2,3} "z"?)", {"a12", "aa123z"}, {"a1", "12", "a1234", "a12zz"});
  expect(R"(root ::= [^a-c"\]]*)", {"", "xyz", "é"}, {"a", "]", "\""});
  expect(R"(root ::= "\x41\u00e9\U0001F600\n\\" .)", {"Aé😀\n\\x", "Aé😀\n\\ü"},
         {"Aé😀\n\\", "Aé😀\n\\xy"});
  expect(R"(root ::= [a-]{,2} "]"{2})", {"]]", "a-]]"}, {"a", "aaa]]"});
}

TEST(Gbnf, RulesNameOneAnotherInAnyOrder) {
  expect(
      R"gbnf(
# arithmetic
root  ::= (expr "=" term "\n")+
expr  ::= term ([-+*/] term)*   # the class begins with a minus
term  ::= number | ("(" expr
          ")")
number ::= [0-9]+
)gbnf",
      {"1+2=3\n", "(1+(2*3))-4=5\n6=6\n"}, {"1+=3\n", "(1=2\n", "1=2"});
}

TEST(Gbnf, ABarMayBeginOrEndALine) {
  expect("root ::= \"a\" |\n  \"b\"\n", {"a", "b"}, {"ab"});
  expect("root ::= (\n \"a\"\n | \"b\"\n)\n", {"a", "b"}, {"ab"});
}

TEST(Gbnf, AnEmptyAlternativeIsTheEmptyString) {
  expect(R"(root ::= "a" ("b" | ) x
x ::= "x" x |)",
         {"a", "ab", "abxx"}, {"b"});
}

TEST(Gbnf, RepeatsOfRulesCount) {
  expect("root ::= word{2,3}\nword ::= \"<\" [a-z] \">\"", {"<a><b>", "<a><b><c>"},
         {"<a>", "<a><b><c><d>"});
}

TEST(Gbnf, ErrorsNameTheLineAndColumn) {
  EXPECT_THAT(error_of("root ::= \"a\"\nx = 3"), testing::HasSubstr("line 2, column 3"));
  EXPECT_THAT(error_of("root ::= \"a"), testing::HasSubstr("does not end"));
  EXPECT_THAT(error_of("root ::= [z-a]"), testing::HasSubstr("backwards"));
  EXPECT_THAT(error_of("root ::= (\"a\""), testing::HasSubstr("expected )"));
  EXPECT_THAT(error_of("root ::= \"a\"{3,2}"), testing::HasSubstr("comes first"));
  EXPECT_THAT(error_of("root ::= \"\\q\""), testing::HasSubstr("escape"));
  EXPECT_THAT(error_of("root ::= \"\\ud800\""), testing::HasSubstr("no such character"));
  EXPECT_THAT(error_of("root ::= \"\xff\""), testing::HasSubstr("UTF-8"));
  EXPECT_THAT(error_of("a ::= \"a\""), testing::HasSubstr("no rule named root"));
  EXPECT_THAT(error_of("root ::= b"), testing::HasSubstr("rule b"));
  EXPECT_THAT(error_of("root ::= \"a\"\nroot ::= \"b\""), testing::HasSubstr("twice"));
  EXPECT_THAT(error_of("root ::= root \"a\" | \"b\""), testing::HasSubstr("left-recursive"));
  EXPECT_THAT(error_of(""), testing::HasSubstr("root"));
}

TEST(Gbnf, LimitsAreNamed) {
  EXPECT_THAT(error_of("root ::= " + std::string(200, '(') + "\"a\"" + std::string(200, ')')),
              testing::HasSubstr("deep"));
  EXPECT_THAT(error_of("root ::= \"a\"{1000000}"), testing::HasSubstr("beyond"));
  EXPECT_THAT(error_of("root ::= \"aaaaaaaaaaaaaaaa\"", {.bytes_max = 10}),
              testing::HasSubstr("bytes"));
}

}  // namespace
}  // namespace retort::grammar
