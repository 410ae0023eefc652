#include "grammar/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <gtest/gtest.h>
#include <pcre2.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/utf8.h"

namespace retort::grammar {
namespace {

// Whether `pattern` lets `text` through, all of it in its UTF-8 spelling.
bool finds(std::string_view pattern, std::string_view text, bool whole = false,
           Spelling spelling = Spelling::utf8) {
  ExpressionPool pool;
  const Result<Expression> compiled = compile_pattern(pool, pattern, spelling, whole);
  if (!compiled) {
    ADD_FAILURE() << pattern << ": " << compiled.error().message();
    return false;
  }
  return pool.matches(*compiled, text);
}

bool finds_in_json(std::string_view pattern, std::string_view text) {
  return finds(pattern, text, false, Spelling::json_string);
}

std::string refusal(std::string_view pattern, const PatternLimits& limits = {}) {
  ExpressionPool pool;
  const Result<Expression> compiled = compile_pattern(pool, pattern, Spelling::utf8, false, limits);
  return compiled ? "" : compiled.error().message();
}

// ---------------------------------------------------------------------------- against PCRE2

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
using Code = std::unique_ptr<pcre2_code, FreeCode>;

Code compile_pcre2(const std::string& pattern, bool whole) {
  int error = 0;
  PCRE2_SIZE at = 0;
  Code code(pcre2_compile(
      reinterpret_cast<const unsigned char*>(pattern.data()), pattern.size(),
      PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | (whole ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0u), &error,
      &at, nullptr));
  EXPECT_TRUE(code) << pattern << " at " << at;
  return code;
}

bool pcre2_finds(const Code& code, const std::string& text) {
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  const int found = pcre2_match(code.get(), reinterpret_cast<const unsigned char*>(text.data()),
                                text.size(), 0, PCRE2_NO_UTF_CHECK, data, nullptr);
  pcre2_match_data_free(data);
  return found >= 0;
}

// Every string of up to `length` of the characters.
std::vector<std::string> strings_of(const std::vector<std::string>& characters, int length) {
  std::vector<std::string> all = {""};
  std::size_t begin = 0;
  for (int i = 0; i < length; ++i) {
    const std::size_t end = all.size();
    for (std::size_t at = begin; at < end; ++at) {
      for (const std::string& character : characters) all.push_back(all[at] + character);
    }
    begin = end;
  }
  return all;
}

void expect_as_pcre2(const std::string& pattern, const std::vector<std::string>& texts) {
  for (const bool whole : {false, true}) {
    ExpressionPool pool;
    const auto compiled = compile_pattern(pool, pattern, Spelling::utf8, whole);
    ASSERT_TRUE(compiled) << pattern << ": " << compiled.error().message();
    const Code code = compile_pcre2(pattern, whole);
    ASSERT_TRUE(code);
    for (const std::string& text : texts) {
      ASSERT_EQ(pool.matches(*compiled, text), pcre2_finds(code, text))
          << pattern << (whole ? " (whole)" : "") << " on \"" << text << "\"";
    }
    // In JSON's spelling the same.
    ExpressionPool json;
    const auto spelled = compile_pattern(json, pattern, Spelling::json_string, whole);
    ASSERT_TRUE(spelled);
    for (const std::string& text : texts) {
      ASSERT_EQ(json.matches(*spelled, json_spelling(text)), pcre2_finds(code, text))
          << pattern << (whole ? " (whole)" : "") << " on JSON \"" << text << "\"";
    }
  }
}

TEST(Pattern, FindsWhatPcre2Finds) {
  const auto texts = strings_of({"a", "b", "-", "é"}, 4);
  for (const char* pattern : {
           "",
           "a",
           "ab|b",
           "a*b",
           "a+?b",
           "(a|b){2}",
           "^a",
           "a$",
           "^a$",
           "^$",
           "^a|b$",
           "(^|b)a",
           "a($|b)",
           "^a*$|^b+$",
           "[^a]",
           ".",
           "..",
           "^.{2,3}$",
           "a{2,}",
           "(?:ab)+",
           "(?<n>a)b",
           "(?=a)",
           "(?=a)b",
           "(?!a)",
           "^(?!a)",
           "^(?!.*b)",
           "(?=.*a)b",
           "^(?=.*a)(?=.*b).{2,3}$",
           "a(?!b)",
           "a(?=b|$)",
           "^(a(-|$))+$",
           "^(a(-|$)){2}",
           "(a|$){2}",
           "(a$|b)*",
           "(a|b$)+-",
           "b?^a",
           "a*^b",
           "(a|b*)^-?a",
           "a$b",
           "a$b*",
           "a$b*^",
           "(^a)?b",
           "((?=a).)?b",
           "(?!^)a",
           "-?^(?!^b)",
           "((a|b)(-|$))*$",
           "^(?:\\w+-){0,2}\\w*$",
           "[a-b-]{3}",
           "[\\w-]{2}",
           "[^\\w]",
           "\\W\\w",
           "(?!(?=a)a)[ab]$",
           "(?=a$)",
           "(?=(?!b))b?a$",
           "é+",
           "[^é]{2}$",
           "a{0}b",
           "(a*)*b",
           "(a*)+$",
           "(|a){3}b",
           "^(a|ab)(b|-)?$",
           "a{2,3}b",
           "a{0,2}-",
           ".*a.*",
           "(a|b*)-",
           "a|",
           "()",
           "b+$|^-",
       }) {
    expect_as_pcre2(pattern, texts);
  }
}

// A random pattern of `size` parts or so over a, b and -.
class RandomPattern {
 public:
  explicit RandomPattern(std::uint32_t seed) : random_(seed) {}

