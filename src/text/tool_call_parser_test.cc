#include "text/tool_call_parser.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

namespace retort::text {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Content and calls in order, neighbouring content joined: "text" and "name(arguments)".
std::vector<std::string> read(const std::vector<AnswerEvent>& events) {
  std::vector<std::string> parts;
  bool joins = false;
  for (const AnswerEvent& event : events) {
    if (const auto* content = std::get_if<ContentPiece>(&event)) {
      if (!joins) parts.emplace_back();
      parts.back() += content->text;
    } else if (const auto* begin = std::get_if<ToolCallBegin>(&event)) {
      parts.push_back("#" + std::to_string(begin->index) + " " + begin->name);
      parts.back() += "(";
    } else if (const auto* arguments = std::get_if<ToolCallArguments>(&event)) {
      parts.back() += arguments->piece;
    } else {
      parts.back() += ")";
    }
    joins = std::holds_alternative<ContentPiece>(event);
  }
  return parts;
}

// The functions of all tests; h may not be called.
const std::vector<std::string> kNames = {"f", "g", "get_weather"};

std::vector<std::string> parse_in(const std::vector<std::string_view>& pieces, const char* format,
                                  const ToolCallLimits& limits) {
  ToolCallParser parser(*find_tool_call_format_named(format), kNames, limits);
  std::vector<AnswerEvent> events;
  for (const std::string_view piece : pieces) {
    for (AnswerEvent& event : parser.push(piece)) events.push_back(std::move(event));
  }
  for (AnswerEvent& event : parser.finish()) events.push_back(std::move(event));
  return read(events);
}

// Parses `answer` whole, byte by byte and in every two pieces, and expects the same each time.
std::vector<std::string> parse(std::string_view answer, const char* format = "hermes",
                               const ToolCallLimits& limits = {}) {
  const std::vector<std::string> whole = parse_in({answer}, format, limits);
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < answer.size(); ++i) {
    bytes.push_back(answer.substr(i, 1));
    EXPECT_EQ(parse_in({answer.substr(0, i), answer.substr(i)}, format, limits), whole) << i;
  }
  EXPECT_EQ(parse_in(bytes, format, limits), whole);
  return whole;
}

using Parts = std::vector<std::string>;

TEST(ToolCallParser, GivesACallsArgumentsAsTheModelSpelledThem) {
  EXPECT_EQ(
      parse("<tool_call>\n{\"name\": \"f\", \"arguments\": {\"b\" : 1.50,\"a\":\"\\u00e9\"}}\n"
            "</tool_call>"),
      (Parts{"#0 f({\"b\" : 1.50,\"a\":\"\\u00e9\"})"}));
}

TEST(ToolCallParser, TakesEitherKeyOrderAndParametersForArguments) {
  EXPECT_EQ(parse("<tool_call>{\"parameters\": {\"a\": {}}, \"name\": \"f\"}</tool_call>"),
            (Parts{"#0 f({\"a\": {}})"}));
}

TEST(ToolCallParser, TakesSeveralCallsAndLeavesOutTheSpaceBetween) {
  EXPECT_EQ(parse("\n<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>\n"
                  "<tool_call>\n{\"name\": \"g\", \"arguments\": {}}\n</tool_call>\n"),
            (Parts{"#0 f({})", "#1 g({})"}));
}

TEST(ToolCallParser, KeepsContentAroundCalls) {
  EXPECT_EQ(parse("Let me look.\n\n<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>\n"),
            (Parts{"Let me look.", "#0 f({})"}));
  EXPECT_EQ(parse("<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>\nDone. "),
            (Parts{"#0 f({})", "Done."}));
  EXPECT_EQ(parse("a <tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call> b"),
            (Parts{"a", "#0 f({})", " b"}));
}

TEST(ToolCallParser, LeavesAnAnswerWithoutCallsAsItIs) {
  for (const char* answer :
       {"", " ", "Hello! ", "\n\n x \n", "<", "<tool", "a <tool_calls> b", "</tool_call>",
        "<<tool_cal", "<tool_call", "{\"name\": \"f\", \"arguments\": {}}"}) {
    EXPECT_EQ(parse(answer), *answer == 0 ? Parts{} : Parts{answer});
  }
}

