#include "provider/choice_text.h"

#include <gtest/gtest.h>

#include <random>

#include "base/utf8.h"
#include "grammar/schema_grammar.h"

namespace retort::provider {
namespace {

using engine::EndReason;
using text::TokenId;

// A vocabulary of the 256 bytes, and three control tokens behind them.
text::Tokenizer byte_tokenizer() {
  text::Vocabulary vocabulary;
  for (int byte = 0; byte < 256; ++byte) {
    std::string letter;
    base::append_utf8(letter, text::byte_level_letter(static_cast<unsigned char>(byte)));
    vocabulary.tokens.push_back({.text = letter});
  }
  for (const char* name : {"<tool_call>", "</tool_call>", "<|im_end|>"}) {
    vocabulary.tokens.push_back({.text = name, .type = text::TokenType::control});
  }
  vocabulary.end = 258;
  vocabulary.end_of_generation = {258};
  return text::Tokenizer::make(std::move(vocabulary)).value();
}

// Tokens of a text in which the marks of a call are control tokens.
std::vector<TokenId> tokens_of(std::string_view text) {
  std::vector<TokenId> tokens;
  while (!text.empty()) {
    if (text.starts_with("<tool_call>")) {
      tokens.push_back(256);
      text.remove_prefix(11);
    } else if (text.starts_with("</tool_call>")) {
      tokens.push_back(257);
      text.remove_prefix(12);
    } else {
      tokens.push_back(static_cast<unsigned char>(text.front()));
      text.remove_prefix(1);
    }
  }
  return tokens;
}

// The answer of a whole run, folded by hand.
struct Answer {
  std::string content, reasoning;
  bool content_set = false;
  std::vector<std::pair<std::string, std::string>> calls;
  int fragments = 0;
  std::string finish;
  std::vector<std::string> logprob_tokens;
};

class ChoiceTextTest : public testing::Test {
 protected:
  Answer run(std::string_view text, const ChoiceTextOptions& options,
             EndReason reason = EndReason::end_token) {
    ChoiceText choice(tokenizer_, options);
    Answer answer;
    take(answer, {choice.begin()});
    for (const TokenId token : tokens_of(text)) {
      if (choice.over()) break;
      take(answer, choice.push({.token = token, .logprob = -1, .top = {}}));
    }
    take(answer, choice.finish(reason));
    EXPECT_TRUE(choice.over());
    output_tokens_ = choice.output_tokens();
    reasoning_tokens_ = choice.reasoning_tokens();
    return answer;
  }

  static void take(Answer& answer, const std::vector<ChunkChoice>& pieces) {
    for (const ChunkChoice& piece : pieces) {
      EXPECT_TRUE(answer.finish.empty()) << "a piece after the end";
      answer.content_set |= piece.delta.content.has_value();
      answer.content += piece.delta.content.value_or("");
      answer.reasoning += piece.delta.reasoning_content.value_or("");
      for (const ToolCallDelta& call : piece.delta.tool_calls) {
        // Index and arguments are in every fragment, id, type and name in the first.
        if (call.name) answer.calls.emplace_back(*call.name, "");
        EXPECT_EQ(call.index + 1, std::ssize(answer.calls));
        EXPECT_EQ(call.id.has_value(), call.name.has_value());
        EXPECT_EQ(call.type.has_value(), call.name.has_value());
        answer.calls.back().second += *call.arguments;
        ++answer.fragments;
      }
      if (const auto& call = piece.delta.function_call) {
        if (!call->name.empty()) answer.calls.emplace_back(call->name, "");
        answer.calls.back().second += call->arguments;
      }
      if (piece.finish_reason) answer.finish = piece.finish_reason->value;
      if (!piece.logprobs || !piece.logprobs->content) continue;
      for (const TokenLogprob& entry : *piece.logprobs->content) {
        answer.logprob_tokens.push_back(entry.token);
      }
    }
  }

