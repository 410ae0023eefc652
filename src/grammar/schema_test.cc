#include "grammar/schema.h"

#include <gtest/gtest.h>

#include <string>

#include "grammar/schema_grammar.h"

namespace retort::grammar {
namespace {

SchemaRefusal refusal_of(const std::string& schema, const SchemaLimits& limits = {}) {
  SchemaRefusal refusal{.pointer = "accepted", .keyword = "", .message = ""};
  const Result<CompiledSchema> compiled = compile_schema(schema, limits, &refusal);
  if (!compiled) {
    EXPECT_EQ(compiled.error().kind(), ErrorKind::invalid_request);
    EXPECT_FALSE(refusal.message.empty()) << schema;
  }
  return refusal;
}

TEST(Schema, RefusesEachUnsupportedKeywordByPointerAndName) {
  for (const char* keyword : {"not", "if", "contains", "dependentRequired", "dependentSchemas",
                              "dependencies", "unevaluatedProperties", "unevaluatedItems",
                              "$dynamicRef", "$recursiveRef", "frobnicate"}) {
    const std::string schema =
        R"({"properties":{"a/b":{")" + std::string(keyword) + R"(":{"type":"string"}}}})";
    const SchemaRefusal refusal = refusal_of(schema);
    EXPECT_EQ(refusal.pointer, "/properties/a~1b/" + std::string(keyword));
    EXPECT_EQ(refusal.keyword, keyword);
    EXPECT_FALSE(refusal.broken);
  }
}

TEST(Schema, RefusesWhatItWouldHaveToPassOver) {
  struct Case {
    const char* schema;
    const char* pointer;
  };
  for (const Case& c : {
           Case{R"({"uniqueItems":true})", "/uniqueItems"},
           Case{R"({"nullable":true})", "/nullable"},
           Case{R"({"format":"iri"})", "/format"},
           Case{R"({"$ref":"http://example.com/a.json"})", "/$ref"},
           Case{R"({"pattern":"(?=a"})", "/pattern"},
           Case{R"({"patternProperties":{"(":{}}})", "/patternProperties"},
           Case{R"({"oneOf":[{"items":{"type":"null"}},{"items":{"type":"string"}}]})", "/oneOf"},
           Case{R"({"items":{"$id":"b"},"$ref":"#/$defs/c","$defs":{"c":{}}})", "/items/$id"},
       }) {
    const SchemaRefusal refusal = refusal_of(c.schema);
    EXPECT_EQ(refusal.pointer, c.pointer) << c.schema;
    EXPECT_FALSE(refusal.broken) << c.schema;
  }
}

TEST(Schema, LetsAnnotationsThrough) {
  for (const char* schema :
       {R"({"title":"t","description":"d","default":1,"examples":[1],"$comment":"c","x-a":1})",
        R"({"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"http://a/b"})",
        R"({"deprecated":true,"readOnly":true,"writeOnly":false,"contentMediaType":"text/plain"})",
        R"({"uniqueItems":false,"nullable":false,"$defs":{"unused":{"not":{}}}})",
        R"({"type":"integer","format":"int32"})", R"({"items":{"id":"somewhere"}})"}) {
    EXPECT_EQ(refusal_of(schema).pointer, "accepted") << schema;
  }
}

TEST(Schema, CallsWhatIsNoSchemaBroken) {
  for (const char* schema :
       {"", "3", "[]", R"({"type":"text"})", R"({"type":5})", R"({"minLength":-1})",
        R"({"minLength":1.5})", R"({"required":true})", R"({"enum":3})", R"({"anyOf":[]})",
        R"({"properties":[]})", R"({"multipleOf":0})", R"({"$ref":"#/nowhere"})", R"({"$ref":"#"})",
        R"({"anyOf":[{"$ref":"#"}]})", R"({"a":1,"a":2})"}) {
    EXPECT_TRUE(refusal_of(schema).broken) << schema;
  }
}

TEST(Schema, SaysWhereNoValueCanFit) {
  for (const char* schema :
       {"false", R"({"enum":[]})", R"({"type":"string","enum":[1]})", R"({"minimum":3,"maximum":2,
        "type":"number"})",
        R"({"allOf":[{"type":"string"},{"type":"number"}]})",
        R"({"type":"object","required":["a"],"properties":{"a":false}})",
        R"({"type":"array","minItems":2,"prefixItems":[true,false]})",
        R"({"type":"object","required":["a"],"properties":{"a":{"$ref":"#"}}})",
        R"({"type":"object","maxProperties":1,"required":["a","b"]})",
        R"({"type":"object","minProperties":1,"additionalProperties":false})",
        R"({"type":"string","pattern":"^a{3}$","maxLength":2})",
        R"({"type":"object","required":["b"],"propertyNames":{"pattern":"^a"}})"}) {
    const SchemaRefusal refusal = refusal_of(schema);
    EXPECT_TRUE(refusal.impossible) << schema << refusal.message;
    EXPECT_EQ(refusal.pointer, "") << schema;
  }
}

TEST(Schema, HoldsItsLimits) {
  std::string deep = "{}";
  for (int i = 0; i < 64; ++i) deep = R"({"items":)" + deep + "}";
  EXPECT_TRUE(refusal_of(deep).broken);
  EXPECT_NE(refusal_of(R"({"properties":{"a":{},"b":{}}})", {.schemas_max = 2}).pointer,
            "accepted");
  EXPECT_NE(
      refusal_of(R"({"allOf":[{"allOf":[{"type":"null"}]}]})", {.in_place_depth_max = 1}).pointer,
      "accepted");
  EXPECT_NE(
      refusal_of(R"({"anyOf":[{"type":"null"},{"minLength":2}]})", {.alternatives_max = 1}).pointer,
      "accepted");
  EXPECT_NE(refusal_of(R"({"minProperties":100000})").pointer, "accepted");
  SchemaLimits forms;
  forms.forms_max = 3;
  EXPECT_NE(
      refusal_of(R"({"properties":{"a":{"type":"null"},"b":{"type":"string"}}})", forms).pointer,
      "accepted");
  SchemaLimits time;
  time.time_max = std::chrono::milliseconds(-1);
  EXPECT_NE(refusal_of(R"({"type":"null"})", time).pointer, "accepted");
  SchemaLimits rules;
  rules.grammar.rules_max = 5;
  EXPECT_NE(refusal_of(R"({"type":["object","array"]})", rules).pointer, "accepted");
}

// 2^30 combinations, and a pattern that takes long to look through: refused, not worked through.
TEST(Schema, RefusesWhatExplodes) {
  std::string choices;
  for (int i = 0; i < 30; ++i) {
    const std::string n = std::to_string(i);
    choices += (i > 0 ? "," : "") +
               (R"({"anyOf":[{"required":["a)" + n + R"("]},{"required":["b)" + n + R"("]}]})");
  }
  EXPECT_NE(refusal_of(R"({"allOf":[)" + choices + "]}").pointer, "accepted");
  std::string chain = R"({"$ref":"#/$defs/d0","$defs":{)";
  for (int i = 0; i < 30; ++i) {
    const std::string next = R"({"$ref":"#/$defs/d)" + std::to_string(i + 1) + "\"}";
    chain += "\"d" + std::to_string(i) + R"(":{"allOf":[)" + next + "," + next + "]},";
  }
  EXPECT_EQ(refusal_of(chain + R"("d30":{"type":"null"}}})").pointer, "accepted");
}

}  // namespace
}  // namespace retort::grammar