TEST(ToolCallParser, TurnsABrokenOrUnfinishedBlockIntoContent) {
  for (const char* answer : {
           "<tool_call>",
           "<tool_call>\n",
           "<tool_call>\n{\"name\": \"f\", \"arguments\": [1]}\n</tool_call>",
           "<tool_call>\n{\"name\": \"\", \"arguments\": {}}\n</tool_call>",
           "<tool_call>\n{\"name\": 1, \"arguments\": {}}\n</tool_call>",
           "<tool_call>\n{\"name\": \"h\", \"arguments\": {}}\n</tool_call>",
           "<tool_call>\n{\"name\": \"f\", \"arguments\": \"{'a': 1}\"}\n</tool_call>",
           "<tool_call>\n{\"arguments\": {'a': 1}, \"name\": \"f\"}\n</tool_call>",
           "<tool_call>\n{\"arguments\": {}, \"arguments\": {}, \"name\": \"f\"}</tool_call>",
           "<tool_call>\n[]\n</tool_call>",
           "<tool_call>\n[1]\n</tool_call>",
           "<tool_call>\n{\"name\": \"f\", \"name\": \"g\", \"arguments\": {}}\n</tool_call>",
           "<tool_call>\n{\"arguments\": {}}\n</tool_call>",
           "<tool_call> I will call f now </tool_call>\n",
       }) {
    EXPECT_EQ(parse(answer), Parts{answer});
  }
}

