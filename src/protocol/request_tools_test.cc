// Tools and functions, their choices, and what they must be together.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "protocol/chat_request.h"
#include "protocol/chat_request_testing.h"

namespace retort::protocol {
namespace {

constexpr const char* kTool = R"({"type":"function","function":{"name":"f","description":"d",
  "parameters":{"type":"object","properties":{"a":{"type":"string"}}}}})";

std::string with_tool(const std::string& members) {
  return "\"tools\":[" + std::string(kTool) + "]," + members;
}

TEST(RequestTools, ToolsKeepTheirSchemasSpelling) {
  const ChatRequest request = request_with(
      R"("tools":[{"type":"function",
         "function":{"name":"f","parameters":{"x": 1.0},"strict":true}}])");
  EXPECT_EQ(request.tools.at(0).function.parameters->text(), R"({"x": 1.0})");
  EXPECT_EQ(request.tools.at(0).function.strict, true);
  EXPECT_EQ(effective_tool_choice(request).mode, ToolChoice::Mode::automatic);
  EXPECT_EQ(effective_tool_choice(request_with(R"("tools":[])")).mode, ToolChoice::Mode::none);
}

TEST(RequestTools, CustomToolsAreFunctionsOfOneText) {
  const ChatRequest request = request_with(
      R"("tools":[{"type":"custom","custom":{"name":"c","description":"d",
         "format":{"type":"text"}}}],"tool_choice":{"type":"custom","custom":{"name":"c"}})");
  const std::vector<FunctionDefinition> tools = unified_tools(request).value();
  ASSERT_EQ(tools.size(), 1u);
  EXPECT_EQ(tools[0].name, "c");
  EXPECT_EQ(tools[0].description, "d");
  EXPECT_NE(tools[0].parameters->text().find("\"input\""), std::string::npos);
  EXPECT_TRUE(request.tools[0].custom);
  EXPECT_EQ(effective_tool_choice(request).name, "c");
}

TEST(RequestTools, ACustomToolsGrammarIsItsArgumentsPattern) {
  const std::string custom = R"("tools":[{"type":"custom","custom":{"name":"c","format":)";
  const ChatRequest request = request_with(
      custom + R"({"type":"grammar","grammar":{"syntax":"regex","definition":"a\"|\\d"}}}}])");
  EXPECT_EQ(input_pattern(request.tools.at(0)), "a\"|\\d");
  EXPECT_EQ(
      request.tools[0].function.parameters->text(),
      R"({"type":"object","properties":{"input":{"type":"string","pattern":"^(?:a\"|\\d)$"}},)"
      R"("required":["input"],"additionalProperties":false})");
  const ChatRequest text =
      request_with(custom + R"({"type":"text","grammar":{"syntax":"regex","definition":"a"}}}}])");
  EXPECT_EQ(input_pattern(text.tools.at(0)), std::nullopt);
  EXPECT_EQ(text.tools[0].function.parameters->text().find("pattern"), std::string::npos);
}

TEST(RequestTools, ToolsAtFaultAreNamedByPath) {
  std::string many = "\"functions\":[";
  for (int i = 0; i < 129; ++i)
    many += (i ? ",{\"name\":\"f" : "{\"name\":\"f") + std::to_string(i) + "\"}";
  EXPECT_EQ(fault(many + "]"), "functions: array_above_max_length");
  const std::pair<const char*, const char*> rows[] = {
      {R"("tools":{})", "tools: invalid_type"},
      {R"("tools":["f"])", "tools[0]: invalid_type"},
      {R"("tools":[{"function":{"name":"f"}}])", "tools[0].type: missing_required_parameter"},
      {R"("tools":[{"type":"gadget"}])", "tools[0].type: invalid_value"},
      {R"("tools":[{"type":"function"}])", "tools[0].function: missing_required_parameter"},
      {R"("tools":[{"type":"function","function":{}}])",
       "tools[0].function.name: missing_required_parameter"},
      {R"("tools":[{"type":"function","function":{"name":"a b"}}])",
       "tools[0].function.name: invalid_value"},
      {R"("tools":[{"type":"function","function":{"name":""}}])",
       "tools[0].function.name: string_below_min_length"},
      {R"("tools":[{"type":"function","function":{"name":"f","parameters":"{}"}}])",
       "tools[0].function.parameters: invalid_type"},
      {R"("tools":[{"type":"function","function":{"name":"f","strict":1}}])",
       "tools[0].function.strict: invalid_type"},
      {R"("tools":[{"type":"function","function":{"name":"f"}},
                   {"type":"function","function":{"name":"f"}}])",
       "tools[1].function.name: invalid_value"},
      {R"("tools":[{"type":"custom"}])", "tools[0].custom: missing_required_parameter"},
      {R"("tools":[{"type":"custom","custom":{}}])",
       "tools[0].custom.name: missing_required_parameter"},
      {R"("tools":[{"type":"custom","custom":{"name":"c","format":{"type":"json"}}}])",
       "tools[0].custom.format.type: invalid_value"},
      {R"("tools":[{"type":"custom","custom":{"name":"c","format":{"type":"grammar"}}}])",
       "tools[0].custom.format.grammar: missing_required_parameter"},
      {R"("tools":[{"type":"custom","custom":{"name":"c","format":{"type":"grammar",
          "grammar":{"syntax":"regex"}}}}])",
       "tools[0].custom.format.grammar.definition: missing_required_parameter"},
      {R"("tools":[{"type":"custom","custom":{"name":"c","format":{"type":"grammar",
          "grammar":{"syntax":"regex","definition":7}}}}])",
       "tools[0].custom.format.grammar.definition: invalid_type"},
      {R"("tools":[{"type":"custom","custom":{"name":"c","format":{"type":"grammar",
          "grammar":{"syntax":"gbnf","definition":"a"}}}}])",
       "tools[0].custom.format.grammar.syntax: invalid_value"},
      {R"("tools":[{"type":"custom","custom":{"name":"c"}},{"type":"custom","custom":{"name":"c"}}])",
       "tools[1].custom.name: invalid_value"},
      {R"("tool_choice":{"type":"custom","custom":{"name":"c"}})", "tool_choice: invalid_value"},
      {R"("tool_choice":{"type":"custom","function":{"name":"c"}})",
       "tool_choice.custom: missing_required_parameter"},
      {R"("functions":[{"name":"f"},{"name":"f"}])", "functions[1].name: invalid_value"},
      {R"("functions":[{"name":7}])", "functions[0].name: invalid_type"},
      {R"("tool_choice":"required")", "tool_choice: invalid_value"},
      {R"("tool_choice":"auto")", "accepted"},
      {R"("tool_choice":"none")", "accepted"},
      {R"("tool_choice":{"type":"function","function":{"name":"f"}})",
       "tool_choice: invalid_value"},
      {R"("function_call":{"name":"f"})", "function_call: invalid_value"},
      {R"("function_call":"required")", "function_call: invalid_value"},
  };
  for (const auto& [members, expected] : rows) EXPECT_EQ(fault(members), expected) << members;
}

