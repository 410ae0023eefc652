// MockTransport: a script, and a clock that moves when somebody waits.
#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include <retort/transport.h>

#include "transport/recording.h"

namespace retort {
namespace {

using std::chrono::milliseconds;
using TimePoint = Transport::Clock::time_point;

class MockExchange final : public Exchange {
 public:
  void resume() override {
    std::function<void()> then;
    {
      const std::lock_guard lock(mutex_);
      paused_ = false;
      then = std::exchange(then_, nullptr);
    }
    if (then) then();
  }
  void cancel() override {
    std::function<void()> dropped;  // destroyed without the lock
    const std::lock_guard lock(mutex_);
    cancelled_ = !ended_;
    dropped.swap(then_);
  }

  bool is_cancelled() const {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }
  void pause() {
    const std::lock_guard lock(mutex_);
    paused_ = true;
  }
  // Calls `then` when it is not paused, perhaps now.
  void when_running(std::function<void()> then) {
    {
      const std::lock_guard lock(mutex_);
      if (paused_) {
        then_ = std::move(then);
        return;
      }
    }
    then();
  }
  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }

 private:
  mutable std::mutex mutex_;
  bool paused_ = false;
  bool cancelled_ = false;
  bool ended_ = false;
  std::function<void()> then_;
};

}  // namespace

class MockTransport::State : public std::enable_shared_from_this<MockTransport::State> {
 public:
  std::shared_ptr<MockExchange> begin(HttpRequest request, std::shared_ptr<ResponseSink> sink) {
    auto exchange = std::make_shared<MockExchange>();
    MockAnswer answer = MockAnswer::fail(ErrorKind::connection, "the mock's script has ended");
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back({std::move(request), elapsed()});
      exchanges_.push_back(exchange);
      if (!script_.empty()) {
        answer = std::move(script_.front());
        script_.pop_front();
      }
    }
    auto shared = std::make_shared<MockAnswer>(std::move(answer));
    after(shared->head_delay,
          [this, exchange, sink, shared] { send_head(exchange, sink, shared); });
    return exchange;
  }

  std::uint64_t call_at(TimePoint when, std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t id = ++last_id_;
    events_.emplace(std::pair(std::max(when, now_), id), std::move(task));
    return id;
  }
  void cancel_timer(std::uint64_t id) {
    std::function<void()> dropped;  // destroyed without the lock
    const std::lock_guard lock(mutex_);
    const auto event = std::find_if(events_.begin(), events_.end(),
                                    [id](const auto& each) { return each.first.second == id; });
    if (event == events_.end()) return;
    dropped = std::move(event->second);
    events_.erase(event);
  }

  bool run_one() {
    const std::shared_ptr<State> self = shared_from_this();  // the task may drop the last client
    std::function<void()> task;
    {
      const std::lock_guard lock(mutex_);
      if (events_.empty()) return false;
      now_ = events_.begin()->first.first;
      task = std::move(events_.begin()->second);
      events_.erase(events_.begin());
    }
    task();
    return true;
  }

  void add(MockAnswer answer) {
    const std::lock_guard lock(mutex_);
    script_.push_back(std::move(answer));
  }
  TimePoint now() const {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  std::vector<Recorded> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::size_t cancelled() const {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const auto& exchange : exchanges_) count += exchange->is_cancelled() ? 1 : 0;
    return count;
  }

 private:
  using Answer = std::shared_ptr<MockAnswer>;
  using Sink = std::shared_ptr<ResponseSink>;
  using Under = std::shared_ptr<MockExchange>;

  milliseconds elapsed() const { return std::chrono::duration_cast<milliseconds>(now_ - begin_); }
  void after(milliseconds delay, std::function<void()> task) {
    call_at(now() + delay, std::move(task));
  }

  void send_head(const Under& exchange, const Sink& sink, const Answer& answer) {
    if (exchange->is_cancelled()) return;
    if (answer->status == 0) return finish(exchange, sink, answer);
    sink->on_head({answer->status, answer->headers});
    send_piece(exchange, sink, answer, 0);
  }

  // An event runs while the state is there; what waits for a resume() may outlive it.
  void send_piece(const Under& exchange, const Sink& sink, const Answer& answer, std::size_t next) {
    if (next == answer->body.size()) return finish(exchange, sink, answer);
    after(answer->piece_delay, [this, exchange, sink, answer, next] {
      if (exchange->is_cancelled()) return;
      if (!sink->on_body(answer->body[next])) exchange->pause();
      exchange->when_running([weak = weak_from_this(), exchange, sink, answer, next] {
        const std::shared_ptr<State> state = weak.lock();
        if (state) state->send_piece(exchange, sink, answer, next + 1);
      });
    });
  }

  static void finish(const Under& exchange, const Sink& sink, const Answer& answer) {
    if (exchange->is_cancelled()) return;
    exchange->end();
    sink->on_end(answer->failure ? Result<void>(*answer->failure) : Result<void>());
  }

  mutable std::mutex mutex_;
  const TimePoint begin_ = TimePoint(std::chrono::hours(1));
  TimePoint now_ = begin_;
  std::uint64_t last_id_ = 0;
  std::map<std::pair<TimePoint, std::uint64_t>, std::function<void()>> events_;
  std::deque<MockAnswer> script_;
  std::vector<Recorded> requests_;
  std::vector<std::shared_ptr<MockExchange>> exchanges_;
};

