// The grammar of forced calls and the parser of calls know the same forms: what one lets through,
// the other reads.
#include "provider/call_grammar.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "grammar/schema_grammar.h"
#include "protocol/chat_request.h"

namespace retort::provider {
namespace {

constexpr const char* kCity =
    R"({"type":"object","properties":{"city":{"type":"string","maxLength":6}},
  "required":["city"],"additionalProperties":false})";
constexpr const char* kSum = R"({"type":"object","properties":{"a":{"type":"integer","minimum":0,
  "maximum":99},"b":{"enum":["x","y"]}},"required":["a"],"additionalProperties":false})";

std::vector<CallableFunction> add_functions(grammar::GrammarBuilder& builder) {
  return {{"get_weather", add_schema(builder, kCity).value().value},
          {"get", add_schema(builder, kSum).value().value}};
}

// A text of the grammar, chosen byte by byte; empty where it did not come to an end.
std::string random_text(const std::shared_ptr<grammar::Automaton>& automaton,
                        std::mt19937& random) {
  static const grammar::TokenTrie kBytes = [] {
    std::vector<std::string> pieces(256);
    for (std::size_t byte = 0; byte < 256; ++byte) pieces[byte] = static_cast<char>(byte);
    return grammar::TokenTrie::make(pieces, {}).value();
  }();
  grammar::Matcher matcher(automaton);
  std::string text;
  std::vector<std::uint64_t> mask(kBytes.words());
  while (text.size() < 4000) {
    if (matcher.must_end() || (matcher.can_end() && random() % 3 == 0)) return text;
    matcher.fill_mask(kBytes, mask);
    std::vector<char> choices;
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      // Mostly what is no white space, so that texts stay short.
      const bool space = byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
      if (grammar::has_token(mask, byte) && (!space || random() % 16 == 0)) {
        choices.push_back(static_cast<char>(byte));
      }
    }
    if (choices.empty()) continue;
    text.push_back(choices[random() % choices.size()]);
    EXPECT_TRUE(matcher.accept(text.substr(text.size() - 1)));
  }
  return "";
}

struct ReadCalls {
  std::vector<std::pair<std::string, std::string>> calls;
  std::string content;
};

ReadCalls read(const text::ToolCallFormat& format, const std::string& text) {
  text::ToolCallParser parser(format, {"get_weather", "get"});
  auto events = parser.push(text);
  for (auto& event : parser.finish()) events.push_back(std::move(event));
  ReadCalls out;
  for (const text::AnswerEvent& event : events) {
    if (const auto* content = std::get_if<text::ContentPiece>(&event)) out.content += content->text;
    if (const auto* begin = std::get_if<text::ToolCallBegin>(&event)) {
      out.calls.emplace_back(begin->name, "");
    }
    if (const auto* piece = std::get_if<text::ToolCallArguments>(&event)) {
      out.calls.at(piece->index).second += piece->piece;
    }
  }
  return out;
}

void expect_calls(const text::ToolCallFormat& format, const std::string& text, bool several,
                  const std::string& content = "") {
  SCOPED_TRACE(std::string(format.name) + ": " + text);
  const ReadCalls out = read(format, text);
  EXPECT_EQ(out.content, content);
  ASSERT_FALSE(out.calls.empty());
  if (!several) EXPECT_EQ(out.calls.size(), 1u);
  for (const auto& [name, arguments] : out.calls) {
    boost::json::error_code error;
    const auto value = boost::json::parse(arguments, error);
    ASSERT_FALSE(error) << arguments;
    EXPECT_TRUE(value.as_object().contains(name == "get" ? "a" : "city")) << name << arguments;
  }
}

TEST(CallGrammar, ForcedCallsAreReadAsCallsInEveryForm) {
  std::mt19937 random(1);
  for (const std::string_view name : text::tool_call_format_names()) {
    const text::ToolCallFormat& format = *text::find_tool_call_format_named(name);
    for (const bool several : {false, true}) {
      grammar::GrammarBuilder builder;
      const auto functions = add_functions(builder);
      const grammar::RuleId root = add_calls(builder, format, functions, {.several = several});
      const auto automaton =
          std::make_shared<grammar::Automaton>(std::move(builder).finish(root).value());
      int read = 0;
      for (int i = 0; i < 40; ++i) {
        const std::string text = random_text(automaton, random);
        if (text.empty()) continue;
        ++read;
        expect_calls(format, text, several);
      }
      EXPECT_GT(read, 20) << name;
    }
  }
}

TEST(CallGrammar, WhatFollowsABeginningMakesACall) {
  std::mt19937 random(2);
  for (const std::string_view name : text::tool_call_format_names()) {
    const text::ToolCallFormat& format = *text::find_tool_call_format_named(name);
    std::size_t beginnings = 1;
    for (std::size_t which = 0; which < beginnings; ++which) {
      grammar::GrammarBuilder builder;
      const auto functions = add_functions(builder);
      const auto all = add_call_beginnings(builder, format, functions, {.several = true});
      beginnings = all.size();
      ASSERT_GT(beginnings, 0u) << name;
      const auto automaton =
          std::make_shared<grammar::Automaton>(std::move(builder).finish(all[which].rest).value());
      for (int i = 0; i < 15; ++i) {
        const std::string rest = random_text(automaton, random);
        if (rest.empty()) continue;
        // Where the prompt ends with the first mark, another one stands behind content only.
        const bool later = format.content_name != "" && !all[which].at_start;
        const std::string before =
            later ? std::string(format.content_name) + std::string(format.name_end) + "Hi" : "";
        expect_calls(format, before + all[which].text + rest, true, later ? "Hi" : "");
      }
    }
  }
}

TEST(CallGrammar, ACustomToolsInputMatchesItsPatternInEveryForm) {
  const std::string body =
      R"({"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"custom",)"
      R"("custom":{"name":"get","format":{"type":"grammar","grammar":{"syntax":"regex",)"
      R"("definition":"\\{\"(ab|\\\\)+\"\\n?(é|\\t)\\}[x-z]{0,2}"}}}}]})";
  const auto request = protocol::parse_chat_request(body);
  ASSERT_TRUE(request) << request.error().message();
  const FunctionDefinition& tool = request->request.tools.at(0).function;
  std::mt19937 random(3);
  for (const std::string_view name : text::tool_call_format_names()) {
    const text::ToolCallFormat& format = *text::find_tool_call_format_named(name);
    grammar::GrammarBuilder builder;
    const auto rule = add_schema(builder, tool.parameters->text()).value();
    const grammar::RuleId root =
        add_calls(builder, format, {{tool.name, rule.value}}, {.several = false});
    const auto automaton =
        std::make_shared<grammar::Automaton>(std::move(builder).finish(root).value());
    int ended = 0;
    for (int i = 0; i < 40; ++i) {
      const std::string text = random_text(automaton, random);
      if (text.empty()) continue;
      ++ended;
      const ReadCalls out = read(format, text);
      EXPECT_EQ(out.content, "");
      ASSERT_EQ(out.calls.size(), 1u) << name << ": " << text;
      EXPECT_TRUE(rule.validator->check(out.calls[0].second)) << name << ": " << text;
    }
    EXPECT_GT(ended, 20) << name;
  }
}

}  // namespace
}  // namespace retort::provider
