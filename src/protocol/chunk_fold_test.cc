// The fold of a stream is the answer: for every cut of a random answer, and for recorded streams.
#include "protocol/chunk_fold.h"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "base/json_reader.h"
#include "protocol/chat_reader.h"
#include "protocol/chat_writer.h"

namespace retort::protocol {
namespace {

namespace json = boost::json;

std::string written(const ChatCompletion& completion) {
  std::string out;
  write_chat_completion(out, completion, {});
  return out;
}

ChatCompletion folded(const std::vector<ChatChunk>& chunks) {
  ChunkFold fold;
  for (const ChatChunk& chunk : chunks) fold.add(chunk);
  return std::move(fold).finish();
}

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  std::size_t pick(std::size_t count) { return random_() % count; }
  std::string text() {
    std::string out;
    for (std::size_t i = pick(6); i > 0; --i) out += kPieces[pick(std::size(kPieces))];
    return out;
  }
  std::vector<std::string> cut(std::string_view text) {
    std::vector<std::string> pieces;
    while (!text.empty()) {
      const std::size_t bytes = 1 + pick(text.size());
      pieces.emplace_back(text.substr(0, bytes));
      text.remove_prefix(bytes);
    }
    return pieces;
  }

 private:
  static constexpr const char* kPieces[] = {"a", "{\"k\":", "é", "😀", "\"", "\n", " word", "\\"};
  std::mt19937 random_;
};

TokenLogprob token_of(const std::string& text) {
  return {.token = text, .logprob = -0.5, .bytes = {{1, 2}}, .top_logprobs = {{.token = text}}};
}

Choice random_choice(Dice& dice, std::int64_t index) {
  Choice choice{.index = index, .finish_reason = FinishReason::stop};
  if (dice.pick(4) != 0) choice.message.content = dice.text();
  if (dice.pick(4) == 0) choice.message.refusal = dice.text();
  if (dice.pick(4) == 0) choice.message.reasoning_content = dice.text();
  for (std::size_t i = dice.pick(3); i > 0; --i) {
    choice.message.tool_calls.push_back(
        {.id = "call_" + std::to_string(i),
         .function = {.name = "f" + std::to_string(i), .arguments = dice.text()}});
  }
  if (dice.pick(4) == 0) choice.message.function_call = FunctionCall{"g", dice.text()};
  if (dice.pick(2) == 0) choice.logprobs = Logprobs{.content = {{token_of("a"), token_of("b")}}};
  return choice;
}

// The deltas of one choice, in order.
std::vector<ChunkChoice> deltas_of(Dice& dice, const Choice& choice) {
  std::vector<ChunkChoice> out;
  const auto add = [&](const Delta& delta) {
    out.push_back({.index = choice.index, .delta = delta});
  };
  const AnswerMessage& message = choice.message;
  add({.role = "assistant",
       .content = message.content ? std::optional<std::string>("") : std::nullopt,
       .refusal = message.refusal ? std::optional<std::string>("") : std::nullopt});
  if (message.reasoning_content) add({.reasoning_content = ""});
  for (const auto& piece : dice.cut(message.reasoning_content.value_or(""))) {
    add({.reasoning_content = piece});
  }
  for (const auto& piece : dice.cut(message.content.value_or(""))) add({.content = piece});
  for (const auto& piece : dice.cut(message.refusal.value_or(""))) add({.refusal = piece});
  for (std::size_t i = 0; i < message.tool_calls.size(); ++i) {
    const ToolCall& call = message.tool_calls[i];
    const auto index = static_cast<std::int64_t>(i);
    add({.tool_calls = {{index, call.id, call.type, call.function.name, ""}}});
    for (const auto& piece : dice.cut(call.function.arguments)) {
      add({.tool_calls = {{.index = index, .arguments = piece}}});
    }
  }
  if (message.function_call) add({.function_call = FunctionCall{message.function_call->name, ""}});
  for (const auto& piece :
       dice.cut(message.function_call ? message.function_call->arguments : "")) {
    add({.function_call = FunctionCall{"", piece}});
  }
  if (choice.logprobs) {
    out.front().logprobs = Logprobs{};  // without tokens it changes nothing
    for (const TokenLogprob& token : *choice.logprobs->content) {
      add({});
      out.back().logprobs = Logprobs{.content = {{token}}};
    }
  }
  add({});
  out.back().finish_reason = choice.finish_reason;
  return out;
}

// Interleaves the choices' deltas, each in its own order, one to a chunk.
std::vector<ChatChunk> stream_of(Dice& dice, const ChatCompletion& completion) {
  std::vector<std::vector<ChunkChoice>> queues;
  for (const Choice& choice : completion.choices) queues.push_back(deltas_of(dice, choice));
  std::vector<std::size_t> next(queues.size(), 0);
  const ChatChunk frame{.id = completion.id,
                        .created = completion.created,
                        .model = completion.model,
                        .system_fingerprint = completion.system_fingerprint};
  std::vector<ChatChunk> chunks;
  for (std::size_t left = queues.size(); left > 0;) {
    const std::size_t from = dice.pick(queues.size());
    if (next[from] == queues[from].size()) continue;
    chunks.push_back(frame);
    chunks.back().choices.push_back(queues[from][next[from]++]);
    if (next[from] == queues[from].size()) --left;
  }
  chunks.push_back(frame);
  chunks.back().usage = completion.usage;
  return chunks;
}

TEST(ChunkFold, AnyCutOfAnAnswerFoldsBackToIt) {
  for (unsigned seed = 0; seed < 3'000; ++seed) {
    Dice dice(seed);
    ChatCompletion completion{.id = "i", .created = 9, .model = "m", .system_fingerprint = "fp"};
    const std::size_t count = 1 + dice.pick(3);
    for (std::size_t i = 0; i < count; ++i) {
      completion.choices.push_back(random_choice(dice, static_cast<std::int64_t>(i)));
    }
    completion.usage = Usage{.prompt_tokens = 1, .completion_tokens = 2, .total_tokens = 3};
    const std::vector<ChatChunk> chunks = stream_of(dice, completion);
    EXPECT_EQ(written(folded(chunks)), written(completion)) << seed;
  }
}

// Also through the wire, where the later fragments carry "id":"".
TEST(ChunkFold, TheWrittenStreamFoldsToTheSameAnswer) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    Dice dice(seed);
    ChatCompletion completion{.id = "i", .created = 9, .model = "m"};
    completion.choices.push_back(random_choice(dice, 0));
    // Text on the wire is whole characters; the cuts above are not.
    std::vector<ChatChunk> chunks = stream_of(dice, completion);
    for (ChatChunk& chunk : chunks) {
      std::string wire;
      write_chat_chunk(wire, chunk, {.usage_null = true, .obfuscation = true});
      Result<ChatChunk> read = read_chat_chunk(wire);
      ASSERT_TRUE(read) << wire;
      std::string again;
      write_chat_chunk(again, *read, {.usage_null = true, .obfuscation = true});
      EXPECT_EQ(wire, again);
      chunk = std::move(read).value();
    }
    const ChatCompletion answer = folded(chunks);
    EXPECT_EQ(answer.choices.at(0).message.tool_calls.size(),
              completion.choices.at(0).message.tool_calls.size());
    EXPECT_TRUE(answer.extra.empty());
  }
}

