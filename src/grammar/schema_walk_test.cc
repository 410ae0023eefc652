// Random walks through the grammars of random schemas: whatever they lead to must fit, and no place
// may be a dead end. RETORT_WALKS sets how many schemas, for a long hunt.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "grammar/matcher.h"
#include "grammar/schema_grammar.h"

namespace retort::grammar {
namespace {

class SchemaWriter {
 public:
  explicit SchemaWriter(std::mt19937& random) : random_(random) {}

  // A schema with definitions that it may refer to.
  std::string root() {
    const std::string first = schema(2), second = schema(2);
    return R"({"$defs":{"d":)" + first + R"(,"e":)" + second + R"(},"allOf":[)" + schema(3) + "]}";
  }
  // One whose root is an object with a number of properties whose names it leaves open.
  std::string open_object() {
    const std::string first = schema(1), second = schema(1);
    return R"({"$defs":{"d":)" + first + R"(,"e":)" + second + R"(},"allOf":[)" +
           object(2, 2 + below(3)) + "]}";
  }

 private:
  std::uint32_t below(std::uint32_t count) { return random_() % count; }
  bool chance(std::uint32_t of) { return below(of) == 0; }
  template <std::size_t kSize>
  std::string one_of(const char* const (&list)[kSize]) {
    return list[below(kSize)];
  }
  std::string number() {
    return one_of({"0", "1", "-3", "2.5", "10", "0.125", "-0.5", "100", "1e3", "7"});
  }
  std::string literal() {
    return one_of({"null", "true", "1", "1.0", "-0.5", "\"a\"", "\"x\\ny\"", "[]", "[1,\"a\"]",
                   R"({"a":1})", R"({"b":[],"a":"é"})", "{}", "100", "\"\""});
  }

  std::string schema(int depth) {
    const std::uint32_t kind = below(depth <= 0 ? 7 : 14);
    if (kind == 0) return one_of({"true", "{}", R"({"type":"null"})", R"({"type":"boolean"})"});
    if (kind == 1) return strings();
    if (kind == 2) return numbers("number");
    if (kind == 3) return numbers("integer");
    if (kind == 4) return R"({"enum":[)" + literal() + "," + literal() + "]}";
    if (kind == 5) return R"({"const":)" + literal() + "}";
    if (kind == 6) return R"({"$ref":"#/$defs/)" + one_of({"d", "e"}) + "\"}";
    if (kind == 7) return array(depth);
    if (kind == 8) return both(depth, "anyOf");
    if (kind == 9) return both(depth, "oneOf");
    if (kind == 10) return both(depth, "allOf");
    return object(depth, below(5));
  }

  std::string both(int depth, const char* word) {
    std::string text = "{\"" + std::string(word) + "\":[" + schema(depth - 1);
    for (std::uint32_t more = 1 + below(2); more > 0; --more) text += "," + schema(depth - 1);
    return text + (chance(3) ? R"(],"type":"object"})" : "]}");
  }

  std::string strings() {
    std::string text = R"({"type":"string")";
    if (chance(3)) text += R"(,"minLength":)" + std::to_string(below(4));
    if (chance(3)) text += R"(,"maxLength":)" + std::to_string(1 + below(6));
    if (chance(3)) text += R"(,"pattern":")" + pattern() + "\"";
    if (chance(8)) {
      text += R"(,"format":")" +
              one_of({"date", "time", "date-time", "ipv4", "ipv6", "uuid", "email", "hostname",
                      "uri", "duration"}) +
              "\"";
    }
    return text + "}";
  }
  std::string pattern() {
    return one_of({"^a", "b$", "^[ab]$", "^.$", "^[a-c]{1,2}$", "é", "^\\\\w+$", "[^a]",
                   "^(?:x|yy)?$", "\\\\s", "^\\\\S*$", "\\\\u0061", "^(?!a)", "\\\\d{2}", "\\\\.",
                   "[^\\\\S]", "^[\\\\S]"});
  }
  std::string numbers(const char* type) {
    std::string text = R"({"type":")" + std::string(type) + "\"";
    if (chance(3)) text += R"(,"minimum":)" + number();
    if (chance(3)) text += R"(,"maximum":)" + number();
    if (chance(6)) text += R"(,"exclusiveMinimum":)" + number();
    if (chance(6)) text += R"(,"exclusiveMaximum":)" + number();
    if (chance(3)) text += R"(,"multipleOf":)" + one_of({"1", "0.1", "2.5", "3", "0.01", "10"});
    return text + "}";
  }
  std::string array(int depth) {
    std::string text = R"({"type":"array","items":)" + schema(depth - 1);
    if (chance(3)) text += R"(,"prefixItems":[)" + schema(depth - 1) + "]";
    if (chance(2)) text += R"(,"minItems":)" + std::to_string(below(3));
    if (chance(2)) text += R"(,"maxItems":)" + std::to_string(1 + below(3));
    return text + "}";
  }

  std::string object(int depth, std::uint32_t least) {
    std::string text = R"({"type":"object")";
    if (least > 0) text += R"(,"minProperties":)" + std::to_string(least);
    if (chance(3)) text += R"(,"maxProperties":)" + std::to_string(least + below(3));
    std::string properties, required;
    for (const char* name : {"a", "b", "\\\"q", "é", "k1"}) {
      if (chance(3))
        properties +=
            (properties.empty() ? "\"" : ",\"") + std::string(name) + "\":" + schema(depth - 1);
      if (chance(6)) required += (required.empty() ? "\"" : ",\"") + std::string(name) + "\"";
    }
    if (!properties.empty()) text += R"(,"properties":{)" + properties + "}";
    if (!required.empty()) text += R"(,"required":[)" + required + "]";
    if (chance(3))
      text += R"(,"additionalProperties":)" + (chance(2) ? "false" : schema(depth - 1));
    if (chance(3)) {
      text += R"(,"patternProperties":{")" + pattern() + "\":" + schema(depth - 1);
      text += chance(2) ? "}" : R"(,"^[a-b]$":)" + schema(depth - 1) + "}";
    }
    if (chance(4)) text += R"(,"propertyNames":)" + names();
    return text + "}";
  }
  std::string names() {
    if (chance(2)) {
      return one_of({R"({"enum":["a","b","c"]})", R"({"enum":["a","é","x\ny","k1"]})",
                     R"({"maxLength":1})", R"({"minLength":2})", R"({"const":"a"})"});
    }
    return R"({"pattern":")" + pattern() + "\"}";
  }

  std::mt19937& random_;
};