  const text::Tokenizer tokenizer_ = byte_tokenizer();
  const text::ToolCallFormat* hermes_ = text::find_tool_call_format_named("hermes");
  std::int64_t reasoning_tokens_ = 0;
  std::int64_t output_tokens_ = 0;
};

TEST_F(ChoiceTextTest, GivesTheTextAndTheReason) {
  const Answer whole = run("Hello, w\xC3\xB6rld", {});
  EXPECT_EQ(whole.content, "Hello, w\xC3\xB6rld");
  EXPECT_EQ(whole.finish, "stop");
  EXPECT_EQ(output_tokens_, 13);
  EXPECT_EQ(run("Hel", {}, EndReason::length).finish, "length");
}

TEST_F(ChoiceTextTest, AnEmptyAnswerHasEmptyContent) {
  EXPECT_TRUE(run("", {}).content_set);
  EXPECT_TRUE(run("", {.tool_calls = hermes_}).content_set);
}

TEST_F(ChoiceTextTest, StopStringsEndTheAnswerAndAreNoPartOfIt) {
  const Answer answer = run("one two three", {.stop = {"tw", "xyz"}});
  EXPECT_EQ(answer.content, "one ");
  EXPECT_EQ(answer.finish, "stop");
  EXPECT_EQ(output_tokens_, 6);  // the tokens that made the stop string are counted
  EXPECT_EQ(run("one t", {.stop = {"tw"}}).content, "one t");
}

TEST_F(ChoiceTextTest, ReadsToolCallsBetweenControlTokens) {
  const std::string text =
      "Let me see.\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"location\": "
      "\"Paris\"}}\n</tool_call>\n<tool_call>\n{\"name\":\"f\",\"arguments\":{}}\n</tool_call>";
  const Answer answer = run(text, {.tool_calls = hermes_});
  EXPECT_EQ(answer.content, "Let me see.");
  ASSERT_EQ(answer.calls.size(), 2u);
  EXPECT_EQ(answer.calls[0].first, "get_weather");
  EXPECT_EQ(answer.calls[0].second, "{\"location\": \"Paris\"}");
  EXPECT_EQ(answer.finish, "tool_calls");
}

TEST_F(ChoiceTextTest, OneCallOnlyEndsBehindTheFirst) {
  const std::string text =
      "<tool_call>\n{\"name\":\"f\",\"arguments\":{}}\n</tool_call>\n"
      "<tool_call>\n{\"name\":\"g\",\"arguments\":{}}\n</tool_call>";
  const Answer one = run(text, {.tool_calls = hermes_, .one_call_only = true});
  ASSERT_EQ(one.calls.size(), 1u);
  EXPECT_EQ(one.finish, "tool_calls");
  EXPECT_FALSE(one.content_set);  // null: there is a call and no text
  const Answer old = run(text, {.tool_calls = hermes_, .as_function_call = true});
  ASSERT_EQ(old.calls.size(), 1u);
  EXPECT_EQ(old.finish, "function_call");
}

TEST_F(ChoiceTextTest, SendsArgumentsAsTheyCome) {
  const std::string text = "<tool_call>\n{\"name\":\"f\",\"arguments\":{\"a\":1}}\n</tool_call>";
  // The first fragment, and one a byte.
  EXPECT_EQ(run(text, {.tool_calls = hermes_}).fragments, 8);
}

TEST_F(ChoiceTextTest, ACallThatIsCutEndsByWhatCutIt) {
  const std::string text = "<tool_call>\n{\"name\":\"f\",\"arguments\":{\"a\":1";
  for (const bool one_only : {false, true}) {
    const ChoiceTextOptions options{.tool_calls = hermes_, .one_call_only = one_only};
    const Answer cut = run(text, options, EndReason::length);
    ASSERT_EQ(cut.calls.size(), 1u);
    EXPECT_EQ(cut.calls[0].second, "{\"a\":1");
    EXPECT_EQ(cut.finish, "length");
    EXPECT_EQ(run(text, options).finish, "tool_calls");
    ChoiceTextOptions stopping = options;
    stopping.stop = {":1"};
    EXPECT_EQ(run(text, stopping).finish, "stop");
    EXPECT_EQ(run(text, stopping).calls[0].second, "{\"a\"");
  }
}

TEST_F(ChoiceTextTest, ACallOfAnotherFunctionIsContent) {
  const std::string text = "<tool_call>{\"name\":\"g\",\"arguments\":{}}</tool_call>";
  EXPECT_EQ(run(text, {.tool_calls = hermes_, .tool_names = {"f"}}).content, text);
  EXPECT_EQ(run(text, {.tool_calls = hermes_, .tool_names = {"f", "g"}}).calls.size(), 1u);
}

TEST_F(ChoiceTextTest, AnswersACustomToolWithItsInput) {
  const auto call = [this](const std::string& arguments) {
    return run("<tool_call>{\"name\":\"c\",\"arguments\":" + arguments + "}</tool_call>",
               {.tool_calls = hermes_, .tool_names = {"c"}, .custom_tools = {{.name = "c"}}});
  };
  const Answer answer = call("{\"input\": \"a\\nb\"}");
  ASSERT_EQ(answer.calls.size(), 1u);
  EXPECT_EQ(answer.calls[0].second, "a\nb");
  EXPECT_EQ(answer.fragments, 1);
  EXPECT_EQ(answer.finish, "tool_calls");
  EXPECT_EQ(call("{\"inputs\": 1}").calls.at(0).second, "{\"inputs\": 1}");
}

TEST_F(ChoiceTextTest, ACustomToolsCallThatIsCutHasWhatCameOfItsInput) {
  for (const auto& [arguments, input] :
       {std::pair(R"({"input": "a\nb)", "a\nb"), std::pair(R"({"input":"a\ud83d\ude)", "a"),
        std::pair(R"({"input":"a\)", "a"), std::pair(R"({"input":"a")", "a"),
        std::pair(R"({ "inp)", ""), std::pair(R"({"inputs":1)", R"({"inputs":1)")}) {
    const Answer answer =
        run("<tool_call>{\"name\":\"c\",\"arguments\":" + std::string(arguments),
            {.tool_calls = hermes_, .tool_names = {"c"}, .custom_tools = {{.name = "c"}}},
            EndReason::length);
    ASSERT_EQ(answer.calls.size(), 1u) << arguments;
    EXPECT_EQ(answer.calls[0].second, input) << arguments;
    EXPECT_EQ(answer.finish, "length");
  }
}

TEST_F(ChoiceTextTest, ACustomToolsInputThatItsGrammarLacksIsContent) {
  const char* schema = R"({"type":"object","properties":{"input":{"pattern":"^(?:[0-9]+\\n?)$"}},
      "required":["input"],"additionalProperties":false})";
  const CustomTool digits{.name = "c", .validator = grammar::compile_schema(schema)->validator};
  const auto call = [&](const std::string& arguments, const std::string& behind) {
    return run("<tool_call>{\"name\":\"c\",\"arguments\":" + arguments + behind,
               {.tool_calls = hermes_, .tool_names = {"c"}, .custom_tools = {digits}});
  };
  const Answer fits = call("{\"input\":\"1\\u0032\\n\"}", "}</tool_call>");
  ASSERT_EQ(fits.calls.size(), 1u);
  EXPECT_EQ(fits.calls[0].second, "12\n");
  EXPECT_EQ(fits.finish, "tool_calls");
  for (const char* arguments : {R"({"input":"a"})", R"({"input":"1 "})", R"({"text":"1"})"}) {
    const Answer other = call(arguments, "}</tool_call>");
    EXPECT_TRUE(other.calls.empty()) << arguments;
    EXPECT_EQ(other.content, arguments);
    EXPECT_EQ(other.finish, "stop");
  }
}

TEST_F(ChoiceTextTest, ABrokenCallIsContent) {
  const Answer answer = run("<tool_call>\n{\"name\": }\n</tool_call>", {.tool_calls = hermes_});
  EXPECT_TRUE(answer.calls.empty());
  EXPECT_EQ(answer.content, "<tool_call>\n{\"name\": }\n</tool_call>");
  EXPECT_EQ(answer.finish, "stop");
}

TEST_F(ChoiceTextTest, LogprobsAreOfExactlyTheTokensThatWereSent) {
  const Answer whole = run("abc", {.logprobs = true});
  EXPECT_EQ(whole.logprob_tokens, (std::vector<std::string>{"a", "b", "c"}));
  const Answer cut = run("abcSTOPx", {.stop = {"STOP"}, .logprobs = true});
  EXPECT_EQ(cut.content, "abc");
  EXPECT_EQ(cut.logprob_tokens, (std::vector<std::string>{"a", "b", "c"}));
  // Both tokens of a two-byte character belong to it.
  EXPECT_EQ(run("\xC3\xB6", {.logprobs = true}).logprob_tokens.size(), 2u);
}

TEST_F(ChoiceTextTest, ThinkingIsReasoningContentAndItsTokensAreCounted) {
  const text::ReasoningFormat* format = text::find_reasoning_format("<think></think>");
  const Answer answer = run("<think>\nHm.\n</think>\n\nFour", {.reasoning = format});
  EXPECT_EQ(answer.reasoning, "Hm.");
  EXPECT_EQ(answer.content, "Four");
  EXPECT_EQ(reasoning_tokens_, 13);  // behind the first mark, to the second mark's end
  EXPECT_EQ(output_tokens_, 26);
  const Answer begun = run("Hm.</think>Four", {.reasoning = format, .reasoning_begun = true});
  EXPECT_EQ(begun.reasoning, "Hm.");
  EXPECT_EQ(begun.content, "Four");
}

TEST_F(ChoiceTextTest, ThinkingThatTheTokenLimitCutLeavesTheContentEmpty) {
  const text::ReasoningFormat* format = text::find_reasoning_format("<think></think>");
  const Answer answer = run("<think>Hm", {.reasoning = format}, EndReason::length);
  EXPECT_EQ(answer.reasoning, "Hm");
  EXPECT_EQ(answer.content, "");
  EXPECT_EQ(answer.finish, "length");
}

// ---- Promise 3: what an answer says does not depend on how its text was cut into tokens.

// Everything that a part of ChoiceText looks for, whole and in pieces, and what looks alike.
const std::vector<std::string>& fragments() {
  static const std::vector<std::string> kFragments = {"<think>",
                                                      "</think>",
                                                      "<tool_call>",
                                                      "</tool_call>",
                                                      "\n",
                                                      " ",
                                                      "a",
                                                      "é",
                                                      "😀",
                                                      "\xF0\x9F",
                                                      "\xFF",
                                                      "STOP",
                                                      "ST",
                                                      "OP",
                                                      "<",
                                                      "</",
                                                      "tool",
                                                      "_call>",
                                                      "{\"name\": \"f\", ",
                                                      "\"arguments\": {\"x\": [1, \"}\"]}}",
                                                      "\"arguments\": {",
                                                      "}",
                                                      "{",
                                                      "\"",
                                                      "\\",
                                                      "[",
                                                      "]"};
  return kFragments;
}

// The bytes, and behind them the fragments that are not one byte.
text::Tokenizer fragment_tokenizer() {
  text::Vocabulary vocabulary;
  const auto add = [&vocabulary](std::string_view bytes) {
    std::string letters;
    for (const char c : bytes) {
      base::append_utf8(letters, text::byte_level_letter(static_cast<unsigned char>(c)));
    }
    vocabulary.tokens.push_back({.text = letters});
  };
  for (int byte = 0; byte < 256; ++byte) add(std::string(1, static_cast<char>(byte)));
  for (const std::string& fragment : fragments()) {
    if (fragment.size() > 1) add(fragment);
  }
  return text::Tokenizer::make(std::move(vocabulary)).value();
}

// `text` in tokens: wherever a longer one fits, it is taken or not.
std::vector<TokenId> cut(const std::string& text, std::mt19937& random) {
  std::vector<TokenId> tokens;
  for (std::size_t at = 0; at < text.size();) {
    TokenId token = static_cast<unsigned char>(text[at]);
    std::size_t size = 1;
    TokenId id = 256;
    for (const std::string& fragment : fragments()) {
      if (fragment.size() == 1) continue;
      if (text.compare(at, fragment.size(), fragment) == 0 && random() % 2 == 0) {
        token = id;
        size = fragment.size();
      }
      ++id;
    }
    tokens.push_back(token);
    at += size;
  }
  return tokens;
}

TEST(ChoiceText, SaysTheSameHoweverItsTextWasCutIntoTokens) {
  const text::Tokenizer tokenizer = fragment_tokenizer();
  std::mt19937 random(7);
  const auto read = [&](const std::vector<TokenId>& tokens, const ChoiceTextOptions& options,
                        EndReason reason) {
    ChoiceText choice(tokenizer, options);
    std::string said;
    const auto take = [&said](const std::vector<ChunkChoice>& pieces) {
      for (const ChunkChoice& piece : pieces) {
        const Delta& delta = piece.delta;
        if (delta.reasoning_content) said += "R" + *delta.reasoning_content;
        for (const ToolCallDelta& call : delta.tool_calls) {
          said += "\nT" + std::to_string(call.index) + call.name.value_or("") + ":" +
                  call.arguments.value_or("");
        }
        if (delta.content && !delta.content->empty()) said += "\nC" + *delta.content;
        if (piece.finish_reason) said += "\nF" + piece.finish_reason->value;
      }
    };
    for (const TokenId token : tokens) {
      if (!choice.over()) take(choice.push({.token = token, .top = {}}));
    }
    take(choice.finish(reason));
    // Which piece holds how much is the cut's; what the pieces say together is not.
    for (const char* mark : {"R", "\nC", "\nT0:", "\nT1:", "\nT2:", "\nT3:"}) {
      for (std::size_t at = said.find(mark); at != said.npos; at = said.find(mark, at)) {
        said.erase(at, std::string(mark).size());
      }
    }
    return said;
  };
  const text::ReasoningFormat* reasoning = text::find_reasoning_format("</think>");
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (std::size_t n = random() % 14; n > 0; --n) {
      text += fragments()[random() % fragments().size()];
    }
    ChoiceTextOptions options{.stop = random() % 2 ? std::vector<std::string>{"STOP", "]}}"}
                                                   : std::vector<std::string>{}};
    if (random() % 3 > 0) {
      options.tool_calls = text::find_tool_call_format_named("hermes");
      options.tool_names = {"f"};
    }
    if (random() % 2) options.reasoning = reasoning;
    options.one_call_only = random() % 4 == 0;
    const EndReason reason = random() % 3 ? EndReason::end_token : EndReason::length;
    const std::string first = read(cut(text, random), options, reason);
    for (int other = 0; other < 4; ++other) {
      ASSERT_EQ(read(cut(text, random), options, reason), first) << text;
    }
  }
}

}  // namespace
}  // namespace retort::provider
