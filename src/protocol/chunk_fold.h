// ChunkFold: the chunks of a stream, folded into the completion they spell.
//
// The answer without streaming is this fold of the answer with it: so the two cannot differ. The
// client uses it as well, on the streams of services that are not ours, so it takes what they send:
// choices in any order, a tool call whole or in pieces, its id repeated, empty or missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include <retort/chat.h>

namespace retort::protocol {

// Not thread-safe. Memory is what the chunks hold; a chunk costs its own size, whatever came
// before.
class ChunkFold {
 public:
  // Text, arguments and logprobs are appended; role, id, type and name are taken where they first
  // come; finish_reason and usage where they last come.
  void add(const ChatChunk& chunk);

  // What has come so far, its choices in the order in which they came.
  const ChatCompletion& completion() const { return completion_; }

  // Puts the choices in the order of their index. Costs nothing where they came so.
  void sort();

  // The choice of that index; null where none has come.
  const Choice* find_choice(std::int64_t index) const;
  // Where in its message's tool_calls a fragment of that index has gone, of a choice that has come.
  std::size_t call_position(std::int64_t choice, std::int64_t call) const;

  // The completion, its choices in the order of their index.
  ChatCompletion finish() &&;

 private:
  using CallKey = std::pair<std::int64_t, std::int64_t>;  // index of the choice, of the call

  std::size_t position_of(std::int64_t index);
  void add_choice(const ChunkChoice& chunk);
  void add_call(Choice& choice, const ToolCallDelta& fragment);

  ChatCompletion completion_;
  std::map<std::int64_t, std::size_t> choices_;  // index -> position in completion_.choices
  bool is_sorted_ = true;
  std::map<CallKey, std::size_t> calls_;  // -> position in the message's tool_calls
};

}  // namespace retort::protocol
