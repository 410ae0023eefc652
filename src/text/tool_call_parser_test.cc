#include "text/tool_call_parser.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace retort::text {
namespace {

// Content and calls in order, neighbouring content joined: "text" and "name(arguments)".
std::vector<std::string> read(std::vector<AnswerEvent> events) {
  std::vector<std::string> parts;
  bool joins = false;
  for (const AnswerEvent& event : events) {
    if (const auto* content = std::get_if<ContentPiece>(&event)) {
      if (!joins) parts.emplace_back();
      parts.back() += content->text;
    } else if (const auto* begin = std::get_if<ToolCallBegin>(&event)) {
      parts.push_back("#" + std::to_string(begin->index) + " " + begin->name);
    } else if (const auto* arguments = std::get_if<ToolCallArguments>(&event)) {
      parts.back() += "(" + arguments->piece + ")";
    }
    joins = std::holds_alternative<ContentPiece>(event);
  }
  return parts;
}

std::vector<std::string> parse_in(const std::vector<std::string_view>& pieces, const char* format,
                                  const ToolCallLimits& limits) {
  ToolCallParser parser(*find_tool_call_format_named(format), limits);
  std::vector<AnswerEvent> events;
  for (const std::string_view piece : pieces) {
    for (AnswerEvent& event : parser.push(piece)) events.push_back(std::move(event));
  }
  for (AnswerEvent& event : parser.finish()) events.push_back(std::move(event));
  return read(std::move(events));
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
           "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}",
           "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 01}}\n</tool_call>",
           "<tool_call>\n{\"name\": \"f\", \"arguments\": {'a': 1}}\n</tool_call>",
           "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"line\nbreak\"}}\n</tool_call> ",
           "<tool_call>\n{\"name\": \"f\", \"arguments\": [1]}\n</tool_call>",
           "<tool_call>\n{\"name\": \"\", \"arguments\": {}}\n</tool_call>",
           "<tool_call>\n{\"name\": 1, \"arguments\": {}}\n</tool_call>",
           "<tool_call>\n{\"name\": \"f\", \"name\": \"g\", \"arguments\": {}}\n</tool_call>",
           "<tool_call>\n{\"arguments\": {}}\n</tool_call>",
           "<tool_call>\n[{\"name\": \"f\", \"arguments\": {}}]\n</tool_call>",
           "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}}\n</tool_call>",
           "<tool_call>\n{\"name\": \"f\", \"arguments\": {}} </tool_cal>",
           "<tool_call> I will call f now </tool_call>\n",
       }) {
    EXPECT_EQ(parse(answer), Parts{answer});
  }
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

TEST(ToolCallParser, ReadsMistralsArray) {
  EXPECT_EQ(parse("[TOOL_CALLS] [{\"name\": \"f\", \"arguments\": {\"a\": [1, \"]\"]}}, "
                  "{\"name\": \"g\", \"arguments\": {}}]",
                  "mistral"),
            (Parts{"#0 f({\"a\": [1, \"]\"]})", "#1 g({})"}));
  const char* broken = "[TOOL_CALLS] [{\"name\": \"f\", \"arguments\": {}}, {\"x\": 1}]";
  EXPECT_EQ(parse(broken, "mistral"), Parts{broken});
  EXPECT_EQ(parse("[TOOL_CALLS] []", "mistral"), Parts{"[TOOL_CALLS] []"});
}

TEST(ToolCallParser, ReadsLlama3sBareObjects) {
  EXPECT_EQ(parse("{\"name\": \"f\", \"parameters\": {\"a\": 1}}", "llama3"),
            Parts{"#0 f({\"a\": 1})"});
  EXPECT_EQ(parse("<|python_tag|>{\"name\": \"f\", \"parameters\": {}}; "
                  "{\"name\": \"g\", \"parameters\": {}}\n",
                  "llama3"),
            (Parts{"#0 f({})", "#1 g({})"}));
  for (const char* answer :
       {"{\"name\": \"Anna\", \"city\": \"Ulm\"}", "Hello {\"name\": \"f\", \"parameters\": {}}",
        "{\"name\": \"f\", \"parameters\": {}} is a call", "<|python_tag|>print(1)", " {"}) {
    EXPECT_EQ(parse(answer, "llama3"), Parts{answer});
  }
}

TEST(ToolCallParser, KnowsJsonFromWhatIsNot) {
  const std::filesystem::path folder =
      std::filesystem::path(RETORT_SHARED_DIR) / "data" / "json_parsing";
  if (!std::filesystem::exists(folder)) {
    std::cout << "skipped: " << folder << " is not there\n";
    GTEST_SKIP();
  }
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".json" || name.size() < 2 || name[1] != '_') continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    // As an element, so that a bare value is tested too.
    JsonScanner scanner;
    auto state = JsonScanner::State::more;
    bool ends_early = false;
    for (const char c : "[" + text.str() + "\n]") {
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
  EXPECT_EQ(find_tool_call_format("{{ '<tool_call>' }}")->name, "hermes");
  EXPECT_EQ(find_tool_call_format("[TOOL_CALLS]")->name, "mistral");
  EXPECT_EQ(find_tool_call_format("<tool_call>\n<function=x>"), nullptr);
  EXPECT_EQ(find_tool_call_format("{{ messages }}"), nullptr);
}

}  // namespace
}  // namespace retort::text
