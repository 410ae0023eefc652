#include "api/chat_answer.h"

#include <chrono>
#include <utility>

#include "protocol/chunk_fold.h"
#include "protocol/error_body.h"
#include "protocol/sse.h"

namespace retort::api {
namespace {

using base::SteadyClock;
using provider::ChatStream;

// A stream without news this long gets a comment, so that nothing between us and the client cuts
// it.
constexpr auto kHeartbeat = std::chrono::seconds(15);

// How long the last event is for a client that loses the end of a stream where several events
// arrive in one read, unless the last is longer than those before it. Spaces fill it up, which JSON
// allows. Why this helps, why no gap between events does, and this number: docs/typescript-gap.md.
constexpr std::size_t kLastEventBytes = 16 * 1024;

// Times the pieces of an answer as they come.
class PieceClock {
 public:
  explicit PieceClock(ChatAnswer& answer) : answer_(answer) {}

  void saw(const ChatChunk& chunk) {
    if (!has_piece(chunk)) return;
    const SteadyClock::time_point now = SteadyClock::now();
    if (last_ == SteadyClock::time_point()) {
      answer_.metrics.first_token(answer_.model, now - answer_.began);
    } else {
      answer_.metrics.next_token(answer_.model, now - last_);
    }
    last_ = now;
  }

 private:
  static bool has_piece(const ChatChunk& chunk) {
    for (const ChunkChoice& choice : chunk.choices) {
      if (!choice.delta.role || !choice.delta.content.value_or("").empty()) return true;
    }
    return false;
  }

  ChatAnswer& answer_;
  SteadyClock::time_point last_;
};

void fill_up(std::string& json) {
  if (json.size() < kLastEventBytes) json.resize(kLastEventBytes, ' ');
}

Outcome outcome_of(const Error& error) {
  return error.kind() == ErrorKind::cancelled || error.kind() == ErrorKind::connection
             ? Outcome::disconnected
             : Outcome::failed;
}

// Sends events until the chunks are over. The error is the stream's own, or that the client has
// gone.
base::Awaitable<Result<void>> send_chunks(ChatAnswer& answer) {
  PieceClock clock(answer);
  std::string json;
  std::string event;
  for (;;) {
    Result<ChatStream::Next> next = co_await answer.chunks.next(SteadyClock::now() + kHeartbeat);
    if (!next) co_return std::move(next).error();
    if (next->over) co_return Result<void>();
    event.clear();
    if (!next->chunk) {
      protocol::append_sse_comment(event, "keep-alive");
    } else {
      clock.saw(*next->chunk);
      if (next->chunk->choices.empty() && !answer.style.usage_chunk) continue;
      json.clear();
      protocol::write_chat_chunk(json, *next->chunk, answer.style);
      if (answer.style.fill_last_event && next->chunk->choices.empty()) fill_up(json);
      protocol::append_sse_event(event, json);
    }
    if (Result<void> sent = co_await answer.exchange.write(event); !sent) {
      co_return std::move(sent).error();
    }
  }
}

}  // namespace

base::Awaitable<Outcome> send_stream(ChatAnswer& answer) {
  http::Exchange& exchange = answer.exchange;
  const Result<void> began = co_await exchange.start_stream(
      200, {{"content-type", "text/event-stream; charset=utf-8"}, {"cache-control", "no-cache"}});
  if (!began) co_return outcome_of(began.error());

  const Result<void> sent = co_await send_chunks(answer);
  if (!sent && outcome_of(sent.error()) == Outcome::disconnected) co_return Outcome::disconnected;
  std::string last;
  if (sent) {
    protocol::append_sse_done(last);
  } else {
    std::string json = protocol::error_body(sent.error());
    if (answer.style.fill_last_event) fill_up(json);
    protocol::append_sse_event(last, json);
  }
  const Result<void> ended = co_await exchange.write(last);
  if (ended) (void)co_await exchange.finish();
  if (!sent) co_return Outcome::failed;
  co_return ended ? Outcome::completed : Outcome::disconnected;
}

base::Awaitable<Outcome> send_document(ChatAnswer& answer) {
  PieceClock clock(answer);
  protocol::ChunkFold fold;
  for (;;) {
    const Result<ChatStream::Next> next =
        co_await answer.chunks.next(SteadyClock::time_point::max());
    if (!next) {
      const Outcome outcome = outcome_of(next.error());
      if (outcome == Outcome::failed) (void)co_await answer.exchange.respond_error(next.error());
      co_return outcome;
    }
    if (next->over) break;
    if (!next->chunk) continue;
    clock.saw(*next->chunk);
    fold.add(*next->chunk);
  }
  http::Response response{
      .status = 200, .headers = {{"content-type", "application/json"}}, .body = {}};
  protocol::write_chat_completion(response.body, std::move(fold).finish(), answer.style);
  const Result<void> sent = co_await answer.exchange.respond(std::move(response));
  co_return sent ? Outcome::completed : Outcome::disconnected;
}

}  // namespace retort::api