// What has been sent cannot be taken back.
TEST(ToolCallParser, LetsTheArgumentsOfACallThatHasBegunRunOnWhereTheyBreak) {
  const auto block = [](const std::string& arguments) {
    return "<tool_call>\n{\"name\": \"f\", \"arguments\": " + arguments + "</tool_call> x";
  };
  for (const char* arguments :
       {"{\"a\": 01}}", "{'a': 1}}", "{\"a\": \"line\nbreak\"}}", "{\"a\": 1", "{\"a\": <<<"}) {
    EXPECT_EQ(parse(block(arguments)), (Parts{"#0 f(" + std::string(arguments) + ")", "x"}));
  }
  EXPECT_EQ(parse("<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": 1"),
            Parts{"#0 f({\"a\": 1)"});
  EXPECT_EQ(parse("<tool_call>{\"name\": \"f\", \"arguments\": {'a'</tool_"), Parts{"#0 f({'a')"});
  EXPECT_EQ(parse("[TOOL_CALLS]f[ARGS]{'a'}[TOOL_CALLS]g[ARGS]{}", "mistral_named"),
            Parts{"#0 f({'a'}[TOOL_CALLS]g[ARGS]{})"});
}

TEST(ToolCallParser, TakesACallWhoseBlockBreaksBehindItsArguments) {
  EXPECT_EQ(parse("<tool_call>\n{\"name\": \"f\", \"arguments\": {}}}\n</tool_call>"),
            (Parts{"#0 f({})", "}\n</tool_call>"}));
  EXPECT_EQ(parse("<tool_call>\n{\"name\": \"f\", \"arguments\": {}} </tool_cal>"),
            (Parts{"#0 f({})", "</tool_cal>"}));
  EXPECT_EQ(parse("<tool_call>\n{\"name\": \"f\", \"arguments\": {}\n</tool_call>\nyes"),
            (Parts{"#0 f({})", "yes"}));
  EXPECT_EQ(parse("<tool_call>{\"name\": \"f\", \"arguments\": {}, \"name\": \"g\", "
                  "\"arguments\": {\"a\": 1}, \"id\": 12}</tool_call>"),
            Parts{"#0 f({})"});
}

TEST(ToolCallParser, GivesArgumentsAsTheyCome) {
  ToolCallParser parser(*find_tool_call_format_named("hermes"), kNames);
  EXPECT_TRUE(parser.push("<tool_call>{\"name\": \"f\", \"arguments\": ").empty());
  EXPECT_FALSE(parser.in_call());
  EXPECT_EQ(parser.push("{\"a"),
            (std::vector<AnswerEvent>{ToolCallBegin{0, "f"}, ToolCallArguments{0, "{\"a"}}));
  EXPECT_TRUE(parser.in_call());
  EXPECT_EQ(parser.push("\": 1"), std::vector<AnswerEvent>{(ToolCallArguments{0, "\": 1"})});
  EXPECT_EQ(parser.push("}}"),
            (std::vector<AnswerEvent>{ToolCallArguments{0, "}"}, ToolCallEnd{0}}));
  EXPECT_FALSE(parser.in_call());
}

TEST(ToolCallParser, FindsTheCallBehindABrokenOne) {
  EXPECT_EQ(parse("<tool_call>{\"name\": f}</tool_call>\n"
                  "<tool_call>{\"name\": \"g\", \"arguments\": {}}</tool_call>"),
            (Parts{"<tool_call>{\"name\": f}</tool_call>", "#0 g({})"}));
  EXPECT_EQ(parse("<tool_call><tool_call>{\"name\": \"g\", \"arguments\": {}}</tool_call>"),
            (Parts{"<tool_call>", "#0 g({})"}));
}

TEST(ToolCallParser, ForgivesAMissingClosingMark) {
  EXPECT_EQ(parse("<tool_call>{\"name\": \"f\", \"arguments\": {}}"), Parts{"#0 f({})"});
  EXPECT_EQ(parse("<tool_call>{\"name\": \"f\", \"arguments\": {}}\n</tool_"), Parts{"#0 f({})"});
  EXPECT_EQ(parse("<tool_call>{\"name\": \"f\", \"arguments\": {}}\n"
                  "<tool_call>{\"name\": \"g\", \"arguments\": {}}</tool_call>"),
            (Parts{"#0 f({})", "#1 g({})"}));
}

TEST(ToolCallParser, TakesACallWithoutArgumentsAndOneWhoseArgumentsAreAString) {
  EXPECT_EQ(parse("<tool_call>{\"name\": \"f\"}</tool_call>"), Parts{"#0 f({})"});
  EXPECT_EQ(parse("<tool_call>{\"name\": \"f\", \"arguments\": null}</tool_call>"),
            Parts{"#0 f({})"});
  EXPECT_EQ(parse("<tool_call>{\"name\": \"f\", \"arguments\": \"{\\\"a\\\": 1}\"}</tool_call>"),
            Parts{"#0 f({\"a\": 1})"});
}

TEST(ToolCallParser, LimitsBlocksDepthAndCalls) {
  const std::string call = "<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>";
  EXPECT_EQ(parse(call, "hermes", {.block_bytes_max = 20}), Parts{call});
  EXPECT_EQ(parse(call + call, "hermes", {.calls_max = 1}), (Parts{"#0 f({})", call}));
  const std::string deep = "<tool_call>{\"a\":" + std::string(70, '[') + std::string(70, ']') + "}";
  EXPECT_EQ(parse(deep), Parts{deep});
}

TEST(ToolCallParser, ReadsKeysThatLookLikeOthers) {
  EXPECT_EQ(parse("<tool_call>{\"na,me\": 1, \"a:b\": 2,\"name\":\"f\",\"x\":[{\"name\":\"g\"}],"
                  "\"\\u0061rguments\" : {\"name\": \"h\"}}</tool_call>"),
            Parts{"#0 f({\"name\": \"h\"})"});
}

TEST(ToolCallParser, ReadsMistralsArray) {
  EXPECT_EQ(parse("[TOOL_CALLS] [{\"name\": \"f\", \"arguments\": {\"a\": [1, \"]\"]}}, "
                  "{\"name\": \"g\", \"arguments\": {}, \"id\": \"123456789\"}]",
                  "mistral"),
            (Parts{"#0 f({\"a\": [1, \"]\"]})", "#1 g({})"}));
  EXPECT_EQ(parse("[TOOL_CALLS] [{\"name\": \"f\", \"arguments\": {}}, {\"x\": 1}]", "mistral"),
            (Parts{"#0 f({})", ", {\"x\": 1}]"}));
  EXPECT_EQ(parse("[TOOL_CALLS] []", "mistral"), Parts{"[TOOL_CALLS] []"});
  EXPECT_EQ(parse(" functools[{\"name\": \"f\", \"arguments\": {}}]", "firefunction"),
            Parts{"#0 f({})"});
}

TEST(ToolCallParser, ReadsMistralsNamedCalls) {
  EXPECT_EQ(
      parse("Yes.[TOOL_CALLS]f[ARGS]{\"a\": 1}[TOOL_CALLS]g[CALL_ID]a1[ARGS] {}", "mistral_named"),
      (Parts{"Yes.", "#0 f({\"a\": 1})", "#1 g({})"}));
  for (const char* answer : {"[TOOL_CALLS]h[ARGS]{}", "[TOOL_CALLS]f[ARGS]a", "[TOOL_CALLS]f{}",
                             "[TOOL_CALLS][ARGS]{}", "[TOOL_CALLS] what was that? [", "[TOOL"}) {
    EXPECT_EQ(parse(answer, "mistral_named"), Parts{answer});
  }
}

TEST(ToolCallParser, ReadsLlama3sBareObjects) {
  EXPECT_EQ(parse("{\"name\": \"f\", \"parameters\": {\"a\": 1}}", "llama3"),
            Parts{"#0 f({\"a\": 1})"});
  for (const char* between : {"; ", "\n", ""}) {
    EXPECT_EQ(parse("<|python_tag|>{\"name\": \"f\", \"parameters\": {}}" + std::string(between) +
                        "{\"name\": \"g\", \"parameters\": {}}\n",
                    "llama3"),
              (Parts{"#0 f({})", "#1 g({})"}));
  }
  EXPECT_EQ(parse("Let me see. <|python_tag|>get_weather.call(city=\"Paris\")", "llama3"),
            (Parts{"Let me see.", "#0 get_weather({\"city\": \"Paris\"})"}));
  EXPECT_EQ(parse("<function=f>{\"a\": 1}</function><function=g> {}</function>", "llama3"),
            (Parts{"#0 f({\"a\": 1})", "#1 g({})"}));
  EXPECT_EQ(parse("{\"name\": \"f\", \"parameters\": {}}<function=g>{}</function>", "llama3"),
            (Parts{"#0 f({})", "#1 g({})"}));
  EXPECT_EQ(parse("{\"name\": \"f\", \"parameters\": {}} is a call", "llama3"),
            (Parts{"#0 f({})", "is a call"}));
  for (const char* answer :
       {"{\"name\": \"f\", \"city\": \"Ulm\"}", "Hello {\"name\": \"f\", \"parameters\": {}}",
        "{\"name\": \"Anna\", \"parameters\": {}}", "<|python_tag|>print(1)", " {", "[1, 2]",
        "[f](x)", "<function=h>{}</function>", "<function=f>x</function>"}) {
    EXPECT_EQ(parse(answer, "llama3"), Parts{answer});
  }
}

TEST(ToolCallParser, ReadsPlainJson) {
  EXPECT_EQ(parse("{\"name\": \"f\", \"arguments\": {\"a\": 1}}", "json"),
            Parts{"#0 f({\"a\": 1})"});
  EXPECT_EQ(parse("\n[{\"name\": \"f\", \"arguments\": {}}, {\"name\": \"g\", "
                  "\"arguments\": {}}]\n",
                  "json"),
            (Parts{"#0 f({})", "#1 g({})"}));
  for (const char* answer :
       {"{\"name\": \"f\"}", "[f(a=1)]", "a {\"name\": \"f\", \"arguments\": {}}"}) {
    EXPECT_EQ(parse(answer, "json"), Parts{answer});
  }
}

TEST(ToolCallParser, ReadsPythonsCalls) {
  EXPECT_EQ(parse("[get_weather(city=\"Paris\", days=3), f()]", "pythonic"),
            (Parts{"#0 get_weather({\"city\": \"Paris\", \"days\": 3})", "#1 f({})"}));
  EXPECT_EQ(parse("<|python_start|>[f(a='x')]<|python_end|> ", "pythonic"),
            Parts{"#0 f({\"a\": \"x\"})"});
  EXPECT_EQ(parse("Well: <|tool_call_start|>[f(a=1)]<|tool_call_end|>Done.", "lfm2"),
            (Parts{"Well:", "#0 f({\"a\": 1})", "Done."}));
  for (const char* answer :
       {"[h(a=1)]", "[f(1)]", "[f(a=1, a=2)]", "[f(a=x)]", "[f(a=1]", "[f(a=(1]))]", "[f(a='x)]",
        "[f(a=01)]", "[f(a=0x1)]", "[f(a={1})]", "[f(a={1: 2})]", "[f(a=1 b=2)]", "[f(=1)]",
        "[f(a='\\ud800')]", "[f(a=1+1)]", "[f(a=-)]"}) {
    EXPECT_EQ(parse(answer, "pythonic"), Parts{answer});
  }
}

TEST(ToolCallParser, TurnsPythonsLiteralsIntoJson) {
  const std::pair<const char*, const char*> kLiterals[] = {
      {"True", "true"},
      {"False", "false"},
      {"None", "null"},
      {"true", "true"},
      {"null", "null"},
      {"-1_000", "-1000"},
      {"+1.", "1.0"},
      {".5", "0.5"},
      {"1e-5", "1e-5"},
      {"0", "0"},
      {"123456789012345678901234567890", "123456789012345678901234567890"},
      {"''", "\"\""},
      {"'it\\'s'", "\"it's\""},
      {"\"a\\nb\"", "\"a\\nb\""},
      {"'\\x41\\u00e9\\U0001F600'", "\"A\xC3\xA9\xF0\x9F\x98\x80\""},
      {"'\\ud83d\\ude00'", "\"\xF0\x9F\x98\x80\""},
      {"r'\\d'", "\"\\\\d\""},
      {"'a' \"b\"", "\"ab\""},
      {"\"\"\"x\"y)\"\"\"", "\"x\\\"y)\""},
      {"'\\d'", "\"\\\\d\""},
      {"'[]){'", "\"[]){\""},
      {"[1, (2, 3,), []]", "[1, [2, 3], []]"},
      {"{'k': {\"l\": None}, }", "{\"k\": {\"l\": null}}"},
  };
  for (const auto& [python, json] : kLiterals) {
    EXPECT_EQ(parse("[f(a = " + std::string(python) + " ,)]", "pythonic"),
              Parts{"#0 f({\"a\": " + std::string(json) + "})"})
        << python;
  }
  const std::string deep = "[f(a=" + std::string(70, '[') + std::string(70, ']') + ")]";
  EXPECT_EQ(parse(deep, "pythonic"), Parts{deep});
}

TEST(ToolCallParser, ReadsDeepSeeksFrames) {
  EXPECT_EQ(
      parse(
          "Wait.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n"
          "{\"a\": \"```\"}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>g\n"
          "```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
          "deepseek"),
      (Parts{"Wait.", "#0 f({\"a\": \"```\"})", "#1 g({})"}));
  EXPECT_EQ(
      parse(
          "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"a\": 1}<｜tool▁call▁end｜>"
          "<｜tool▁call▁begin｜>g<｜tool▁sep｜>{'a'}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
          "deepseek_v31"),
      (Parts{"#0 f({\"a\": 1})", "#1 g({'a'})"}));
  EXPECT_EQ(parse("<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0"
                  "<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>",
                  "kimi"),
            Parts{"#0 f({})"});
  const std::string other_function =
      std::string("<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>h<｜tool▁sep｜>{}") +
      "<｜tool▁call▁end｜><｜tool▁calls▁end｜>";
  for (const std::string& answer :
       {std::string("<｜tool▁calls▁begin｜>"),
        std::string("<｜tool▁calls▁begin｜><｜tool▁calls▁end｜>"),
        std::string("<｜tool▁call▁begin｜>"), other_function,
        std::string("<｜tool▁calls▁begin｜>\n<｜tool▁call▁begin｜>f")}) {
    EXPECT_EQ(parse(answer, "deepseek_v31"), Parts{answer});
  }
}

TEST(ToolCallParser, ReadsFunctionarysRecipients) {
  EXPECT_EQ(parse("all\nLet me see.\n>>>f\n{\"a\": 1}>>>g\n{}", "functionary"),
            (Parts{"Let me see.", "#0 f({\"a\": 1})", "#1 g({})"}));
  EXPECT_EQ(parse("get_weather\n{\"city\": \"Ulm\"}", "functionary"),
            Parts{"#0 get_weather({\"city\": \"Ulm\"})"});
  EXPECT_EQ(parse("all\na >>> b >>>h\n{}", "functionary"), Parts{"a >>> b >>>h\n{}"});
  EXPECT_EQ(parse("Hello there", "functionary"), Parts{"Hello there"});
  EXPECT_EQ(parse("<function=f>{\"a\": 1}</function>", "function_tag"), Parts{"#0 f({\"a\": 1})"});
}

TEST(ToolCallParser, KnowsJsonFromWhatIsNot) {
  const fs::path folder = fs::path(RETORT_SHARED_DIR) / "data" / "json_parsing";
  if (!fs::exists(folder)) {
    std::cout << "skipped: " << folder << " is not there\n";
    GTEST_SKIP();
  }
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".json" || name.size() < 2 || name[1] != '_') continue;
    // As an element, so that a bare value is tested too.
    JsonScanner scanner;
    auto state = JsonScanner::State::more;
    bool ends_early = false;
    for (const char c : "[" + read_file(entry.path()) + "\n]") {
      ends_early |= state == JsonScanner::State::done;
      state = scanner.push(c);
    }
    const bool accepted = state == JsonScanner::State::done && !ends_early;
    if (name[0] == 'y') EXPECT_TRUE(accepted) << name;
    if (name[0] == 'n') EXPECT_FALSE(accepted) << name;
    ++files;
  }
  EXPECT_GT(files, 100);
}

