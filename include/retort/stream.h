// ChatStream: the answer, piece by piece as it comes.
//
//   for (const auto& chunk : client.chat().stream(request)) ...   throws where the stream fails
//   while (auto chunk = stream.next()) ...                        the same by hand
//   for (const auto& event : stream.events()) ...                 told what changed, with snapshots
//
// Whatever way is used, completion() is what has come so far, folded into the form that create()
// gives, also after an error. Leaving early frees the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <retort/chat.h>
#include <retort/future.h>
#include <retort/result.h>
#include <retort/transport.h>

#pragma GCC visibility push(default)

namespace retort {

namespace client {
class StreamReader;
}

// The head of an answer, and what it took to get it.
struct ResponseInfo {
  int status = 0;
  Headers headers{};
  std::string request_id{};
  int attempts = 1;
};

// ---- Events. `choice` is the choice's index; a snapshot is valid until the next event is asked
// for.

struct ContentDelta {
  std::int64_t choice = 0;
  std::string delta;
  std::string_view snapshot;  // the content so far
};
struct RefusalDelta {
  std::int64_t choice = 0;
  std::string delta;
  std::string_view snapshot;
};
struct ReasoningDelta {
  std::int64_t choice = 0;
  std::string delta;
  std::string_view snapshot;
};
struct ToolArgumentsDelta {
  std::int64_t choice = 0;
  std::size_t call = 0;  // its place in the message's tool_calls
  std::string id;
  std::string name;
  std::string delta;
  std::string_view snapshot;  // the arguments so far
};
struct LogprobsDelta {
  std::int64_t choice = 0;
  Logprobs delta;
};
// What follows comes when the choice has ended, in this order.
struct ContentDone {
  std::int64_t choice = 0;
  std::string content;
};
struct RefusalDone {
  std::int64_t choice = 0;
  std::string refusal;
};
struct ToolCallDone {
  std::int64_t choice = 0;
  std::size_t call = 0;
  ToolCall tool_call;
};
struct ChoiceDone {
  std::int64_t choice = 0;
  FinishReason finish_reason;
};
struct UsageEvent {
  Usage usage;
};

using ChatEvent =
    std::variant<ContentDelta, RefusalDelta, ReasoningDelta, ToolArgumentsDelta, LogprobsDelta,
                 ContentDone, RefusalDone, ToolCallDone, ChoiceDone, UsageEvent>;

// A range over what a call gives until it gives nothing. One pass.
template <typename Value, typename Stream, std::optional<Value> (Stream::*kNext)()>
class PullRange {
 public:
  class Iterator {
   public:
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    Iterator() = default;
    explicit Iterator(Stream* stream) : stream_(stream) { ++*this; }
    const Value& operator*() const { return *value_; }
    const Value* operator->() const { return &*value_; }
    Iterator& operator++() {
      value_ = (stream_->*kNext)();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& at, std::default_sentinel_t) { return !at.value_; }

   private:
    Stream* stream_ = nullptr;
    std::optional<Value> value_;
  };

  explicit PullRange(Stream& stream) : stream_(&stream) {}
  Iterator begin() const { return Iterator(stream_); }
  std::default_sentinel_t end() const { return {}; }

 private:
  Stream* stream_;
};

// Holds all it needs: the client and the request may go. One thread at a time; destroying it from
// another while next() waits is not allowed, stopping through the call's stop_token is.
class ChatStream {
 public:
  explicit ChatStream(std::unique_ptr<client::StreamReader> reader);
  ~ChatStream();
  ChatStream(ChatStream&&) noexcept;
  ChatStream& operator=(ChatStream&&) noexcept;

  // The next chunk; nothing at the end of a complete answer. After an error the same error again.
  Result<std::optional<ChatChunk>> try_next();
  // The same, but throws.
  std::optional<ChatChunk> next();

  using Chunks = PullRange<ChatChunk, ChatStream, &ChatStream::next>;
  Chunks::Iterator begin() { return Chunks(*this).begin(); }
  std::default_sentinel_t end() const { return {}; }

  // The same stream told as events.
  Result<std::optional<ChatEvent>> try_next_event();
  std::optional<ChatEvent> next_event();
  using Events = PullRange<ChatEvent, ChatStream, &ChatStream::next_event>;
  Events events() { return Events(*this); }

  // Reads to the end and gives the whole answer.
  Result<ChatCompletion> try_finish();
  ChatCompletion finish();

  // What has come so far.
  const ChatCompletion& completion() const;
  const ResponseInfo& info() const;

 private:
  std::unique_ptr<client::StreamReader> reader_;
};

// The same for a program that must not wait. One call of next() at a time.
class AsyncChatStream {
 public:
  explicit AsyncChatStream(std::shared_ptr<client::StreamReader> reader);
  ~AsyncChatStream();
  AsyncChatStream(AsyncChatStream&&) noexcept;
  AsyncChatStream& operator=(AsyncChatStream&&) noexcept;

  // The stream must outlive the future. Nothing at the end of a complete answer.
  Future<std::optional<ChatChunk>> next();

  // Not while a next() is under way.
  const ChatCompletion& completion() const;
  const ResponseInfo& info() const;

 private:
  std::shared_ptr<client::StreamReader> reader_;
};

}  // namespace retort

#pragma GCC visibility pop
