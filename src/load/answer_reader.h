// A streamed answer as a load run sees it: when its tokens came, and whether it is what was asked.
//
// The bytes come from a server that may be anything, so nothing in them is taken on trust: counts
// are bounded here, an event by the parser, all bytes together by http/client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <retort/result.h>

#include "base/async.h"
#include "base/json_view.h"
#include "protocol/sse.h"

namespace retort::load {

struct AnswerTimes {
  using Time = base::SteadyClock::time_point;

  std::optional<Time> first_token;
  std::vector<base::SteadyClock::duration> gaps;  // between pieces of text
  Time last_token{};
};

struct AnswerCounts {
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
};

class AnswerReader {
 public:
  // An event holds a token or a few; thousands of answers are read at once.
  static constexpr std::size_t kEventBytesMax = std::size_t{1} << 20;

  // What arrived at `now`. Errors: malformed, or what the stream itself says went wrong.
  Result<void> push(std::string_view bytes, AnswerTimes::Time now);

  // At the end of the stream: what its usage says. An error where it ended before [DONE], gave no
  // usage or no token, or another number of tokens than `output_tokens`.
  Result<AnswerCounts> finish(std::size_t output_tokens) const;

  const AnswerTimes& times() const noexcept { return times_; }

 private:
  // What a chunk brings of an answer.
  enum class Piece : std::uint8_t { nothing, text, end };

  static Piece piece_of(const base::JsonView& chunk);
  Result<void> take(std::string_view data, AnswerTimes::Time now);
  void note(Piece piece, AnswerTimes::Time now);
  Result<void> take_usage(const base::JsonView& chunk);

  protocol::SseParser events_{kEventBytesMax};
  std::vector<protocol::SseEvent> pending_;
  AnswerTimes times_;
  std::optional<AnswerCounts> counts_;
  bool done_ = false;
};

// What the body of an answer with an error says of it, {"error": {"message"}}, on one line; empty
// where it is no such thing.
std::string error_message(std::string_view body);

}  // namespace retort::load
