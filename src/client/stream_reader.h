// StreamReader: the body behind ChatStream and AsyncChatStream. Bytes of the call to events,
// chunks, the completion so far, and the verdict on how the stream ended.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <retort/client.h>

#include "client/call.h"
#include "client/chat_events.h"
#include "client/core.h"
#include "protocol/chunk_fold.h"
#include "protocol/sse.h"

namespace retort::client {

// One thread at a time.
class StreamReader {
 public:
  using Next = Result<std::optional<ChatChunk>>;

  // `call` is a stream that has opened.
  StreamReader(std::shared_ptr<const Core> core, std::shared_ptr<Call> call, ResponseInfo info,
               bool wants_usage);
  // Cancels what has not come to its end.
  ~StreamReader();
  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;

  // Waits for it.
  Next next();
  Result<std::optional<ChatEvent>> next_event();
  // What there is without waiting; nothing: wait for the call.
  std::optional<Next> try_step();

  const std::shared_ptr<Call>& call() const { return call_; }
  const std::shared_ptr<const Core>& core() const { return core_; }
  const ChatCompletion& completion() const { return fold_.completion(); }
  const ResponseInfo& info() const { return info_; }

 private:
  std::optional<Next> take_event();
  Next chunk_of(const protocol::SseEvent& event);
  Next end_of(const Result<void>& outcome);
  Next fail(Error error);
  Next finish();
  std::string what_is_missing() const;

  const std::shared_ptr<const Core> core_;
  const std::shared_ptr<Call> call_;
  const ResponseInfo info_;
  const bool wants_usage_;

  protocol::SseParser parser_;
  protocol::ChunkFold fold_;
  ChatEvents chat_events_;
  std::string bytes_;
  std::vector<protocol::SseEvent> events_;
  std::size_t next_event_ = 0;  // in events_
  std::optional<Result<void>> ended_;
  bool done_ = false;
  std::optional<Error> failure_;
};

}  // namespace retort::client
