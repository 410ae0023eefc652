// From one choice's tokens to the pieces of its answer: text, tool calls, log probabilities, the
// end.
//
// token -> Detokenizer -> StopMatcher -> ReasoningParser -> ToolCallParser -> ChunkChoice. No
// thread and no waiting here: local_stream feeds it, and the same tokens give the same pieces
// however they are fed.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <retort/chat.h>
#include <retort/result.h>

#include "engine/sampler.h"
#include "engine/token_stream.h"
#include "grammar/schema_validator.h"
#include "text/detokenizer.h"
#include "text/reasoning_parser.h"
#include "text/stop_matcher.h"
#include "text/tokenizer.h"
#include "text/tool_call_parser.h"

namespace retort::provider {

struct CustomTool {
  std::string name;
  // Judges the finished arguments; null: nobody does. What it refuses is no call, but content.
  std::shared_ptr<const grammar::SchemaValidator> validator = nullptr;
};

struct ChoiceTextOptions {
  std::int64_t index = 0;
  std::vector<std::string> stop;
  const text::ToolCallFormat* tool_calls = nullptr;  // how to read calls; null: none may come
  std::vector<std::string> tool_names;               // that may be called; empty: any
  std::vector<CustomTool> custom_tools;              // those of them that are custom tools
  bool one_call_only = false;                        // parallel_tool_calls: false
  bool as_function_call = false;  // the older form, of a request with functions alone
  bool logprobs = false;
  const text::ReasoningFormat* reasoning = nullptr;  // how thinking is marked; null: not at all
  bool reasoning_begun = false;                      // the prompt ends within it
  // Judges the content of an answer that came to its end; null: nobody does.
  std::shared_ptr<const grammar::SchemaValidator> validator;
};

// Not thread-safe. `tokenizer` outlives it.
class ChoiceText {
 public:
  ChoiceText(const text::Tokenizer& tokenizer, ChoiceTextOptions options);

  // The first piece: the role.
  ChunkChoice begin() const;

  // The pieces that `token` completes, perhaps none. Where the answer ends with it (a stop string,
  // the one call that may be made) the last piece has the finish_reason and over() is true.
  std::vector<ChunkChoice> push(const engine::SampledToken& token);

  // The last pieces, when the engine says why it ended: end_token or length.
  std::vector<ChunkChoice> finish(engine::EndReason reason);

  bool over() const noexcept { return over_; }
  // Whether the content is what the validator wants, once over(). The error is our own fault: the
  // grammar let through what it should not have.
  Result<void> check() const;
  std::int64_t output_tokens() const noexcept { return output_tokens_; }
  std::int64_t reasoning_tokens() const noexcept { return reasoning_tokens_; }  // of them

 private:
  // A token's log probability that waits for its text to be sent.
  struct PendingLogprob {
    std::size_t begin;  // where the token's text begins in the answer's text, in bytes
    TokenLogprob entry;
  };

  std::string text_of(text::TokenId token);
  void take_text(std::string_view piece, std::vector<ChunkChoice>& pieces);
  void take_reasoned(text::ReasoningParser::Pieces read, std::vector<ChunkChoice>& pieces);
  void finish_reasoning(std::vector<ChunkChoice>& pieces);
  void take_answer(std::string_view piece, std::vector<ChunkChoice>& pieces);
  void take_events(std::vector<text::AnswerEvent> events, std::vector<ChunkChoice>& pieces);
  void finish_calls(std::vector<ChunkChoice>& pieces);
  void begin_call(std::string name, std::vector<ChunkChoice>& pieces);
  void add_arguments(std::string arguments, std::vector<ChunkChoice>& pieces);
  const CustomTool* find_custom(std::string_view name) const;
  bool custom_fits() const;
  void give_custom_call(std::vector<ChunkChoice>& pieces);
  void end_call(std::vector<ChunkChoice>& pieces);
  void add_content(std::string content, std::vector<ChunkChoice>& pieces);
  void end(FinishReason reason, std::vector<ChunkChoice>& pieces);
  TokenLogprob logprob_entry(const engine::SampledToken& token) const;
  void attach_logprobs(std::vector<ChunkChoice>& pieces, bool all);
  ChunkChoice piece() const;

  const text::Tokenizer& tokenizer_;
  ChoiceTextOptions options_;
  text::Detokenizer detokenizer_;
  text::StopMatcher stop_;
  std::optional<text::ReasoningParser> reasoning_;
  std::optional<text::ToolCallParser> calls_;
  std::deque<PendingLogprob> logprobs_;
  std::size_t text_bytes_ = 0;  // that the tokens have made
  std::size_t sent_bytes_ = 0;  // of those, past the stop matcher
  std::int64_t output_tokens_ = 0;
  std::int64_t reasoning_tokens_ = 0;
  std::int64_t call_count_ = 0;
  bool has_content_ = false;
  bool call_cut_ = false;               // the answer ended within a call
  std::optional<FunctionCall> custom_;  // the custom tool's call that is being read
  bool over_ = false;
  bool cut_ = false;     // by the token limit or a stop string: not a whole document
  std::string content_;  // where there is a validator
};

}  // namespace retort::provider