  std::string make(int size, bool repeated = false) {
    switch (size <= 1 ? below(4) : 4 + below(7)) {
      case 0:
        return "a";
      case 1:
        return "b";
      case 2:
        return "[^a]";
      case 3:
        return below(3) > 0 ? "." : below(2) > 0 || repeated ? "$" : "^";
      case 4:
      case 5:
      case 6:
        return make(size / 2, repeated) + make(size - size / 2, repeated);
      case 7:
      case 8:
        return "(" + make(size / 2, repeated) + "|" + make(size - size / 2, repeated) + ")";
      case 9:
        return "(" + make(size - 1, true) + ")" + quantifier();
      default:
        if (repeated) return make(size - 1, true);
        return (below(2) > 0 ? "(?=" : "(?!") + make(size - 1, false) + ")";
    }
  }

 private:
  std::uint32_t below(std::uint32_t end) {
    return std::uniform_int_distribution<std::uint32_t>(0, end - 1)(random_);
  }
  std::string quantifier() {
    static const std::vector<std::string> all = {"*", "+", "?", "{2}", "{1,2}", "{0,3}", "{2,}?"};
    return all[below(static_cast<std::uint32_t>(all.size()))];
  }
  std::mt19937 random_;
};

TEST(Pattern, FindsWhatPcre2FindsInRandomPatterns) {
  const auto texts = strings_of({"a", "b", "-"}, 4);
  for (std::uint32_t seed = 0; seed < 600; ++seed) {
    RandomPattern random(seed);
    expect_as_pcre2(random.make(2 + static_cast<int>(seed % 9)), texts);
    if (HasFatalFailure()) return;
  }
}

TEST(Pattern, KnowsTheSameClassesAsPcre2) {
  std::vector<std::string> texts;
  for (const char32_t c :
       {U'\0',     U'\t',     U'\n',         U'\v',         U'\r',         U' ',
        U'!',      U'0',      U'9',          U'A',          U'_',          U'z',
        U'\x7f',   U'\xe9',   U'\u0416',     U'\u05d0',     U'\u0663',     U'\u2160',
        U'\u20ac', U'\u4e00', U'\U0001d400', U'\U0001f600', U'\U000e0001', U'\U0010ffff'}) {
    texts.emplace_back();
    base::append_utf8(texts.back(), c);
  }
  for (const char* pattern :
       {"^\\p{L}$", "^\\P{L}$", "^[\\p{Lu}\\p{Nd}]$", "^\\p{N}$", "^\\p{Sc}$", "^[^\\p{L}\\d]$",
        "^\\p{P}$", "^\\p{Cf}$", "^\\d$", "^\\D$", "^\\w$", "^\\x41$", "^[\\x00-\\x1f]$"}) {
    expect_as_pcre2(pattern, texts);
  }
}

// ------------------------------------------------------------------------------------ by hand

TEST(Pattern, WhiteSpaceAndDotAreThoseOfEcmaScript) {
  for (const char* space :
       {"\t", "\v", "\n", "\r", " ", "\xc2\xa0", "\xef\xbb\xbf", "\xe2\x80\xa9"}) {
    EXPECT_TRUE(finds("^\\s$", space));
    EXPECT_FALSE(finds("\\S", space));
  }
  EXPECT_FALSE(finds("\\s", "\xc2\x85"));
  for (const char* end : {"\n", "\r", "\xe2\x80\xa8", "\xe2\x80\xa9"})
    EXPECT_FALSE(finds(".", end));
  EXPECT_TRUE(finds("^.$", "\xc2\x85"));
  EXPECT_FALSE(finds("a$", "a\n"));  // no multiline, and no newline let off
}

TEST(Pattern, ReadsEveryEscape) {
  EXPECT_TRUE(finds("^\\t\\n\\v\\f\\r\\0\\cJ$", std::string_view("\t\n\v\f\r\0\n", 7)));
  EXPECT_TRUE(finds("^\\x41\\u00e9\\u{1F600}\\ud83d\\ude00$", "Aé😀😀"));
  EXPECT_TRUE(finds("^[\\b\\-\\u{1F600}-\\u{1F64F}]$", "\b"));
  EXPECT_TRUE(finds("^[\\u{1F600}-\\u{1F64F}]$", "😃"));
  EXPECT_TRUE(finds("^\\.\\/\\-\\_\\ \\#\\é$", "./-_ #é"));
  EXPECT_TRUE(finds("\\Aab\\Z", "ab"));
  EXPECT_FALSE(finds("\\Aab\\Z", "abc"));
}

TEST(Pattern, ReadsSloppySyntaxAsOlderDialectsDo) {
  EXPECT_TRUE(finds("^a{b}]$", "a{b}]"));
  EXPECT_TRUE(finds("^a{1$", "a{1"));
  EXPECT_TRUE(finds("^{$", "{"));
  EXPECT_TRUE(finds("^[\\w-.]+$", "a-."));
  EXPECT_TRUE(finds("^[a-\\d]+$", "a-1"));
  EXPECT_TRUE(finds("^[a-zA-Z0-9-_.]+$", "a-_."));
  EXPECT_TRUE(finds("^[-a]+[a-]$", "--"));
  EXPECT_TRUE(finds("^(?P<year>\\d{4})$", "2024"));
  EXPECT_TRUE(finds("[^]", "a"));
  EXPECT_FALSE(finds("[]", "a"));
}

TEST(Pattern, SaysWhatIsWrongAndWhere) {
  const auto expect = [](std::string_view pattern, std::string_view at) {
    const std::string message = refusal(pattern);
    EXPECT_NE(message.find("byte " + std::string(at) + ":"), std::string::npos)
        << pattern << ": " << message;
  };
  expect("a(b", "1");
  expect("ab)", "2");
  expect("é[b", "2");
  expect("a**", "2");
  expect("*a", "0");
  expect("a|?", "2");
  expect("^*", "0");
  expect("a{3,2}", "1");
  expect("a{,3}", "1");
  expect("a{10001}", "1");
  expect("a++", "2");
  expect("[z-a]", "1");
  expect("a\\", "1");
  expect("(?<=a)b", "0");
  expect("(?<!a)b", "0");
  expect("(a)\\1", "3");
  expect("\\k<n>", "0");
  expect("a\\b", "1");
  expect("a\\B", "1");
  expect("\\p{Nonsense}", "0");
  expect("\\p{Xan}", "0");
  expect("\\pL", "0");
  expect("\\p{L}{1,2}\\p{^L}", "10");
  expect("\\u12", "0");
  expect("\\u{110000}", "0");
  expect("\\xg", "0");
  expect("\\q", "0");
  expect("\\07", "0");
  expect("(?i)a", "0");
  expect("(?>a)", "0");
  expect("(^a)*", "0");
  expect("b((?=a).)+", "1");
  expect("a\xff", "1");
}

TEST(Pattern, HoldsItsLimits) {
  EXPECT_EQ(refusal("aaaa", {.bytes_max = 4}), "");
  EXPECT_NE(refusal("aaaaa", {.bytes_max = 4}), "");
  EXPECT_EQ(refusal("((a))", {.depth_max = 2}), "");
  EXPECT_NE(refusal("(((a)))", {.depth_max = 2}), "");
  EXPECT_EQ(refusal("a{2,}", {.repeats_max = 2}), "");
  EXPECT_NE(refusal("a{3,}", {.repeats_max = 2}), "");
  EXPECT_NE(refusal("a{99999999999999999999}"), "");
  EXPECT_EQ(refusal("\\p{Lu}", {.properties_max = 1}), "");
  EXPECT_NE(refusal("\\p{Lu}\\p{Ll}", {.properties_max = 1}), "");
}

TEST(Pattern, KnowsPropertiesByAllTheirNames) {
  EXPECT_TRUE(finds("^\\p{Letter}+$", "Hπ"));
  EXPECT_FALSE(finds("^\\p{Letter}+$", "123"));
  EXPECT_TRUE(finds("^\\p{gc=Lu}\\p{General_Category=Lowercase_Letter}$", "Ab"));
  EXPECT_TRUE(finds("^\\p{Script=Greek}\\p{sc=Cyrillic}\\P{scx=Latin}$", "πЖЖ"));
  EXPECT_FALSE(finds("\\p{Script=Greek}", "abc"));
  EXPECT_TRUE(finds("^\\p{Alphabetic}\\p{Any}\\p{ASCII}\\p{Assigned}$", "a\nb😀"));
  EXPECT_FALSE(finds("\\p{Assigned}", "\xf3\xa0\xbf\xbf"));
}

TEST(Pattern, TakesEverySpellingOfACharacterInJson) {
  for (const char* text : {"/", "\\/", "\\u002f", "\\u002F"})
    EXPECT_TRUE(finds_in_json("^/$", text));
  for (const char* text : {"é", "\\u00e9", "\\u00E9"}) EXPECT_TRUE(finds_in_json("^[^a]$", text));
  for (const char* text : {"😀", "\\ud83d\\ude00", "\\uD83D\\uDE00"}) {
    EXPECT_TRUE(finds_in_json("^\\u{1f600}$", text));
    EXPECT_TRUE(finds_in_json("^.$", text));
    EXPECT_TRUE(finds_in_json("^\\W$", text));
  }
  EXPECT_TRUE(finds_in_json("^\"\\\\\\n$", "\\\"\\\\\\n"));
  EXPECT_TRUE(finds_in_json("^\\n$", "\\u000a"));
  EXPECT_FALSE(finds_in_json("^a$", "\\u0062"));
  EXPECT_FALSE(finds_in_json("^[^a]$", "\\u0061"));
  EXPECT_FALSE(finds_in_json("^(?!a)", "\\u0061"));
}

TEST(Pattern, LetsWellFormedJsonThroughOnly) {
  for (const char* pattern : {"", ".*", "[^a]", "(?!a)", "^(?!abc$)", "[^]*"}) {
    for (const char* text : {"\"", "\\", "\n", "\\x", "\\u12", "\\ud83d", "\\ude00", "\\ud83dx",
                             "\xff", "\xed\xa0\x80", "\xc0\x80", "b\"c"}) {
      EXPECT_FALSE(finds_in_json(pattern, text)) << pattern << " on " << text;
    }
    EXPECT_TRUE(finds_in_json(pattern, "xyz\\\"")) << pattern;
  }
}

TEST(Pattern, IsSmallHoweverOftenItRepeats) {
  ExpressionPool pool;
  const auto many =
      compile_pattern(pool, "^(?:(?:\\w{1,1000}\\W){1000}){0,1000}$", Spelling::json_string);
  ASSERT_TRUE(many);
  EXPECT_LT(pool.size(), 400u);
  ExpressionPool letters;
  ASSERT_TRUE(compile_pattern(letters, "^[\\p{L}\\p{N}]+$", Spelling::json_string));
  EXPECT_LT(letters.size(), 2500u);
}

TEST(Pattern, DropsWhatAnyStringAroundItTakesUp) {
  ExpressionPool pool;
  const auto end = compile_pattern(pool, "^a.{3,5000}", Spelling::json_string);
  const auto plain = compile_pattern(pool, "^a...", Spelling::json_string);
  ASSERT_TRUE(end && plain);
  for (const char* text : {"abc", "abcd", "abcde", "xabcd"}) {
    EXPECT_EQ(pool.matches(*end, text), pool.matches(*plain, text));
  }
  EXPECT_EQ(*compile_pattern(pool, ".{1,200}", Spelling::json_string),
            *compile_pattern(pool, ".", Spelling::json_string));
  EXPECT_EQ(*compile_pattern(pool, "(?:.*)", Spelling::json_string),
            *compile_pattern(pool, "", Spelling::json_string));
}

TEST(Pattern, IsAnyRestOfAStringOnceItIsFound) {
  for (const char* pattern : {"foo", "^foo", "[0-9]{3}:[0-9]{2}", "(x|foo)+", "^.*foo", "foo|^x"}) {
    ExpressionPool pool;
    const auto compiled = compile_pattern(pool, pattern, Spelling::json_string);
    ASSERT_TRUE(compiled);
    Expression at = pool.concat(*compiled, pool.literal("\""));
    for (const char c : std::string_view("foo123:456")) {
      if (std::string_view(pattern) == "^.*foo" && c == '1') break;
      at = pool.derivative(at, static_cast<std::uint8_t>(c));
    }
    EXPECT_EQ(at, pool.json_string_rest(0, kUnbounded)) << pattern;
  }
}

TEST(Pattern, NestedGroupsWithAnEndAreBuiltOnce) {
  std::string pattern = "a|$";
  for (int i = 0; i < 60; ++i) pattern = "(" + pattern + ")*b?";
  EXPECT_TRUE(finds(pattern, "abab"));
  std::string shared;
  for (int i = 0; i < 60; ++i) shared += "(a?|b?|$)";
  EXPECT_TRUE(finds("^" + shared + "$", "abab"));
  EXPECT_FALSE(finds("^" + shared + "$", "abac"));
}

}  // namespace
}  // namespace retort::grammar
