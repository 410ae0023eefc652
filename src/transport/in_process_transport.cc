// The transport without a network: each request is a call of the program's own handler.
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <utility>

#include <retort/transport.h>

#include "transport/io_loop.h"

namespace retort {
namespace {

// Between the handler and the sink. The calls to the sink come one after another because the lock
// is held; a pause waits here, on the handler's thread.
class InProcessExchange final : public Exchange {
 public:
  InProcessExchange(HttpRequest sent, std::shared_ptr<ResponseSink> sink)
      : request(std::move(sent)), sink_(std::move(sink)) {}
  ~InProcessExchange() override = default;

  void resume() override {
    const std::lock_guard lock(state_mutex_);
    paused_ = false;
    changed_.notify_all();
  }
  void cancel() override {
    const std::lock_guard lock(state_mutex_);
    cancelled_ = true;
    changed_.notify_all();
  }

  bool head(HttpHead head) {
    const std::lock_guard lock(sink_mutex_);
    if (!goes_on()) return false;
    has_head_ = true;
    sink_->on_head(std::move(head));
    return goes_on();
  }
  bool body(std::string_view bytes) {
    const std::lock_guard lock(sink_mutex_);
    if (!goes_on() || !has_head_) return false;
    {
      // Set before, as the resume may come while the sink is still at it.
      const std::lock_guard state(state_mutex_);
      paused_ = true;
    }
    if (sink_->on_body(bytes)) resume();
    std::unique_lock state(state_mutex_);
    changed_.wait(state, [this] { return !paused_ || cancelled_; });
    return !cancelled_;
  }
  // Without an error: as it ought to be after a head.
  void finish(const std::optional<Error>& error) {
    const std::lock_guard lock(sink_mutex_);
    if (std::exchange(ended_, true) || !goes_on()) return;
    if (error) {
      sink_->on_end(*error);
    } else if (!has_head_) {
      sink_->on_end(Error(ErrorKind::malformed, "the handler ended without an answer"));
    } else {
      sink_->on_end({});
    }
  }

  const HttpRequest request;

 private:
  bool goes_on() {
    const std::lock_guard lock(state_mutex_);
    return !cancelled_;
  }

  const std::shared_ptr<ResponseSink> sink_;
  std::mutex sink_mutex_;  // held while the sink is called
  bool has_head_ = false;
  bool ended_ = false;
  std::mutex state_mutex_;
  std::condition_variable changed_;
  bool paused_ = false;
  bool cancelled_ = false;
};

// The handler's end: letting go of it without end() ends the exchange as broken.
class InProcessWriter final : public ResponseWriter {
 public:
  explicit InProcessWriter(std::shared_ptr<InProcessExchange> exchange)
      : exchange_(std::move(exchange)) {}
  ~InProcessWriter() override {
    exchange_->finish(Error(ErrorKind::connection, "the handler left before the answer's end"));
  }
  bool head(HttpHead head) override { return exchange_->head(std::move(head)); }
  bool body(std::string_view bytes) override { return exchange_->body(bytes); }
  void end() override { exchange_->finish(std::nullopt); }

 private:
  const std::shared_ptr<InProcessExchange> exchange_;
};

// What the transport shares with its threads: the handler, and the requests under way.
class Work {
 public:
  explicit Work(RequestHandler handler) : handler_(std::move(handler)) {}

  void push(std::shared_ptr<InProcessExchange> exchange) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(exchange));
  }

  void run_next() {
    std::shared_ptr<InProcessExchange> exchange;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) return;
      exchange = std::move(waiting_.front());
      waiting_.pop_front();
      running_.insert(exchange);
    }
    handle(exchange);
    const std::lock_guard lock(mutex_);
    running_.erase(exchange);
  }

  // The handler is the program's own code and may throw: then its server has broken down.
  void handle(const std::shared_ptr<InProcessExchange>& exchange) {
    const auto broken = [&](const std::string& why) {
      exchange->finish(Error(ErrorKind::connection, "the handler failed: " + why));
    };
    const auto writer = std::make_shared<InProcessWriter>(exchange);
    try {
      handler_(exchange->request, writer);
    } catch (const std::exception& error) {
      broken(error.what());
    } catch (...) {
      broken("it threw what is no std::exception");
    }
  }

  void close() {
    std::deque<std::shared_ptr<InProcessExchange>> waiting;
    std::set<std::shared_ptr<InProcessExchange>> running;
    {
      const std::lock_guard lock(mutex_);
      waiting.swap(waiting_);
      running = running_;
    }
    for (const auto& exchange : running) exchange->cancel();
    for (const auto& exchange : waiting) {
      exchange->finish(Error(ErrorKind::cancelled, "the client has gone"));
    }
  }

 private:
  const RequestHandler handler_;
  std::mutex mutex_;
  std::deque<std::shared_ptr<InProcessExchange>> waiting_;
  std::set<std::shared_ptr<InProcessExchange>> running_;
};

class InProcessTransport final : public Transport {
 public:
  InProcessTransport(RequestHandler handler, std::size_t threads)
      : work_(std::make_shared<Work>(std::move(handler))) {
    for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
      threads_.push_back(std::make_unique<transport::IoLoop>(transport::condition_waiter()));
    }
  }
  ~InProcessTransport() override { work_->close(); }

  std::shared_ptr<Exchange> start(HttpRequest request,
                                  std::shared_ptr<ResponseSink> sink) override {
    auto exchange = std::make_shared<InProcessExchange>(std::move(request), std::move(sink));
    work_->push(exchange);
    // Whichever is free first takes it.
    for (const auto& thread : threads_) thread->post([work = work_] { work->run_next(); });
    return exchange;
  }

 private:
  const std::shared_ptr<Work> work_;
  std::vector<std::unique_ptr<transport::IoLoop>> threads_;
};

}  // namespace

std::shared_ptr<Transport> in_process_transport(RequestHandler handler, std::size_t threads) {
  return std::make_shared<InProcessTransport>(std::move(handler), threads);
}

}  // namespace retort
