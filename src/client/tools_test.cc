#include <gtest/gtest.h>

#include <atomic>

#include <retort/tools.h>

#include "client/mock_testing.h"

namespace shop {

enum class Size { small, large };
RETORT_DESCRIBE_ENUM(Size, small, large)

struct Node {
  std::string name;
  std::vector<Node> children;
};
RETORT_DESCRIBE(Node, (name), (children))

struct Topping {
  std::string name;
  double grams = 0;
};
RETORT_DESCRIBE(Topping, (name), (grams, "how much of it"))

struct Pizza {
  Size size = Size::small;
  std::int8_t slices = 0;
  bool hot = false;
  std::vector<Topping> toppings;
  std::optional<std::string> note;
  std::map<std::string, std::int64_t> prices;
};
RETORT_DESCRIBE(Pizza, (size), (slices), (hot), (toppings, "in their order"), (note), (prices))

struct Menu {
  Node root;
};
RETORT_DESCRIBE(Menu, (root))

}  // namespace shop

namespace retort::client::test {
namespace {

TEST(Describe, SchemaIsStrict) {
  EXPECT_EQ(schema_of<shop::Topping>().text(),
            R"({"type":"object","properties":{"name":{"type":"string"},)"
            R"("grams":{"description":"how much of it","type":"number"}},)"
            R"("required":["name","grams"],"additionalProperties":false})");
  const std::string pizza = schema_of<shop::Pizza>().text();
  EXPECT_TRUE(Json::parse(pizza).has_value());
  EXPECT_NE(pizza.find(R"("size":{"type":"string","enum":["small","large"]})"), std::string::npos);
  EXPECT_NE(pizza.find(R"("note":{"anyOf":[{"type":"string"},{"type":"null"}]})"),
            std::string::npos);
  EXPECT_NE(pizza.find(R"("prices":{"type":"object","additionalProperties":{"type":"integer"}})"),
            std::string::npos);
  EXPECT_EQ(schema_name<shop::Pizza>(), "Pizza");
}

TEST(Describe, TypeWithinItselfIsAReference) {
  EXPECT_EQ(schema_of<shop::Node>().text(),
            R"({"type":"object","properties":{"name":{"type":"string"},)"
            R"("children":{"type":"array","items":{"$ref":"#"}}},)"
            R"("required":["name","children"],"additionalProperties":false})");
  EXPECT_EQ(
      schema_of<shop::Menu>().text(),
      R"({"type":"object","properties":{"root":{"$ref":"#/$defs/Node"}},"required":["root"],)"
      R"("additionalProperties":false,"$defs":{"Node":{"type":"object","properties":)"
      R"({"name":{"type":"string"},"children":{"type":"array","items":{"$ref":"#/$defs/Node"}}},)"
      R"("required":["name","children"],"additionalProperties":false}}})");
}

TEST(Describe, ValuesSurviveTheWayThere) {
  const std::string text = R"({"size":"large","slices":8,"hot":true,)"
                           R"("toppings":[{"name":"\"ham\"","grams":1.5}],)"
                           R"("note":null,"prices":{"eur":12}})";
  const Result<shop::Pizza> pizza = from_json<shop::Pizza>(text);
  ASSERT_TRUE(pizza.has_value()) << pizza.error().message();
  EXPECT_EQ(pizza->size, shop::Size::large);
  EXPECT_EQ(pizza->toppings.at(0).name, "\"ham\"");
  EXPECT_EQ(to_json(*pizza).text(), text);
}

TEST(Describe, WhatDoesNotFitIsNamedByItsPointer) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"size":"medium"})", "/size"},
      {R"({"size":"small","slices":300})", "/slices"},
      {R"({"size":"small","slices":1.5})", "/slices"},
      {R"({"size":"small","slices":1})", "/hot"},
      {R"({"size":"small","slices":1,"hot":true,"toppings":[{"name":"a","grams":1},{"name":7}]})",
       "/toppings/1/name"},
      {R"([])", ""},
  };
  for (const auto& [text, pointer] : cases) {
    const auto pizza = from_json<shop::Pizza>(text);
    ASSERT_FALSE(pizza.has_value()) << text;
    EXPECT_EQ(pizza.error().param(), pointer) << pizza.error().message();
  }
  EXPECT_FALSE(from_json<shop::Pizza>("{").has_value());
}

