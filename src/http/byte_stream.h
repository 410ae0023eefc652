// One connection's bytes with deadlines: reading that goes on while a handler runs, so that the
// client's leaving is seen at once; writing that gives up on a client which does not read.
//
// Between Transport (a socket) and http/connection (requests). Two coroutines share it: the reader
// that start_reading() begins, and the connection. Everything runs on the connection's executor.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <retort/result.h>

#include "base/async.h"
#include "http/transport.h"

namespace retort::base {
class Counter;
}

namespace retort::http {

class ByteStream : public std::enable_shared_from_this<ByteStream> {
 public:
  struct Limits {
    std::size_t input_bytes_max;  // received and not consumed; beyond, the socket is not read
    std::chrono::milliseconds write_timeout;
    std::chrono::milliseconds linger_timeout;
    std::size_t linger_bytes_max;
  };
  // What was received and sent, counted as it happens.
  struct Traffic {
    base::Counter* received;
    base::Counter* sent;
  };
  enum class Arrival { bytes, end, timeout };

  ByteStream(std::unique_ptr<Transport> transport, const base::Executor& executor,
             const Limits& limits, Traffic traffic);

  // TLS negotiation, where there is any. False: it failed or took longer than `limit`.
  base::Awaitable<bool> handshake(std::chrono::milliseconds limit);

  // Begins to receive. Once; the stream must be owned by a shared_ptr, of which the reading keeps
  // one until the socket is closed or ends.
  void start_reading();

  // What has been received and not consumed. Valid until the coroutine next waits.
  std::string_view input() const noexcept { return input_; }
  void consume(std::size_t bytes);

  // Waits until more has been received than the last time, the client will send no more, or
  // `deadline`.
  base::Awaitable<Arrival> wait_input(base::SteadyClock::time_point deadline);

  // Completes when the socket has taken all of `bytes`. A connection error where it never will:
  // the stream is closed then. One write at a time.
  base::Awaitable<Result<void>> write(std::string_view bytes);

  // The client has closed its side, or the connection is broken or cut.
  bool ended() const noexcept { return ended_; }
  // The connection is broken or cut: nothing can be sent.
  bool broken() const noexcept { return broken_; }
  // `callback` runs once when ended() becomes true; an empty one takes it back.
  void on_end(std::function<void()> callback) { on_end_ = std::move(callback); }

  // Ends the output, then reads on and throws away until the client closes too, for linger_timeout
  // and linger_bytes_max at most, then closes. Closing with bytes unread would send a reset, which
  // can overtake the answer and destroy it (RFC 9112, 9.6).
  base::Awaitable<> close_gently();

  // Closes at once. Whoever waits for input or writes gets to know.
  void cut();

 private:
  static base::Awaitable<> read_until_end(std::shared_ptr<ByteStream> stream);
  base::Awaitable<> wait_for_room();
  void take(std::string_view bytes);
  void end(bool broken);
  void arm_watchdog();
  void start_watch(std::chrono::milliseconds limit);

  const std::unique_ptr<Transport> transport_;
  const Limits limits_;
  const Traffic traffic_;
  boost::asio::steady_timer arrival_;   // cancelled when something was received or the end seen
  boost::asio::steady_timer room_;      // cancelled when input was consumed
  boost::asio::steady_timer watchdog_;  // runs while an output operation is under way
  base::SteadyClock::time_point watch_until_;
  bool watching_ = false;        // an output operation is under way, due by watch_until_
  bool watchdog_armed_ = false;  // the timer runs; it is re-armed only when it fires
  std::array<char, 4096> buffer_;
  std::string input_;
  bool fresh_ = false;       // received since the last wait_input()
  bool discarding_ = false;  // close_gently() is throwing input away
  std::size_t discarded_bytes_ = 0;
  bool ended_ = false;
  bool broken_ = false;
  std::function<void()> on_end_;
};

}  // namespace retort::http