TEST(RequestTools, ToolChoiceTakesEveryForm) {
  const auto choice = [](const std::string& value) {
    return effective_tool_choice(request_with(with_tool("\"tool_choice\":" + value)));
  };
  EXPECT_EQ(choice("\"none\"").mode, ToolChoice::Mode::none);
  EXPECT_EQ(choice("\"required\"").mode, ToolChoice::Mode::required);
  const ToolChoice named = choice(R"({"type":"function","function":{"name":"f"}})");
  EXPECT_EQ(named.mode, ToolChoice::Mode::named);
  EXPECT_EQ(named.name, "f");
  const ToolChoice allowed = choice(R"({"type":"allowed_tools","allowed_tools":{"mode":"required",
    "tools":[{"type":"function","function":{"name":"f"}}]}})");
  EXPECT_EQ(allowed.mode, ToolChoice::Mode::allowed);
  EXPECT_TRUE(allowed.allowed_required);
  EXPECT_EQ(allowed.allowed_names, std::vector<std::string>{"f"});
  const std::pair<const char*, const char*> rows[] = {
      {R"("tool_choice":"any")", "tool_choice: invalid_value"},
      {R"("tool_choice":1)", "tool_choice: invalid_type"},
      {R"("tool_choice":{})", "tool_choice.type: missing_required_parameter"},
      {R"("tool_choice":{"type":"x"})", "tool_choice.type: invalid_value"},
      {R"("tool_choice":{"type":"function"})", "tool_choice.function: missing_required_parameter"},
      {R"("tool_choice":{"type":"function","function":{}})",
       "tool_choice.function.name: missing_required_parameter"},
      {R"("tool_choice":{"type":"function","function":{"name":"g"}})",
       "tool_choice: invalid_value"},
      {R"("tool_choice":{"type":"allowed_tools"})",
       "tool_choice.allowed_tools: missing_required_parameter"},
      {R"("tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[]}})",
       "tool_choice.allowed_tools.tools: empty_array"},
      {R"("tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto",
          "tools":[{"type":"function","function":{"name":"g"}}]}})",
       "tool_choice: invalid_value"},
      {R"("tool_choice":"auto","function_call":"none")", "function_call: invalid_value"},
      {R"("tool_choice":"none","function_call":"none")", "accepted"},
  };
  for (const auto& [members, expected] : rows) {
    EXPECT_EQ(fault(with_tool(members)), expected) << members;
  }
}

TEST(RequestTools, FunctionsAndToolsAreOneList) {
  // The same function, its schema spelled in another order.
  const ChatRequest both = request_with(with_tool(
      R"("functions":[{"name":"f","description":"d","parameters":
         {"properties":{"a":{"type":"string"}},
         "type":"object"}},{"name":"g"}])"));
  const auto tools = unified_tools(both);
  ASSERT_TRUE(tools);
  ASSERT_EQ(tools->size(), 2u);
  EXPECT_EQ(tools->at(1).name, "g");
  EXPECT_FALSE(answers_with_function_call(both));
  EXPECT_EQ(fault(with_tool(R"("functions":[{"name":"f","description":"another"}])")),
            "functions[0].name: invalid_value");
  EXPECT_EQ(fault(with_tool(R"("functions":[{"name":"f","description":"d","parameters":{}}])")),
            "functions[0].name: invalid_value");
  EXPECT_EQ(fault(with_tool(R"("functions":[{"name":"f","description":"d"}])")),
            "functions[0].name: invalid_value");
  const ChatRequest legacy =
      request_with(R"("functions":[{"name":"f"}],"function_call":{"name":"f"})");
  EXPECT_TRUE(answers_with_function_call(legacy));
  EXPECT_EQ(effective_tool_choice(legacy).name, "f");
}

}  // namespace
}  // namespace retort::protocol
