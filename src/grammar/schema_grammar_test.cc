#include "grammar/schema_grammar.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "grammar/matcher.h"

namespace retort::grammar {
namespace {

struct Compiled {
  std::shared_ptr<Automaton> automaton;
  std::shared_ptr<const SchemaValidator> validator;
};

Compiled compile(const std::string& schema) {
  Result<CompiledSchema> compiled = compile_schema(schema);
  EXPECT_TRUE(compiled.has_value()) << schema << compiled.error().message();
  return {std::make_shared<Automaton>(std::move(compiled->grammar)), compiled->validator};
}

// What the grammar lets through fits the validator too.
void expect(const std::string& schema, std::initializer_list<const char*> fitting,
            std::initializer_list<const char*> other) {
  const Compiled compiled = compile(schema);
  for (const char* text : fitting) {
    EXPECT_TRUE(accepts(compiled.automaton, text)) << schema << " refuses " << text;
    EXPECT_TRUE(compiled.validator->check(text)) << schema << " does not fit " << text;
  }
  for (const char* text : other) {
    EXPECT_FALSE(accepts(compiled.automaton, text)) << schema << " lets through " << text;
  }
}

TEST(SchemaGrammar, AnyValueFitsTheEmptySchema) {
  expect("{}",
         {"null", "true", "-1.5e3", R"("a\u00e9\n")", "[]", "{}", R"([1,{"a":[{}]},"b"])",
          " {\n\"a\" : 1 , \"b\" : [ ] }\n"},
         {"", "nul", "[1,]", "{\"a\"}", "01", "\"\n\"", "1 2", "{} x"});
}

TEST(SchemaGrammar, WhiteSpaceIsBounded) {
  const Compiled any = compile("{}");
  EXPECT_TRUE(accepts(any.automaton, "[" + std::string(64, ' ') + "]" + std::string(64, '\n')));
  EXPECT_FALSE(accepts(any.automaton, "[" + std::string(65, ' ') + "]"));
  EXPECT_FALSE(accepts(any.automaton, "[]" + std::string(65, ' ')));
}

TEST(SchemaGrammar, PropertiesComeInOrderAndOptionalOnesMayBeLeftOut) {
  expect(R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"null"},
             "c":{"type":"boolean"}},"required":["b"],"additionalProperties":false})",
         {R"({"a":1,"b":null,"c":true})", R"({"b":null})", R"({"b":null,"c":false})"},
         {"{}", R"({"a":1})", R"({"a":1,"c":true})", R"({"b":null,"a":1})", R"({"b":1})",
          R"({"b":null,"d":1})", R"({"b":null,"b":null})", R"({"b":null,})"});
}

TEST(SchemaGrammar, ManyOptionalPropertiesMayAllBeLeftOut) {
  std::string properties;
  for (int i = 0; i < 300; ++i)
    properties += (i > 0 ? ",\"p" : "\"p") + std::to_string(i) + "\":{}";
  const std::string schema =
      R"({"type":"object","additionalProperties":false,"properties":{)" + properties + "}}";
  expect(schema, {"{}", R"({"p0":1,"p299":2})", R"({"p150":1})"}, {R"({"p299":1,"p0":1})"});
}

TEST(SchemaGrammar, OtherKeysStandAnywhereButAreNoDeclaredOnes) {
  expect(R"({"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],
             "additionalProperties":{"type":"string"}})",
         {R"({"a":1})", R"({"x":"1","a":1,"y":"2"})", R"({"ab":"1","a":1})", R"({"":"","a":1})"},
         {R"({"x":"1"})", R"({"x":1,"a":1})", R"({"a":"1"})", R"({"a":1,"a":"1"})",
          R"({"a":1,"\u0061":"x"})"});
}

TEST(SchemaGrammar, RequiredNamesNeedNoDeclaration) {
  expect(R"({"type":"object","required":["a","b"],"additionalProperties":{"type":"null"}})",
         {R"({"a":null,"b":null})", R"({"x":null,"a":null,"b":null})"},
         {R"({"a":null})", R"({"a":1,"b":null})"});
}