TEST(ToolCallFormat, IsFoundByATemplatesMarks) {
  const auto found = [](const char* chat_template) {
    const ToolCallFormat* format = find_tool_call_format(chat_template);
    return format == nullptr ? "" : format->name;
  };
  EXPECT_EQ(found("{{ '<tool_call>' }}"), "hermes");
  EXPECT_EQ(found("[TOOL_CALLS]"), "mistral");
  EXPECT_EQ(found("'[TOOL_CALLS]' + name + '[ARGS]'"), "mistral_named");
  EXPECT_EQ(found("should be [func_name1(params_name1=params_value1)]"), "pythonic");
  EXPECT_EQ(found("'>>>all\n'"), "functionary");
  EXPECT_EQ(found("<function=example_function_name>{{parameters}}</function>"), "function_tag");
  EXPECT_EQ(found("{{ tools }} Answer {\"name\": ..., \"arguments\": ...}"), "json");
  EXPECT_EQ(found("<tool_call>\n<function=x>"), "");
  EXPECT_EQ(found("<function=x><parameter=y>"), "");
  EXPECT_EQ(found("{{ messages }}"), "");
}

TEST(ToolCallFormat, KnowsItsMarksAmongControlTokens) {
  const ToolCallFormat& deepseek = *find_tool_call_format_named("deepseek");
  EXPECT_TRUE(deepseek.has_mark("<｜tool▁sep｜>"));
  EXPECT_TRUE(deepseek.has_mark("<｜tool▁calls▁begin｜>"));
  EXPECT_FALSE(deepseek.has_mark("<｜end▁of▁sentence｜>"));
  EXPECT_FALSE(deepseek.has_mark(""));
}