TEST(Parse, AnswerComesBackAsTheType) {
  Mocked mocked;
  mocked.mock->add(MockAnswer::json(text_answer(R"({\"name\":\"ham\",\"grams\":2})")));
  const auto parsed = mocked.client().chat().parse<shop::Topping>(hello());
  EXPECT_EQ(parsed.value->name, "ham");
  EXPECT_EQ(parsed.value->grams, 2);
  EXPECT_NE(mocked.mock->requests().at(0).request.body.find(
                R"("response_format":{"type":"json_schema","json_schema":{"name":"Topping",)"),
            std::string::npos);
  EXPECT_NE(mocked.mock->requests().at(0).request.body.find(R"("strict":true)"), std::string::npos);
}

TEST(Parse, CutOffAnswerIsAnErrorAndARefusalIsNot) {
  Mocked mocked;
  const std::string half = R"({"role":"assistant","content":"{\"name\""})";
  mocked.mock->add(MockAnswer::json(answer_body(half, "length")));
  mocked.mock->add(MockAnswer::json(answer_body(half, "content_filter")));
  mocked.mock->add(MockAnswer::json(answer_body(half, "stop")));
  mocked.mock->add(MockAnswer::json(answer_body(R"({"content":null,"refusal":"no"})")));
  const ChatService chat = mocked.client().chat();
  EXPECT_EQ(chat.try_parse<shop::Topping>(hello()).error().code(), "length");
  EXPECT_EQ(chat.try_parse<shop::Topping>(hello()).error().code(), "content_filter");
  EXPECT_THROW((void)chat.parse<shop::Topping>(hello()), MalformedError);
  const auto refused = chat.parse<shop::Topping>(hello());
  EXPECT_FALSE(refused.value.has_value());
  EXPECT_EQ(refused.refusal, "no");
}

std::string calls_answer(const std::string& calls) {
  return answer_body(R"({"role":"assistant","content":null,"tool_calls":[)" + calls + "]}",
                     "tool_calls");
}
std::string call(const std::string& id, const std::string& name, const std::string& arguments) {
  return R"({"id":")" + id + R"(","type":"function","function":{"name":")" + name +
         R"(","arguments":")" + arguments + R"("}})";
}

RunnableTool weigh() {
  return tool<shop::Topping>("weigh", "Weighs a topping",
                             [](const shop::Topping& topping) { return topping.grams * 2; });
}

std::vector<std::string> results_of(const ToolRun& run) {
  std::vector<std::string> results;
  for (const Message& message : run.messages) {
    if (const Tool* result = std::get_if<Tool>(&message)) {
      results.push_back(result->tool_call_id + "=" + std::get<std::string>(*result->content));
    }
  }
  return results;
}

TEST(RunTools, CallsUntilTheModelAnswers) {
  Mocked mocked;
  mocked.mock->add(
      MockAnswer::json(calls_answer(call("a", "weigh", R"({\"name\":\"x\",\"grams\":1})") + "," +
                                    call("b", "weigh", R"({\"name\":\"y\",\"grams\":2})"))));
  mocked.mock->add(MockAnswer::json(text_answer("done")));
  const ToolRun run = mocked.client().chat().run_tools(hello(), {weigh()});
  EXPECT_EQ(run.answer().choices.at(0).message.content, "done");
  EXPECT_EQ(results_of(run), (std::vector<std::string>{"a=2.0", "b=4.0"}));
  EXPECT_EQ(run.usage().total_tokens, 10);
  EXPECT_EQ(run.messages.size(), 5U);
  EXPECT_NE(mocked.mock->requests().at(1).request.body.find(R"("tool_call_id":"b")"),
            std::string::npos);
}

TEST(RunTools, UnknownToolsAndBadArgumentsAreToldToTheModel) {
  Mocked mocked;
  mocked.mock->add(MockAnswer::json(
      calls_answer(call("a", "fly", "{}") + "," + call("b", "weigh", R"({\"name\":7})") + "," +
                   call("c", "weigh", "nonsense") + "," + call("", "weigh", ""))));
  mocked.mock->add(MockAnswer::json(text_answer("done")));
  const auto results = results_of(mocked.client().chat().run_tools(hello(), {weigh()}));
  EXPECT_NE(results.at(0).find("there is no tool 'fly'; there are: weigh"), std::string::npos);
  EXPECT_NE(results.at(1).find("/name"), std::string::npos);
  EXPECT_NE(results.at(2).find("do not fit"), std::string::npos);
  EXPECT_EQ(results.at(3).substr(0, 9), "call_1_3=");
}