TEST(SchemaGrammar, PatternsTellKeysApart) {
  expect(R"({"type":"object","properties":{"foo":{"minimum":1}},
             "patternProperties":{"^f":{"type":"integer"},"o$":{"maximum":5}},
             "additionalProperties":{"type":"null"}})",
         {R"({"foo":3,"fa":9,"zo":2,"x":null,"fzo":4})"},
         {R"({"foo":0})", R"({"foo":6})", R"({"fa":"x"})", R"({"zo":7})", R"({"fzo":9})",
          R"({"fzo":"x"})", R"({"x":1})"});
  expect(R"({"type":"object","patternProperties":{"^[a-c]$":{}},"additionalProperties":false})",
         {"{}", R"({"a":1,"b":2})"}, {R"({"d":1})", R"({"aa":1})"});
}

TEST(SchemaGrammar, PropertyNamesHoldForAllKeys) {
  expect(R"({"type":"object","properties":{"ab":{},"abcd":{}},"propertyNames":{"maxLength":3}})",
         {R"({"ab":1,"x":2})", R"({"xyz":1})"}, {R"({"abcd":1})", R"({"wxyz":1})"});
  expect(R"({"type":"object","propertyNames":{"enum":["a","b"]}})", {"{}", R"({"b":1})"},
         {R"({"c":1})"});
}

TEST(SchemaGrammar, CountsProperties) {
  expect(R"({"type":"object","minProperties":2,"maxProperties":3,"properties":{"a":{},"b":{}},
             "required":["b"]})",
         {R"({"a":1,"b":2})", R"({"b":2,"x":1})", R"({"x":1,"b":2,"y":3})"},
         {"{}", R"({"b":1})", R"({"a":1,"x":1})", R"({"a":1,"b":2,"x":3,"y":4})"});
  expect(R"({"type":"object","minProperties":2,"properties":{"a":{},"b":{},"c":{}},
             "additionalProperties":false})",
         {R"({"a":1,"c":1})", R"({"a":1,"b":1,"c":1})"}, {R"({"c":1})", R"({"b":1})", "{}"});
  expect(R"({"type":"object","maxProperties":0})", {"{}"}, {R"({"a":1})"});
}

TEST(SchemaGrammar, AKeyThatStandsTwiceIsNoTwoProperties) {
  expect(R"({"type":"object","minProperties":2})", {R"({"a":1,"b":1})", R"({"a":1,"b":1,"a":2})"},
         {R"({"a":1})", R"({"a":1,"a":1})", R"({"a":1,"\u0061":1})"});
  expect(
      R"({"type":"object","properties":{"a":{},"b":{}},"required":["b"],"minProperties":4})",
      {R"({"a":1,"x":1,"b":1,"y":1})", R"({"x":1,"y":1,"z":1,"b":1})"},
      {R"({"x":1,"y":1,"x":1,"b":1})", R"({"a":1,"x":1,"b":1,"x":1})", R"({"a":1,"b":1,"x":1})"});
  expect(R"({"type":"object","minProperties":2,"maxProperties":3})",
         {R"({"a":1,"b":1,"c":1})", R"({"a":1,"b":1,"a":1})"},
         {R"({"a":1,"a":1,"b":1})", R"({"a":1,"b":1,"c":1,"d":1})"});
  // One key that is not declared is new whatever it is.
  expect(R"({"type":"object","minProperties":1})", {R"({"a":1,"a":2})"}, {"{}"});
}

TEST(SchemaGrammar, FewNamesAreNotUsedUpTooEarly) {
  const char* two = R"({"type":"object","propertyNames":{"enum":["a","bé"]},"minProperties":2})";
  expect(two, {R"({"a":1,"bé":2})", R"({"bé":1,"a":2})"}, {R"({"a":1,"a":2})", R"({"a":1})"});
  // Of p, q, r, x and y one may be missing.
  expect(R"({"type":"object","properties":{"p":{},"q":{},"r":{}},"minProperties":4,
             "patternProperties":{"^[xy]$":{}},"additionalProperties":false})",
         {R"({"p":1,"q":1,"x":1,"y":1})", R"({"y":1,"p":1,"q":1,"r":1})",
          R"({"x":1,"q":1,"r":1,"y":1})"},
         {R"({"p":1,"x":1,"y":1,"x":1})", R"({"x":1,"r":1)", R"({"y":1,"x":1,"r":1)"});
  for (const char* none : {R"({"type":"object","propertyNames":{"enum":["a"]},"minProperties":2})",
                           R"({"type":"object","patternProperties":{"^[ab]?$":{}},"minProperties":4,
                               "additionalProperties":false})"}) {
    SchemaRefusal refusal;
    EXPECT_FALSE(compile_schema(none, {}, &refusal)) << none;
    EXPECT_TRUE(refusal.impossible) << none;
  }
}