TEST(ChunkFold, EveryFormOfToolCallGivesTheSameCall) {
  const auto fold_of = [](const std::vector<ToolCallDelta>& fragments) {
    std::vector<ChatChunk> chunks;
    for (const ToolCallDelta& fragment : fragments) {
      chunks.push_back({.choices = {{.delta = {.tool_calls = {fragment}}}}});
    }
    return folded(chunks).choices.at(0).message.tool_calls;
  };
  const std::vector<ToolCall> expected = {
      {.id = "a", .function = {.name = "f", .arguments = "{\"x\":1}"}}};
  // Whole; OpenAI's form; our form; id and name repeated; index -1.
  EXPECT_EQ(fold_of({{0, "a", "function", "f", "{\"x\":1}"}}), expected);
  EXPECT_EQ(
      fold_of({{0, "a", "function", "f", ""}, {0, {}, {}, {}, "{\"x\":"}, {0, {}, {}, {}, "1}"}}),
      expected);
  EXPECT_EQ(fold_of({{0, "a", "function", "f", ""}, {0, "", "function", {}, "{\"x\":1}"}}),
            expected);
  EXPECT_EQ(fold_of({{0, "a", "function", "f", "{\"x\""}, {0, "a", "function", "f", ":1}"}}),
            expected);
  EXPECT_EQ(fold_of({{-1, "a", "function", "f", "{\"x\""}, {-1, "", {}, "", ":1}"}}), expected);
  // Two calls on one index, told apart by their ids; fragments interleaved.
  const auto two = fold_of({{0, "a", {}, "f", "1"}, {0, "b", {}, "g", "2"}, {0, {}, {}, {}, "3"}});
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[1].function.arguments, "23");
  const auto mixed =
      fold_of({{0, "a", {}, "f", "1"}, {1, "b", {}, "g", "2"}, {0, {}, {}, {}, "3"}});
  EXPECT_EQ(mixed[0].function.arguments, "13");
}