TEST(RunTools, FailingToolEndsTheRunOrIsTold) {
  const auto fails = tool<shop::Node>("fails", "", [](const shop::Node&) -> Result<std::string> {
    return Error(ErrorKind::io, "the scale is broken");
  });
  const std::string round = calls_answer(call("a", "fails", R"({\"name\":\"\",\"children\":[]})"));
  Mocked mocked;
  mocked.mock->add(MockAnswer::json(round));
  const auto ended = mocked.client().chat().try_run_tools(hello(), {fails});
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error().code(), "tool_failed");
  EXPECT_EQ(ended.error().param(), "fails");

  mocked.mock->add(MockAnswer::json(round));
  mocked.mock->add(MockAnswer::json(text_answer("sorry")));
  const ToolRun run =
      mocked.client().chat().run_tools(hello(), {fails}, {.tool_errors_to_model = true});
  EXPECT_EQ(results_of(run).at(0), R"(a={"error":"the scale is broken"})");
}

TEST(RunTools, ThrowingToolIsAFailingOne) {
  const RunnableTool throws{
      .definition = function_tool("t", "", Json::trusted("{}")),
      .call = [](const std::string&, const ToolContext&) -> Result<std::string> {
        throw std::runtime_error("boom");
      }};
  Mocked mocked;
  mocked.mock->add(MockAnswer::json(calls_answer(call("a", "t", "{}"))));
  EXPECT_NE(mocked.client().chat().try_run_tools(hello(), {throws}).error().message().find("boom"),
            std::string::npos);
}

TEST(RunTools, RoundsAreBounded) {
  Mocked mocked;
  for (int i = 0; i < 5; ++i) {
    mocked.mock->add(
        MockAnswer::json(calls_answer(call("a", "weigh", R"({\"name\":\"x\",\"grams\":1})"))));
  }
  const auto run = mocked.client().chat().try_run_tools(hello(), {weigh()}, {.rounds_max = 3});
  ASSERT_FALSE(run.has_value());
  EXPECT_EQ(run.error().code(), "tool_rounds");
  EXPECT_EQ(mocked.mock->requests().size(), 3U);
}

TEST(RunTools, ToolsOfARoundRunBesideEachOther) {
  std::atomic<int> inside = 0;
  const RunnableTool meets{
      .definition = function_tool("t", "", Json::trusted("{}")),
      .call = [&inside](const std::string&, const ToolContext&) -> Result<std::string> {
        ++inside;
        while (inside < 2) std::this_thread::yield();
        return std::string("met");
      }};
  Mocked mocked;
  mocked.mock->add(
      MockAnswer::json(calls_answer(call("a", "t", "{}") + "," + call("b", "t", "{}"))));
  mocked.mock->add(MockAnswer::json(text_answer("done")));
  const ToolRun run = mocked.client().chat().run_tools(hello(), {meets}, {.parallel = 2});
  EXPECT_EQ(results_of(run), (std::vector<std::string>{"a=met", "b=met"}));
}

TEST(RunTools, StopReachesTheTools) {
  std::stop_source source;
  const RunnableTool stops{
      .definition = function_tool("t", "", Json::trusted("{}")),
      .call = [&source](const std::string&, const ToolContext& context) -> Result<std::string> {
        source.request_stop();
        EXPECT_TRUE(context.stop.stop_requested());
        return std::string("late");
      }};
  Mocked mocked;
  mocked.mock->add(
      MockAnswer::json(calls_answer(call("a", "t", "{}") + "," + call("b", "t", "{}"))));
  RequestOptions options;
  options.stop = source.get_token();
  const auto run = mocked.client().chat().try_run_tools(hello(), {stops}, {}, options);
  ASSERT_FALSE(run.has_value());
  EXPECT_EQ(run.error().kind(), ErrorKind::cancelled);
}

TEST(RunTools, OneChoiceOnly) {
  Mocked mocked;
  ChatRequest request = hello();
  request.n = 2;
  EXPECT_EQ(mocked.client().chat().try_run_tools(request, {weigh()}).error().param(), "n");
}

}  // namespace
}  // namespace retort::client::test
