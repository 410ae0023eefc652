// The strict reader against JSONTestSuite's documents and against our own rules; the view against
// the tree that Boost.JSON builds.
#include "base/json_reader.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <limits>
#include <random>
#include <set>
#include <string>

#include <retort/json.h>

#include "base/json_view.h"
#include "base/json_writer.h"

namespace retort::base {
namespace {

namespace json = boost::json;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string problem(std::string_view text) {
  const Result<json::value> read = read_json(text);
  const Result<void> checked = check_json(text);
  EXPECT_EQ(read.has_value(), checked.has_value()) << text;
  if (read) return "";
  EXPECT_EQ(read.error().message(), checked.error().message());
  EXPECT_EQ(read.error().kind(), ErrorKind::invalid_request);
  return read.error().message();
}

std::string nested(int levels) {
  return std::string(static_cast<std::size_t>(levels), '[') +
         std::string(static_cast<std::size_t>(levels), ']');
}

TEST(JsonReader, AgreesWithJsonTestSuite) {
  const std::filesystem::path folder = RETORT_SHARED_DIR "/data/json_parsing";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there";
  // Valid by RFC 8259, refused by our rule on duplicate keys.
  const std::set<std::string> ours = {"y_object_duplicated_key.json",
                                      "y_object_duplicated_key_and_value.json"};
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    const std::string text = read_file(entry.path());
    const std::string said = problem(text);
    ++files;
    if (name.starts_with("n_")) EXPECT_NE(said, "") << name;
    if (name.starts_with("y_") && !ours.contains(name)) EXPECT_EQ(said, "") << name;
    if (ours.contains(name)) EXPECT_NE(said.find("stands there twice"), said.npos) << name;
    if (said.empty()) JsonView::checked(text).members();
  }
  EXPECT_GE(files, 160);
}

TEST(JsonReader, NamesADuplicateKeyByPathAndByte) {
  EXPECT_EQ(problem(R"({"a":1,"a":2})"), "the key 'a' stands there twice (at byte 8)");
  EXPECT_EQ(problem(R"({"messages":[{},{"x":0,"content":1,"y":[],"content":2}]})"),
            "the key 'messages[1].content' stands there twice (at byte 43)");
  // Equal after decoding, whatever their spelling.
  EXPECT_NE(problem("{\"a\":1,\"\\u0061\":2}"), "");
  EXPECT_NE(problem("{\"\\u0061\":1,\"\\u0061\":2}"), "");
  EXPECT_EQ(problem(R"({"a":{"b":1},"b":{"b":2}})"), "");
}

TEST(JsonReader, TakesTheLastOfDuplicateKeysWhereTheyAreLetBe) {
  const JsonLimits limits{.duplicate_keys = true};
  EXPECT_TRUE(check_json(R"({"a":{"b":1,"b":2},"a":3})", limits));
  EXPECT_EQ(read_json(R"({"a":1,"b":0,"a":2})", limits).value().at("a"), 2);
}

TEST(JsonReader, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(problem(""), "the text is empty (at byte 0)");
  EXPECT_EQ(problem(" \n"), "the text is empty (at byte 2)");
  EXPECT_EQ(problem(R"({"model": "m", "messages": [)"),
            "the text ends inside a value (at byte 28)");
  EXPECT_EQ(problem("{} {}"), "something follows the value (at byte 3)");
  EXPECT_EQ(problem("[\"ab\xff\"]"), "bytes that are not UTF-8 (at byte 4)");
  EXPECT_EQ(problem("\xef\xbb\xbf{}"), "syntax error (at byte 0)");
  EXPECT_NE(problem(R"(["\ud800"])"), "");
  EXPECT_NE(problem("[NaN]"), "");
  EXPECT_NE(problem("[Infinity]"), "");
}

TEST(JsonReader, RefusesNumbersBeyondADouble) {
  const std::string words = "a number is beyond the range of a double";
  for (const char* text :
       {"1e999", "-1e999", "1.8e308", "1e99999999999999999999", "123456789e301", "[0,1e400]"}) {
    EXPECT_EQ(problem(text).substr(0, words.size()), words) << text;
  }
  EXPECT_NE(problem('1' + std::string(400, '0')), "");
  EXPECT_EQ(problem("1.7976931348623157e308"), "");
  EXPECT_EQ(read_json("1e-999").value().as_double(), 0.0);
}

TEST(JsonReader, TakesSixtyFourLevelsAndNoMore) {
  EXPECT_EQ(problem(nested(64)), "");
  EXPECT_EQ(problem(nested(65)).substr(0, 39), "more than 64 levels of arrays and objec");
  EXPECT_NE(problem(std::string(1 << 20, '[')), "");
  EXPECT_TRUE(check_json(nested(100), {.depth_max = 100}));
}

TEST(JsonReader, BoundsTheNumberOfValues) {
  const JsonLimits limits{.values_max = 4};
  EXPECT_TRUE(check_json("[1,2,3]", limits));
  EXPECT_FALSE(check_json("[1,2,3,4]", limits));
  EXPECT_FALSE(check_json("[{},[],{}, \"\"]", limits));
  std::string zeros = "[0";
  while (zeros.size() < (8u << 20)) zeros += ",0";
  EXPECT_EQ(problem(zeros + "]").substr(0, 23), "more than 250000 values");
}

TEST(JsonReader, StaysQuickOnManyKeys) {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) text += "\"k" + std::to_string(i) + "\":0,";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(problem(text + "\"z\":0}"), "");
  EXPECT_EQ(problem(text + "\"k7\":0}").substr(0, 27), "the key 'k7' stands there t");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(JsonReader, KeepsTheThreeKindsOfNumbersApart) {
  EXPECT_EQ(read_json("9223372036854775807").value().as_int64(), INT64_MAX);
  EXPECT_EQ(read_json("-9223372036854775808").value().as_int64(), INT64_MIN);
  EXPECT_EQ(read_json("18446744073709551615").value().as_uint64(), UINT64_MAX);
  EXPECT_TRUE(read_json("18446744073709551616").value().is_double());
  EXPECT_TRUE(read_json("1.0").value().is_double());
  EXPECT_TRUE(read_json("1e0").value().is_double());
}

TEST(JsonReader, ReadsTheNearestDouble) {
  for (const char* text : {"0.1", "1.7976931348623157e308", "5e-324", "2.2250738585072014e-308",
                           "9007199254740993.0", "0.30000000000000004", "123456789.123456789"}) {
    EXPECT_EQ(read_json(text).value().as_double(), std::strtod(text, nullptr)) << text;
    EXPECT_EQ(JsonView::checked(text).number(), std::strtod(text, nullptr)) << text;
  }
}

TEST(JsonReader, BuildsStringsOfPlainAndEscapedPieces) {
  const std::string text = "{\"k\\n\\u00e9y\":\"a\\\"b\\ud83d\\ude00\\u0000c\",\"plain\":\"x\"}";
  const json::value tree = read_json(text).value();
  EXPECT_EQ(tree.at("k\n\xc3\xa9y").as_string(), std::string_view("a\"b\xf0\x9f\x98\x80\0c", 9));
  EXPECT_EQ(tree.at("plain").as_string(), "x");
}

TEST(Json, ParseKeepsTheSpelling) {
  EXPECT_EQ(Json::parse(" {\"a\": 1.0} ").value().text(), " {\"a\": 1.0} ");
  EXPECT_FALSE(Json::parse("{'a': 1}"));
}

// ---- The view.

json::value tree_of(const JsonView& view) {
  switch (view.type()) {
    case JsonView::Type::null:
      return nullptr;
    case JsonView::Type::boolean:
      return view.boolean();
    case JsonView::Type::integer:
      if (const auto value = view.integer()) return *value;
      return read_json(view.text()).value();
    case JsonView::Type::decimal:
      return view.number();
    case JsonView::Type::string:
      return json::value(view.string());
    case JsonView::Type::array: {
      json::array array;
      for (const JsonView& element : view.elements()) array.push_back(tree_of(element));
      return array;
    }
    case JsonView::Type::object: {
      json::object object;
      for (const auto& [key, value] : view.members()) object[key] = tree_of(value);
      return object;
    }
  }
  return nullptr;
}

std::string random_json(std::mt19937& random, int depth) {
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const std::string space(static_cast<std::size_t>(pick(3)), " \n\t"[pick(3)]);
  const char* scalars[] = {"null",
                           "true",
                           "false",
                           "0",
                           "-12",
                           "1.5e3",
                           "\"\"",
                           "\"a\"",
                           "\"\\\\\"",
                           "\"]},{[\\\"\"",
                           "\"\\u00e9\\ud83d\\ude00\"",
                           "18446744073709551615"};
  if (depth == 0 || pick(3) == 0) return space + scalars[pick(12)] + space;
  const bool object = pick(2) == 0;
  std::string text = space + (object ? "{" : "[") + space;
  const int count = pick(4);
  for (int i = 0; i < count; ++i) {
    if (i > 0) text += ',';
    if (object) text += space + "\"k\\\"" + std::to_string(i) + "\"" + space + ":";
    text += random_json(random, depth - 1);
  }
  return text + (object ? "}" : "]") + space;
}

TEST(JsonView, SeesWhatTheTreeHolds) {
  std::mt19937 random(7);
  for (int i = 0; i < 2'000; ++i) {
    const std::string text = random_json(random, 5);
    const Result<JsonView> view = JsonView::parse(text);
    ASSERT_TRUE(view) << text << view.error().message();
    EXPECT_EQ(tree_of(*view), read_json(text).value()) << text;
  }
}

TEST(JsonView, FindsAMemberAndKeepsItsSpelling) {
  const JsonView view = JsonView::checked(R"( {"a" : 1 , "b\n" : {"x": 1.0 }, "c":[]} )");
  EXPECT_EQ(view.find("b\n")->text(), R"({"x": 1.0 })");
  EXPECT_EQ(view.find("a")->integer(), 1);
  EXPECT_FALSE(view.find("b"));
  EXPECT_FALSE(view.find("x"));
}

TEST(JsonView, AnIntegerHasNeitherFractionNorExponent) {
  EXPECT_EQ(JsonView::checked("-3").integer(), -3);
  EXPECT_FALSE(JsonView::checked("1.0").integer());
  EXPECT_FALSE(JsonView::checked("1e0").integer());
  EXPECT_FALSE(JsonView::checked("9223372036854775808").integer());
  EXPECT_EQ(JsonView::checked("9223372036854775808").type(), JsonView::Type::integer);
}

// ---- The writer.

TEST(JsonWriter, WhatItWritesReadsBack) {
  std::string text;
  std::string every;
  for (int byte = 0; byte < 128; ++byte) every += static_cast<char>(byte);
  every += "é😀";
  append_json_string(text, every);
  EXPECT_EQ(read_json(text).value().as_string(), every);
  EXPECT_EQ(text.substr(0, 21), "\"\\u0000\\u0001\\u0002\\u");
}

TEST(JsonWriter, RepairsWhatIsNotUtf8) {
  std::string text;
  append_json_string(text, "a\xff\"");
  EXPECT_EQ(text, "\"a\xef\xbf\xbd\\\"\"");
}

TEST(JsonWriter, NumbersReadBackAndAreFinite) {
  for (const double value : {0.0, -0.5, 1.0, 1e22, 1e-7, -9999.0, 0.1, 5e-324, 1.7e308}) {
    std::string text;
    append_json_number(text, value);
    EXPECT_EQ(read_json(text).value().as_double(), value) << text;
  }
  std::string text;
  append_json_number(text, std::numeric_limits<double>::infinity());
  append_json_integer(text, INT64_MIN);
  EXPECT_EQ(text, "null-9223372036854775808");
}

}  // namespace
}  // namespace retort::base
