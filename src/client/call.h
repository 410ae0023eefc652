// Call: one request to its end, over as many attempts as the policy allows and within its limits.
//
// It sits between the methods of the client, which wait for it or are told, and the transport,
// whose events it takes on any thread. A whole answer is collected here; of a stream the head is
// handed over, and then the bytes as they are asked for, with a bound on what lies unread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <retort/client.h>

namespace retort::client {

// What a client's calls have in common.
struct CallHooks {
  // Completes the request of an attempt; an error ends the call.
  std::function<Result<void>(HttpRequest& request, int attempt)> before;
  std::function<void(const AttemptReport& report)> after;
  std::function<void(LogLevel level, std::string_view line)> log;
  bool log_bodies = false;
  std::function<double()> uniform;
};

struct CallSettings {
  HttpRequest request;
  bool streamed = false;  // an answer with a status of 2xx is read as it comes
  Timeouts timeouts;
  RetryPolicy retry;
  std::stop_token stop;
  std::size_t answer_bytes_max = 0;
  std::size_t stream_buffer_bytes = 0;
  std::shared_ptr<const CallHooks> hooks;
};

struct Answer {
  HttpHead head;
  std::string body;  // empty where it is a stream
  int attempts = 1;
};

// Of the answer that counts, before it is given; of a refusal too.
using OnHead = std::function<void(const HttpHead& head, int attempts)>;

// Thread-safe.
class Call : public std::enable_shared_from_this<Call> {
 public:
  using Opened = std::function<void(Result<Answer> answer)>;

  // Calls `opened` once, on any thread, perhaps before this returns: with the whole answer, the
  // head of the stream, or the error. The transport is not kept alive: with its end the call ends.
  static std::shared_ptr<Call> start(const std::shared_ptr<Transport>& transport,
                                     CallSettings settings, OnHead on_head, Opened opened);

  Call(const std::shared_ptr<Transport>& transport, CallSettings settings, OnHead on_head,
       Opened opened);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void cancel();

  // ---- Of a stream that has opened.

  // Moves what has come into `bytes`; the end only once all bytes are taken. Nothing of either:
  // there is nothing yet.
  struct Progress {
    bool got_bytes = false;
    std::optional<Result<void>> end;
  };
  Progress read(std::string& bytes);
  // Until read() would have something.
  void wait(Transport& transport);
  // Calls `then` once when read() would have something: here and now where it has.
  void on_readable(std::function<void()> then);
  // What still comes is dropped, so that the connection can be used again: for a short while.
  void drain();

 private:
  class Sink;
  using TimePoint = Transport::Clock::time_point;
  using Actions = std::vector<std::function<void()>>;  // to be run without the lock

  void begin_attempt();
  bool prepare_attempt(HttpRequest& request, int& attempt);
  void give_up_attempt(int attempt, Error error);
  void keep_exchange(int attempt, const std::shared_ptr<Exchange>& exchange);

  void on_head(int attempt, HttpHead head);
  bool on_body(int attempt, std::string_view bytes);
  void on_end(int attempt, Result<void> outcome);

  // All below with the lock held.
  bool is_current(int attempt) const { return attempt == attempt_ && active_; }
  bool is_readable() const { return !body_.empty() || end_.has_value(); }
  bool takes_stream() const { return opened_ == nullptr && settings_.streamed; }
  void open_stream(Actions& actions);
  void complete(Actions& actions);
  void fail_attempt(Error error, Actions& actions);
  std::optional<std::chrono::milliseconds> next_wait(const Error& error) const;
  void retry_in(std::chrono::milliseconds wait, Actions& actions);
  void finish(Result<Answer> result, Actions& actions);
  void tell_head(Actions& actions);
  void end_stream(Result<void> end, Actions& actions);
  void drop_exchange(Actions& actions);
  std::shared_ptr<Exchange> end_pause();
  void notify_reader(Actions& actions);
  void report(const Error* error, std::optional<std::chrono::milliseconds> retry_in,
              Actions& actions);
  Error refusal() const;
  Error stamped(Error error) const;

  // Limits.
  struct Limit {
    TimePoint at;
    const char* name;
    std::chrono::milliseconds length;
  };
  std::optional<Limit> next_limit() const;
  void set_timer();
  void clear_timer();
  void on_timer(std::uint64_t serial);

  TimePoint now() const;
  void log(LogLevel level, const std::string& line, const Headers& sent) const;
  static void run(Actions& actions);

  const std::weak_ptr<Transport> transport_;
  const CallSettings settings_;
  const OnHead on_head_;
  const TimePoint began_;

  mutable std::mutex mutex_;
  std::condition_variable readable_;
  Opened opened_;  // empty once called
  int attempt_ = 0;
  bool active_ = false;  // an attempt is under way
  bool done_ = false;
  bool draining_ = false;
  bool paused_ = false;
  bool resumes_at_start_ = false;  // the pause ended before start() had given the exchange
  bool got_bytes_ = false;         // of this attempt's body
  TimePoint attempt_began_;
  TimePoint last_bytes_;
  std::shared_ptr<Exchange> exchange_;
  std::shared_ptr<const HttpRequest> sent_;  // for hook and log
  std::optional<HttpHead> head_;
  std::string body_;
  std::optional<Result<void>> end_;
  std::function<void()> then_readable_;
  std::optional<Transport::TimerId> timer_;
  std::uint64_t timer_serial_ = 0;  // of the timer that counts: another may have begun to run
  TimePoint timer_at_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

}  // namespace retort::client