TEST(SchemaGrammar, TooManyNewNamesAreRefused) {
  EXPECT_TRUE(compile_schema(R"({"type":"object","minProperties":1000})"));
  SchemaRefusal refusal;
  EXPECT_FALSE(compile_schema(R"({"type":"object","minProperties":1001})", {}, &refusal));
  EXPECT_EQ(refusal.pointer, "/minProperties");
}

TEST(SchemaGrammar, NoDocumentIsDeeperThanItsReadersTake) {
  const std::string brackets(20, '['), closing(20, ']');
  const Compiled compiled = compile(R"({"$defs":{"n":{"anyOf":[{"const":)" + brackets + closing +
                                    R"(},{"items":{"$ref":"#/$defs/n"},"type":"array"}]}},
                                      "$ref":"#/$defs/n"})");
  for (const std::size_t around : {44u, 45u}) {
    const std::string text =
        std::string(around, '[') + brackets + closing + std::string(around, ']');
    EXPECT_EQ(accepts(compiled.automaton, text), around == 44) << around;
    EXPECT_EQ(compiled.validator->check(text).has_value(), around == 44) << around;
  }
}

TEST(SchemaGrammar, ArraysHoldTheirCounts) {
  expect(R"({"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":3})",
         {"[1,2]", "[1, 2, 3]"}, {"[]", "[1]", "[1,2,3,4]", "[1,null]"});
  expect(R"({"type":"array","prefixItems":[{"type":"null"},{"type":"boolean"}],
             "items":{"type":"integer"},"minItems":1,"maxItems":4})",
         {"[null]", "[null,true]", "[null,true,1,2]"},
         {"[]", "[true]", "[null,1]", "[null,true,1,2,3]"});
  expect(R"({"type":"array","prefixItems":[{"type":"null"}],"items":false})", {"[]", "[null]"},
         {"[null,null]"});
  expect(R"({"type":"array","items":false})", {"[]"}, {"[1]"});
  expect(R"({"items":[{"type":"null"}],"additionalItems":false,"type":"array"})", {"[null]"},
         {"[1]", "[null,1]"});
}

TEST(SchemaGrammar, StringsHoldAllThatIsSaidOfThem) {
  expect(R"({"type":"string","pattern":"^a+$","minLength":2,"maxLength":3})",
         {R"("aa")", R"("aaa")", R"("a\u0061")"}, {R"("a")", R"("aaaa")", R"("ab")"});
  expect(R"({"type":"string","maxLength":1})", {R"("")", R"("\ud83d\ude00")", R"("\n")"},
         {R"("ab")"});
  expect(R"({"allOf":[{"pattern":"a"},{"pattern":"b"}],"type":"string","format":"uuid"})",
         {R"("ab345678-1234-1234-1234-123456789012")"},
         {R"("cc345678-1234-1234-1234-123456789012")"});
}

TEST(SchemaGrammar, ValuesOfAnEnumAreFilteredByWhatStandsBeside) {
  expect(R"({"enum":[1,"a","ab",null,[1,{"x":2}]],"type":["string","array"],"maxLength":1})",
         {R"("a")", R"([ 1, {"x": 2} ])"}, {"1", "null", R"("ab")", "[1]"});
  expect(R"({"const":"é\"\n"})", {R"("é\"\n")", R"("\u00e9\"\n")"}, {R"("e")"});
}

TEST(SchemaGrammar, ReferencesRecurAndKeepWhatStandsBeside) {
  const char* tree = R"({"$defs":{"node":{"type":"object","properties":{"v":{"type":"integer"},
      "kids":{"type":"array","items":{"$ref":"#/$defs/node"}}},"required":["v"],
      "additionalProperties":false}},"$ref":"#/$defs/node","properties":{"v":{"minimum":5}}})";
  expect(tree, {R"({"v":5})", R"({"v":6,"kids":[{"v":1,"kids":[]}]})"},
         {R"({"v":4})", R"({"v":6,"kids":[{}]})"});
  expect(R"({"$id":"http://a/b","properties":{"x":{"$ref":"http://a/b#/$defs/c%25~1d"}},
             "$defs":{"c%/d":{"type":"null"}},"type":"object","required":["x"]})",
         {R"({"x":null})"}, {R"({"x":1})"});
  expect(R"({"items":{"$ref":"#n"},"$defs":{"n":{"$anchor":"n","type":"null"}},"type":"array"})",
         {"[null]"}, {"[1]"});
}