// Every byte, and tokens that end and begin in the midst of things.
const std::vector<std::string>& pieces() {
  static const std::vector<std::string> kPieces = [] {
    std::vector<std::string> all;
    for (int byte = 0; byte < 256; ++byte) all.emplace_back(1, static_cast<char>(byte));
    for (const char* more : {"{\"",
                             "\":",
                             "\": ",
                             "\":\"",
                             "\",\"",
                             "\":1,\"",
                             "a\":",
                             "\"a\":",
                             "\"b\":1,",
                             "\"}",
                             "}}",
                             "]}",
                             "},",
                             "],\"",
                             "\\u00",
                             "\\u0061",
                             "\\u0062\"",
                             "true",
                             "null",
                             "\":1,\"a",
                             "\":true,\"a\"",
                             "\":null,\"b\":",
                             "a\":1,\"a",
                             "{\"a\":1,\"b\":",
                             "\",\"k",
                             "é",
                             "é\":",
                             "\":{\"",
                             "\":[",
                             "k1",
                             "x\\ny",
                             "10",
                             "0.",
                             "-0",
                             "e1",
                             ".5",
                             "00",
                             "    ",
                             "\": [",
                             "1\"",
                             "\"\":"}) {
      all.emplace_back(more);
    }
    return all;
  }();
  return kPieces;
}

const TokenTrie& trie() {
  static const TokenTrie kTrie = TokenTrie::make(pieces(), {}).value();
  return kTrie;
}

bool closes(const std::string& piece) {
  return piece == "\"" || piece == "}" || piece == "]" || piece == "\"}" || piece == ":";
}

// Tokens that the masks allow, those that close things often; nothing where it did not end.
std::optional<std::string> walk(const std::shared_ptr<Automaton>& automaton, std::mt19937& random) {
  Matcher matcher(automaton);
  std::string text;
  std::vector<std::uint64_t> mask(trie().words());
  for (int step = 0; step < 300; ++step) {
    if (matcher.must_end() || (matcher.can_end() && random() % 4 == 0)) return text;
    matcher.fill_mask(trie(), mask);
    std::vector<std::uint32_t> allowed, closing;
    for (std::uint32_t token = 0; token < pieces().size(); ++token) {
      if (!has_token(mask, token)) continue;
      allowed.push_back(token);
      if (closes(pieces()[token])) closing.push_back(token);
    }
    if (allowed.empty()) {
      ADD_FAILURE() << "a dead end behind " << text;
      return std::nullopt;
    }
    const auto& from = closing.empty() || random() % 3 == 0 ? allowed : closing;
    const std::string& piece = pieces()[from[random() % from.size()]];
    if (!matcher.accept(piece)) {
      ADD_FAILURE() << "the mask has " << piece << " behind " << text;
      return std::nullopt;
    }
    text += piece;
  }
  return std::nullopt;
}

std::size_t walks() {
  const char* set = std::getenv("RETORT_WALKS");
  return set != nullptr ? std::strtoul(set, nullptr, 10) : 300;
}

void expect_walks_fit(std::uint32_t seed, std::string (SchemaWriter::*write)()) {
  std::mt19937 random(seed);
  SchemaWriter writer(random);
  std::size_t compiled = 0, ended = 0;
  for (std::size_t i = 0; i < walks() && !testing::Test::HasFailure(); ++i) {
    const std::string schema = (writer.*write)();
    Result<CompiledSchema> grammar = compile_schema(schema);
    if (!grammar) continue;
    ++compiled;
    const auto automaton = std::make_shared<Automaton>(std::move(grammar->grammar));
    for (int each = 0; each < 4; ++each) {
      SCOPED_TRACE(schema);
      const std::optional<std::string> text = walk(automaton, random);
      EXPECT_FALSE(automaton->exhausted());
      if (!text) continue;
      ++ended;
      const Result<void> fits = grammar->validator->check(*text);
      EXPECT_TRUE(fits) << fits.error().message() << "\n" << *text;
      EXPECT_TRUE(accepts(automaton, *text)) << *text;
    }
  }
  std::printf("%zu of %zu schemas compiled, %zu documents\n", compiled, walks(), ended);
  EXPECT_GT(ended, compiled);
}

TEST(SchemaWalk, WhateverARandomSchemaLeadsToFits) {
  expect_walks_fit(11, &SchemaWriter::root);
}

TEST(SchemaWalk, WhateverAnObjectOfOpenNamesLeadsToFits) {
  expect_walks_fit(12, &SchemaWriter::open_object);
}

}  // namespace
}  // namespace retort::grammar
