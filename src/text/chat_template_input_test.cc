// From requests to the variables of templates of every kind.
#include "text/chat_template_input.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace retort::text {
namespace {

// Shows every message and tool as JSON.
constexpr std::string_view kDump =
    "{% for m in messages %}{{ m | tojson }}\n{% endfor %}{{ tools | tojson }}"
    "{% if add_generation_prompt %}+{% endif %}{{ bos_token }}{{ eos_token }}{{ thinking }}";

std::string dump(const ChatRequest& request, const TemplateTraits& traits = {},
                 const TemplateInput& input = {}) {
  const auto parsed = ChatTemplate::parse(kDump, "dump");
  const auto variables = template_variables(request, traits, input);
  if (!variables) return "error: " + variables.error().param();
  const auto rendered = parsed->render(*variables);
  return rendered ? rendered->text : rendered.error().message();
}

Content parts(std::vector<ContentPart> list) {
  return list;
}

TEST(TemplateInput, EachRoleBecomesAMessage) {
  ChatRequest request;
  request.messages = {System{.content = "s", .name = "n"}, Developer{.content = "d"},
                      User{.content = "u", .name = "Ann B"}, Assistant{.content = "a"},
                      Tool{.content = "t", .tool_call_id = "c1"}};
  EXPECT_EQ(dump(request),
            "{\"role\": \"system\", \"content\": \"s\", \"name\": \"n\"}\n"
            "{\"role\": \"system\", \"content\": \"d\"}\n"
            "{\"role\": \"user\", \"content\": \"u\", \"name\": \"Ann B\"}\n"
            "{\"role\": \"assistant\", \"content\": \"a\"}\n"
            "{\"role\": \"tool\", \"content\": \"t\", \"tool_call_id\": \"c1\"}\n"
            "null+");
  EXPECT_NE(dump(request, {.knows_developer = true}).find("\"developer\""), std::string::npos);
}

TEST(TemplateInput, TextPartsAreJoinedOrKeptAsTheTemplateWants) {
  ChatRequest request;
  request.messages = {User{.content = parts({TextPart{.text = "a"}, TextPart{.text = "b"}})},
                      User{.content = "c"}};
  EXPECT_EQ(dump(request),
            "{\"role\": \"user\", \"content\": \"ab\"}\n{\"role\": \"user\", \"content\": \"c\"}\n"
            "null+");
  EXPECT_EQ(dump(request, {.typed_content = true}),
            "{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"a\"}, {\"type\": "
            "\"text\", \"text\": \"b\"}]}\n"
            "{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"c\"}]}\nnull+");
}

TEST(TemplateInput, ArgumentsAreObjectsWhereTheyAreJson) {
  ChatRequest request;
  Assistant assistant;
  assistant.tool_calls = {{.id = "1", .function = {.name = "f", .arguments = "{\"b\":1,\"a\":[]}"}},
                          {.id = "2", .function = {.name = "g", .arguments = "not json"}},
                          {.id = "3", .function = {.name = "h", .arguments = "[1]"}}};
  request.messages = {assistant};
  const std::string objects = dump(request);
  EXPECT_NE(objects.find("\"arguments\": {\"b\": 1, \"a\": []}"), std::string::npos) << objects;
  EXPECT_NE(objects.find("\"arguments\": \"not json\""), std::string::npos) << objects;
  EXPECT_NE(objects.find("\"arguments\": \"[1]\""), std::string::npos) << objects;
  EXPECT_NE(objects.find("\"content\": null"), std::string::npos) << objects;
  const std::string strings = dump(request, {.string_arguments = true, .empty_for_null = true});
  EXPECT_NE(strings.find("\"arguments\": \"{\\\"b\\\":1,\\\"a\\\":[]}\""), std::string::npos);
  EXPECT_NE(strings.find("\"content\": \"\""), std::string::npos);
}

TEST(TemplateInput, DeprecatedFormsBecomeTodays) {
  ChatRequest request;
  Assistant assistant;
  assistant.function_call = FunctionCall{.name = "f", .arguments = "{}"};
  request.messages = {User{.content = "u"}, assistant, Function{.content = "r", .name = "f"}};
  request.tools = {{.function = {.name = "f", .description = "new"}}};
  request.functions = {{.name = "f", .description = "old"}, {.name = "g"}};
  EXPECT_EQ(
      dump(request),
      "{\"role\": \"user\", \"content\": \"u\"}\n"
      "{\"role\": \"assistant\", \"content\": null, \"tool_calls\": [{\"id\": \"call00001\", "
      "\"type\": \"function\", \"function\": {\"name\": \"f\", \"arguments\": {}}}]}\n"
      "{\"role\": \"tool\", \"content\": \"r\", \"tool_call_id\": \"call00001\", \"name\": \"f\"}\n"
      "[{\"type\": \"function\", \"function\": {\"name\": \"f\", \"description\": \"new\", "
      "\"parameters\": {\"type\": \"object\", \"properties\": {}}}}, "
      "{\"type\": \"function\", \"function\": {\"name\": \"g\", "
      "\"parameters\": {\"type\": \"object\", \"properties\": {}}}}]+");
}

TEST(TemplateInput, ToolsKeepTheOrderOfTheirKeys) {
  ChatRequest request;
  request.messages = {User{.content = "u"}};
  request.tools = {{.function = {.name = "f",
                                 .parameters = Json::trusted(R"({"z":1,"a":{"y":2.0,"b":1e3}})"),
                                 .strict = true}}};
  EXPECT_NE(dump(request).find("\"parameters\": {\"z\": 1, \"a\": {\"y\": 2.0, \"b\": 1000.0}}, "
                               "\"strict\": true"),
            std::string::npos);
  request.tools[0].function.parameters = Json::trusted("{");
  EXPECT_EQ(dump(request), "error: tools[0].function.parameters");
}

TEST(TemplateInput, ExtraVariablesCannotReplaceTheFixedOnes) {
  ChatRequest request;
  request.messages = {User{.content = "u"}};
  TemplateInput input;
  input.bos_token = "<s>";
  input.eos_token = "</s>";
  input.add_generation_prompt = false;
  input.extra = {{"thinking", Value(true)}, {"bos_token", Value::data("evil")}};
  EXPECT_EQ(dump(request, {}, input), "{\"role\": \"user\", \"content\": \"u\"}\nnull<s></s>True");
}

TEST(TemplateInput, OnlyRolesAndTokensAreLiteral) {
  ChatRequest request;
  request.messages = {User{.content = "<|x|>", .name = "<|n|>"}};
  const auto parsed = ChatTemplate::parse(
      "<|{{ messages[0].role }}|>{{ messages[0].content }}{{ messages[0].name }}{{ eos_token }}",
      "t");
  const auto variables = template_variables(request, {}, {.eos_token = "</s>"});
  const auto got = parsed->render(*variables);
  ASSERT_TRUE(got);
  ASSERT_EQ(got->text, "<|user|><|x|><|n|></s>");
  ASSERT_EQ(got->literals.size(), 2U);
  EXPECT_EQ(got->literals[0].end, 8U);
  EXPECT_EQ(got->literals[1].begin, 18U);
}

TemplateTraits traits_of(std::string_view source) {
  const auto parsed = ChatTemplate::parse(source, "t");
  EXPECT_TRUE(parsed) << parsed.error().message();
  return probe_traits(*parsed);
}

TEST(TemplateTraits, TellWhatATemplateTakes) {
  const TemplateTraits plain = traits_of(
      "{% for m in messages %}{{ m.role + ': ' }}{{ m.content or '' }}"
      "{% for c in m.tool_calls or [] %}{{ c.function.arguments | tojson }}{% endfor %}{% endfor "
      "%}");
  EXPECT_FALSE(plain.typed_content);
  EXPECT_FALSE(plain.string_arguments);
  EXPECT_FALSE(plain.empty_for_null);
  EXPECT_FALSE(plain.knows_developer);

  const TemplateTraits typed = traits_of(
      "{% for m in messages %}{% for p in m.content %}{{ p['text'] }}{% endfor %}"
      "{% if m.role == 'developer' %}{% endif %}{% endfor %}");
  EXPECT_TRUE(typed.typed_content);
  EXPECT_TRUE(typed.knows_developer);

  const TemplateTraits strings = traits_of(
      "{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}"
      "{{ '<call>' + c.function.arguments }}{% endfor %}{% endfor %}");
  EXPECT_TRUE(strings.string_arguments);
  EXPECT_TRUE(strings.empty_for_null);

  const TemplateTraits printed = traits_of(
      "{% for m in messages %}{% for c in m.tool_calls or [] %}{{ c.function.arguments }}"
      "{% endfor %}{% endfor %}");
  EXPECT_TRUE(printed.string_arguments);

  const TemplateTraits both = traits_of(
      "{% for m in messages %}{% for c in m.tool_calls or [] %}{% set a = c.function.arguments %}"
      "{{ a if a is string else a | tojson }}{% endfor %}{% endfor %}");
  EXPECT_FALSE(both.string_arguments);
}

TEST(TemplateTraits, TellWhoseNamesTheTemplateShows) {
  const TemplateTraits none =
      traits_of("{% set name = 1 %}{% for m in messages %}{{ m.content }}{% endfor %}");
  EXPECT_FALSE(none.system_name || none.user_name || none.assistant_name || none.tool_name);
  const TemplateTraits all = traits_of("{% for m in messages %}{{ m.name }}{% endfor %}");
  EXPECT_TRUE(all.system_name && all.user_name && all.assistant_name && all.tool_name);
  const TemplateTraits tool = traits_of(
      "{% for m in messages %}{{ m.content }}{% if m.role == 'tool' %}{{ m['name'] }}{% endif %}"
      "{% endfor %}");
  EXPECT_TRUE(tool.tool_name);
  EXPECT_FALSE(tool.system_name || tool.user_name || tool.assistant_name);
}

TEST(TemplateTraits, AreFoundForEveryRealTemplateWithinTheirLimits) {
  const std::filesystem::path folder =
      std::filesystem::path(RETORT_SHARED_DIR) / "data" / "chat_templates";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there";
  int typed = 0;
  int strings = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path() / "template.jinja", std::ios::binary);
    const std::string source{std::istreambuf_iterator<char>(file), {}};
    const TemplateTraits traits = traits_of(source);
    typed += traits.typed_content ? 1 : 0;
    strings += traits.string_arguments ? 1 : 0;
    if (entry.path().filename() == "Qwen-Qwen2.5-7B-Instruct") {
      EXPECT_FALSE(traits.typed_content || traits.string_arguments || traits.empty_for_null);
    }
    if (entry.path().filename() == "deepseek-ai-DeepSeek-R1-Distill-Llama-8B") {
      EXPECT_TRUE(traits.string_arguments);
    }
  }
  std::printf("%d templates want typed content, %d want arguments as text\n", typed, strings);
}

}  // namespace
}  // namespace retort::text
