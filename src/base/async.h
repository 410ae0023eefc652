// The words of asynchronous code: awaitable, executor, sleeping, a one-shot event and a bounded
// queue.
//
// The one file outside src/http that includes Asio. A request is one coroutine that lives on one
// executor (one I/O thread); other threads, such as an engine's, reach it only through post() and
// AsyncQueue.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace retort::base {

template <typename T = void>
using Awaitable = boost::asio::awaitable<T>;
using Executor = boost::asio::any_io_executor;
using SteadyClock = std::chrono::steady_clock;

// Runs `work` on `executor` later. From any thread; `work` must not throw.
void post(const Executor& executor, std::function<void()> work);

// Starts `coroutine` on `executor` and lets go of it. From any thread. An exception that leaves it
// is a mistake of ours and ends the process.
void spawn(const Executor& executor, Awaitable<> coroutine);

// Completes at `when`, or at once if the enclosing coroutine is cancelled.
Awaitable<> sleep_until(SteadyClock::time_point when);
Awaitable<> sleep_for(SteadyClock::duration time);

// Happens once; coroutines of its executor wait for it. set() from its own executor only.
class Event {
 public:
  explicit Event(const Executor& executor);

  void set();
  bool is_set() const noexcept { return set_; }

  // Returns when the event is set.
  Awaitable<> wait();

 private:
  boost::asio::steady_timer timer_;
  bool set_ = false;
};

// The wake-up half of AsyncQueue: one coroutine waits, any thread wakes it.
class Signal {
 public:
  explicit Signal(const Executor& executor);

  // Completes at the next wake() after the last wait, or at `deadline`. One waiter at a time, on
  // the signal's executor.
  Awaitable<> wait_until(SteadyClock::time_point deadline);

  // From any thread. Several wakes before the waiter runs are one.
  void wake();

  // Nobody will wait any more: lets go of the executor, which may end before this object does. By
  // the waiter, when it does not wait.
  void leave();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// A bounded queue from any thread to one coroutine: the hand-over of an engine's tokens to the
// connection that streams them.
template <typename T>
class AsyncQueue {
 public:
  // Holds at most `capacity` items; `on_space` is called, on the consumer's thread, when a full
  // queue has been emptied to half.
  AsyncQueue(const Executor& executor, std::size_t capacity, std::function<void()> on_space = {})
      : capacity_(capacity), on_space_(std::move(on_space)), signal_(executor) {}

  // False, and nothing is added, where the queue is full or closed. From any thread.
  bool try_push(T item) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || items_.size() >= capacity_) return false;
      items_.push_back(std::move(item));
      if (items_.size() >= capacity_) was_full_ = true;
    }
    signal_.wake();
    return true;
  }

  // Adds the last item, whatever the capacity, and closes. From any thread.
  void finish(T item) {
    {
      const std::lock_guard lock(mutex_);
      if (!closed_) items_.push_back(std::move(item));
      closed_ = true;
    }
    signal_.wake();
  }

  // No more items will come (producer), or will be taken (consumer). From any thread.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    signal_.wake();
  }

  // The consumer leaves: closes, and lets go of its executor. By the consumer, when it does not
  // wait.
  void leave() {
    close();
    signal_.leave();
  }

  bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

  // How many more items it takes now.
  std::size_t room() const {
    const std::lock_guard lock(mutex_);
    return items_.size() < capacity_ ? capacity_ - items_.size() : 0;
  }

  bool full() const { return room() == 0; }

  // The next item without waiting, if one is there. On the consumer's executor.
  std::optional<T> try_pop() {
    std::optional<T> item;
    bool space = false;
    {
      const std::lock_guard lock(mutex_);
      if (items_.empty()) return std::nullopt;
      item = std::move(items_.front());
      items_.pop_front();
      if (was_full_ && items_.size() * 2 <= capacity_) {
        was_full_ = false;
        space = true;
      }
    }
    if (space && on_space_) on_space_();
    return item;
  }

  // The next item; nothing when the queue is closed and empty, or `deadline` has passed (closed()
  // tells the two apart). One consumer, on the queue's executor.
  Awaitable<std::optional<T>> pop_until(SteadyClock::time_point deadline) {
    for (;;) {
      // Before the look at the items: the last one may come, and close the queue, behind it.
      const bool over = closed() || SteadyClock::now() >= deadline;
      if (std::optional<T> item = try_pop()) co_return item;
      if (over) co_return std::nullopt;
      co_await signal_.wait_until(deadline);
    }
  }

  Awaitable<std::optional<T>> pop() { return pop_until(SteadyClock::time_point::max()); }

 private:
  const std::size_t capacity_;
  const std::function<void()> on_space_;
  Signal signal_;
  mutable std::mutex mutex_;
  std::deque<T> items_;    // under mutex_
  bool closed_ = false;    // under mutex_
  bool was_full_ = false;  // under mutex_
};

}  // namespace retort::base