TEST(ChunkFold, ChoicesComeInTheOrderOfTheirIndex) {
  const ChatCompletion answer =
      folded({{.choices = {{.index = 2}}}, {.choices = {{.index = 0}, {.index = 1}}}});
  ASSERT_EQ(answer.choices.size(), 3u);
  for (std::int64_t i = 0; i < 3; ++i)
    EXPECT_EQ(answer.choices[static_cast<std::size_t>(i)].index, i);
}

TEST(ChunkFold, AMessageRepeatedInEachChunkIsNotWrittenTwice) {
  const ChatChunk chunk =
      read_chat_chunk(
          R"({"choices":[{"delta":{"content":"a"},"message":{"content":"a"},"extra":1}]})")
          .value();
  const ChatCompletion answer = folded({chunk, chunk});
  EXPECT_TRUE(base::check_json(written(answer)));
  EXPECT_EQ(answer.choices.at(0).message.content, "aa");
  ASSERT_EQ(answer.choices.at(0).extra.size(), 1u);
}

// An independent fold of the recorded streams: concatenation over the parsed JSON.
TEST(ChunkFold, FoldsEveryRecordedStream) {
  const std::filesystem::path folder = RETORT_SHARED_DIR "/data/wire_fixtures";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there";
  int streams = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".txt") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    ChunkFold fold;
    std::string content, reasoning, arguments;
    for (std::string line; std::getline(in, line);) {
      if (line.empty()) continue;
      fold.add(read_chat_chunk(line).value());
      const json::value tree = base::read_json(line).value();
      for (const json::value& choice : tree.at("choices").as_array()) {
        const json::object& delta = choice.at("delta").as_object();
        const auto append = [&delta](const char* name, std::string& to) {
          const json::value* value = delta.if_contains(name);
          if (value && value->is_string()) to += std::string(value->as_string());
        };
        append("content", content);
        append("reasoning_content", reasoning);
        const json::value* calls = delta.if_contains("tool_calls");
        if (!calls || !calls->is_array()) continue;
        for (const json::value& call : calls->as_array()) {
          const json::value* piece = call.at("function").as_object().if_contains("arguments");
          if (piece && piece->is_string()) arguments += std::string(piece->as_string());
        }
      }
    }
    ChatCompletion answer = std::move(fold).finish();
    ASSERT_EQ(answer.choices.size(), 1u) << entry.path();
    const AnswerMessage& message = answer.choices[0].message;
    EXPECT_EQ(message.content.value_or(""), content) << entry.path();
    EXPECT_EQ(message.reasoning_content.value_or(""), reasoning) << entry.path();
    std::string folded_arguments;
    for (const ToolCall& call : message.tool_calls) {
      folded_arguments += call.function.arguments;
      EXPECT_NE(call.id, "");
      EXPECT_NE(call.function.name, "");
    }
    EXPECT_EQ(folded_arguments, arguments) << entry.path();
    EXPECT_TRUE(answer.choices[0].finish_reason) << entry.path();
    ++streams;
  }
  EXPECT_EQ(streams, 10);
}

}  // namespace
}  // namespace retort::protocol