// What is chosen for each of the real templates.
TEST(ToolCallFormat, IsFoundInRealTemplates) {
  const fs::path folder = fs::path(RETORT_SHARED_DIR) / "data" / "chat_templates";
  if (!fs::exists(folder)) {
    std::cout << "skipped: " << folder << " is not there\n";
    GTEST_SKIP();
  }
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.is_directory()) continue;
    const ToolCallFormat* format =
        find_tool_call_format(read_file(entry.path() / "template.jinja"));
    if (format != nullptr) found[entry.path().filename().string()] = format->name;
  }
  const std::map<std::string, std::string> expected = {
      {"Bielik-11B-v3.0-Instruct", "hermes"},
      {"Kimi-K2-Instruct", "kimi"},
      {"LFM2-8B-A1B", "lfm2"},
      {"LFM2.5-Instruct", "lfm2"},
      {"MiMo-VL", "hermes"},
      {"NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use", "hermes"},
      {"Qwen-QwQ-32B", "hermes"},
      {"Qwen-Qwen2.5-7B-Instruct", "hermes"},
      {"deepseek-ai-DeepSeek-R1-Distill-Llama-8B", "deepseek"},
      {"deepseek-ai-DeepSeek-R1-Distill-Llama-8B@2025-02", "deepseek"},
      {"deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "deepseek"},
      {"deepseek-ai-DeepSeek-V3.1", "deepseek_v31"},
      {"fireworks-ai-llama-3-firefunction-v2", "firefunction"},
      {"fireworks-ai-llama-3-firefunction-v2@2025-02", "firefunction"},
      {"inline-Mistral_Large_Instruct_2407_mistralai_v3_template_modified_t", "mistral"},
      {"meta-llama-Llama-3.1-8B-Instruct", "llama3"},
      {"meta-llama-Llama-3.2-3B-Instruct", "llama3"},
      {"mistralai-Mistral-Nemo-Instruct-2407", "mistral"},
      {"mistralrs-mistral_nemo_tool_call", "mistral"},
      {"mistralrs-mistral_small_tool_call", "mistral"},
      {"mistralrs-nousresearch_hermes2_pro_tool_use", "hermes"},
      {"mistralrs-smollm3", "hermes"},
      {"unsloth-Apriel-1.5", "hermes"},
  };
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace retort::text