MockAnswer MockAnswer::json(std::string body, int status) {
  return {.status = status,
          .headers = {{"content-type", "application/json"}},
          .body = {std::move(body)}};
}

MockAnswer MockAnswer::events(const std::vector<std::string>& data) {
  MockAnswer answer{.headers = {{"content-type", "text/event-stream"}}};
  for (const std::string& each : data) answer.body.push_back("data: " + each + "\n\n");
  answer.body.emplace_back("data: [DONE]\n\n");
  return answer;
}

MockAnswer MockAnswer::fail(ErrorKind kind, std::string message) {
  return {.status = 0, .failure = Error(kind, std::move(message))};
}

MockAnswer MockAnswer::split_every(std::size_t bytes) && {
  std::string whole;
  for (const std::string& piece : body) whole += piece;
  body.clear();
  for (std::size_t at = 0; at < whole.size(); at += std::max<std::size_t>(bytes, 1)) {
    body.push_back(whole.substr(at, std::max<std::size_t>(bytes, 1)));
  }
  return std::move(*this);
}

MockTransport::MockTransport() : state_(std::make_shared<State>()) {}
MockTransport::~MockTransport() = default;

void MockTransport::add(MockAnswer answer) {
  state_->add(std::move(answer));
}
std::vector<MockTransport::Recorded> MockTransport::requests() const {
  return state_->requests();
}
std::size_t MockTransport::cancelled() const {
  return state_->cancelled();
}

Result<std::shared_ptr<MockTransport>> MockTransport::from_recording(std::string_view lines) {
  Result<std::vector<MockAnswer>> answers = transport::read_recording(lines);
  if (!answers) return std::move(answers).error();
  auto mock = std::make_shared<MockTransport>();
  for (MockAnswer& answer : *answers) mock->add(std::move(answer));
  return mock;
}

std::shared_ptr<Exchange> MockTransport::start(HttpRequest request,
                                               std::shared_ptr<ResponseSink> sink) {
  return state_->begin(std::move(request), std::move(sink));
}
Transport::Clock::time_point MockTransport::now() const {
  return state_->now();
}
Transport::TimerId MockTransport::call_at(Clock::time_point when, std::function<void()> task) {
  return state_->call_at(when, std::move(task));
}
void MockTransport::cancel_timer(TimerId id) {
  state_->cancel_timer(id);
}
bool MockTransport::run_one() {
  return state_->run_one();
}

}  // namespace retort
