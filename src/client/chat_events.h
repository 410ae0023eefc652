// ChatEvents: the chunks of a stream, told as what changed.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include <retort/stream.h>

#include "protocol/chunk_fold.h"

namespace retort::client {

// Not thread-safe.
class ChatEvents {
 public:
  // `chunk` has just been added to `fold`, whose texts the events' snapshots show.
  void add(const ChatChunk& chunk, const protocol::ChunkFold& fold);

  std::optional<ChatEvent> pop();

 private:
  void add_choice(const ChunkChoice& chunk, const protocol::ChunkFold& fold);
  void add_calls(const ChunkChoice& chunk, const AnswerMessage& message,
                 const protocol::ChunkFold& fold);
  void end_choice(const Choice& choice);

  std::deque<ChatEvent> events_;
};

}  // namespace retort::client