TEST(SchemaGrammar, AllOfClosesWhereEachPartDoes) {
  expect(R"({"allOf":[{"type":"object","properties":{"a":{"type":"integer"}}},
             {"properties":{"b":{"type":"null"},"a":{"minimum":3}},
              "additionalProperties":false}]})",
         {R"({"a":3,"b":null})", "{}"}, {R"({"a":2})", R"({"c":1})"});
}

TEST(SchemaGrammar, OneOfTakesOutWhatFitsTwice) {
  expect(R"({"oneOf":[{"type":"integer"},{"minimum":2}]})", {"1", "-7", "2.5", "null"},
         {"3", "1.5", "2", "2.0"});
  expect(R"({"oneOf":[{"type":["string","null"]},{"type":"null"}]})", {R"("a")"}, {"null"});
  expect(R"({"type":"object","oneOf":[{"required":["a"]},{"required":["b"]}],
             "properties":{"a":{},"b":{}}})",
         {R"({"a":1})", R"({"b":1})", R"({"x":1,"b":1})"}, {"{}", R"({"a":1,"b":2})"});
  expect(R"({"type":"string","oneOf":[{"enum":["a","b"]},{"minLength":1},{"pattern":"^$"}]})",
         {R"("")", R"("c")", R"("ab")"}, {R"("a")", R"("\u0061")", R"("b")"});
  expect(R"({"type":"object","oneOf":[{"properties":{"k":{"const":1}},"required":["k"]},
             {"properties":{"k":{"const":2},"x":{"type":"null"}},"required":["k","x"]}]})",
         {R"({"k":1})", R"({"k":2,"x":null})"}, {R"({"k":2})", R"({"k":3})"});
  expect(R"({"type":"object","oneOf":[{"properties":{"ok":{"type":"boolean"}},"required":["ok"]},
             {"properties":{"e":{"type":"string"}},"required":["e"]}]})",
         {R"({"ok":true})", R"({"e":"x"})", R"({"ok":true,"e":1})"}, {"{}", R"({"ok":1})"});
}

// Every rule that can be reached can be finished: wherever the grammar stands, it goes on to an
// end.
TEST(SchemaGrammar, NeverLeadsToADeadEnd) {
  const Compiled compiled = compile(R"({"type":"object","properties":{
      "a":{"anyOf":[{"type":"object","required":["a"],"properties":{"a":{"$ref":"#/$defs/no"}}},
                    {"type":"array","items":false,"minItems":0}]},
      "b":false,"c":{"$ref":"#/$defs/no"}},"additionalProperties":false,"minProperties":1,
      "$defs":{"no":{"type":"object","required":["x"],
                     "properties":{"x":{"$ref":"#/$defs/no"}}}}})");
  const Matcher matcher(compiled.automaton);
  EXPECT_EQ(matcher.forced(1), "");
  Matcher begun = matcher;
  ASSERT_TRUE(begun.accept("{\""));
  EXPECT_EQ(begun.forced(2), "a\"");
  ASSERT_TRUE(begun.accept("a\":"));
  EXPECT_FALSE(Matcher(begun).accept("{"));
  EXPECT_TRUE(begun.accept("[]}"));
}

TEST(SchemaGrammar, AnswersNestNoDeeperThanReadersOfJsonGo) {
  const CompiledSchema compiled = compile_schema("{}").value();
  const auto automaton = std::make_shared<Automaton>(Grammar(compiled.grammar));
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(accepts(automaton, nested(kJsonDepthMax)));
  EXPECT_TRUE(compiled.validator->check(nested(kJsonDepthMax)));
  EXPECT_FALSE(accepts(automaton, nested(kJsonDepthMax + 1)));
  Matcher matcher(automaton);
  ASSERT_TRUE(matcher.accept(std::string(kJsonDepthMax, '[')));
  EXPECT_FALSE(Matcher(matcher).accept("["));
  EXPECT_TRUE(matcher.accept("]"));
  EXPECT_FALSE(automaton->exhausted());
}

}  // namespace
}  // namespace retort::grammar
