// Hand-over 2: the tokens of one sequence, from the engine's thread to the coroutine that streams
// them.
//
// The engine pushes no more events in a step than the queue has room for and pauses the sequence
// while it is full, so a slow reader holds up itself only. Dropping the stream cancels the sequence
// within one step.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/async.h"
#include "engine/sampler.h"

namespace retort::engine {

enum class EndReason : std::uint8_t {
  end_token,  // the model ended its turn; that token is not part of the output
  length,     // max_tokens are out
  cancelled,  // the reader asked, or the engine is shutting down
  failed,     // the forward pass failed; the log says why
  stuck,      // the vocabulary cannot spell what the constraint asks for, or its limits are met
};

// News of a sequence: tokens (several where a constraint leaves no choice), the end, or
// both.
struct TokenEvent {
  std::vector<SampledToken> tokens;
  std::optional<EndReason> end;
};

// What the two threads share. Owned by the engine's sequence and by the reader's TokenStream.
struct TokenChannel {
  TokenChannel(const base::Executor& executor, std::size_t capacity, std::function<void()> on_space)
      : events(executor, capacity, std::move(on_space)) {}

  base::AsyncQueue<TokenEvent> events;
  std::atomic<bool> cancelled = false;
  std::atomic<std::int64_t> cached_tokens = 0;  // of the prompt, that were not computed anew
};

// The reader's end. On its executor only, but for cancel().
class TokenStream {
 public:
  TokenStream(std::shared_ptr<TokenChannel> channel, std::function<void()> wake_engine)
      : channel_(std::move(channel)), wake_engine_(std::move(wake_engine)) {}
  TokenStream(TokenStream&&) = default;
  TokenStream& operator=(TokenStream&&) = delete;
  ~TokenStream() {
    if (!channel_) return;
    cancel();
    channel_->events.leave();
  }

  // The next event; nothing at `deadline`, or once the stream is over.
  base::Awaitable<std::optional<TokenEvent>> next(base::SteadyClock::time_point deadline) {
    return channel_->events.pop_until(deadline);
  }
  std::optional<TokenEvent> try_next() { return channel_->events.try_pop(); }

  // Tokens of the prompt that did not have to be computed; known once the first event has come.
  std::int64_t cached_tokens() const { return channel_->cached_tokens; }

  // Whether no further event will come. A stream that is over without an `end` was cancelled.
  bool over() const { return channel_->events.closed(); }

  // Stops the sequence; a waiting next() ends. From any thread, any number of times.
  void cancel() {
    if (channel_->cancelled.exchange(true)) return;
    channel_->events.close();
    wake_engine_();
  }

 private:
  std::shared_ptr<TokenChannel> channel_;
  std::function<void()> wake_engine_;
};

}  // namespace retort::engine
