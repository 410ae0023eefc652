// Future<T>: the answer of a call that runs meanwhile.
//
// Ask for it in the way your program is made: wait (get, try_get), be called (on_ready), or
// co_await it in a coroutine of any type. A future may be dropped: that neither blocks nor cancels,
// a call is cancelled by its stop_token, or by the end of the last Client and stream that use the
// connection.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <retort/result.h>
#include <retort/transport.h>

#if defined(__cpp_impl_coroutine)
#include <coroutine>
#endif

#pragma GCC visibility push(default)

namespace retort {

// Where both ends of a future meet. Thread-safe.
template <typename T>
class FutureState {
 public:
  explicit FutureState(std::function<void(std::function<void()>)> executor)
      : executor_(std::move(executor)) {}

  void set(Result<T> result) {
    std::function<void()> then;
    {
      const std::lock_guard lock(mutex_);
      result_.emplace(std::move(result));
      then = std::exchange(then_, nullptr);
      arrived_.notify_all();
    }
    if (then) run(std::move(then));
  }

  bool ready() const {
    const std::lock_guard lock(mutex_);
    return result_.has_value();
  }

  // Calls `then` once the result is there: here and now where it is already.
  void on_set(std::function<void()> then) {
    {
      const std::lock_guard lock(mutex_);
      if (!result_) {
        then_ = std::move(then);
        return;
      }
    }
    run(std::move(then));
  }

  // False where `until`, by the transport's clock, comes first.
  bool wait(Transport& transport,
            std::optional<std::chrono::steady_clock::time_point> until = std::nullopt) {
    const auto is_over = [&] { return until && transport.now() >= *until; };
    while (!ready() && !is_over() && transport.run_one()) {
    }
    if (is_over()) return ready();
    std::unique_lock lock(mutex_);
    const auto has_come = [this] { return result_.has_value(); };
    if (until) return arrived_.wait_until(lock, *until, has_come);
    arrived_.wait(lock, has_come);
    return true;
  }

  Result<T> take() {
    const std::lock_guard lock(mutex_);
    return std::move(*result_);
  }

 private:
  void run(std::function<void()> then) {
    if (executor_) {
      executor_(std::move(then));
    } else {
      then();
    }
  }

  const std::function<void(std::function<void()>)> executor_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::optional<Result<T>> result_;
  std::function<void()> then_;
};

// Not thread-safe itself: one owner, who asks once. `transport` keeps alive what the call needs.
template <typename T>
class [[nodiscard]] Future {
 public:
  Future(std::shared_ptr<FutureState<T>> state, std::shared_ptr<Transport> transport)
      : state_(std::move(state)), transport_(std::move(transport)) {}

  bool ready() const { return state_->ready(); }
  void wait() const { state_->wait(*transport_); }
  // Whether the result came in time. Asking does not cancel.
  bool wait_for(std::chrono::milliseconds limit) const {
    constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365 * 10);
    return state_->wait(*transport_, transport_->now() + std::min(limit, kLongest));
  }

  // Waits; once. Not on the thread that on_ready() calls on: what is waited for comes from there.
  Result<T> try_get() {
    wait();
    return state_->take();
  }
  // The same, but throws the error.
  T get() {
    Result<T> result = try_get();
    if (!result) throw_error(std::move(result).error());
    return std::move(*result);
  }

  // Calls `then` with the Result<T> on ClientOptions::executor, or where that is empty on the
  // thread that got the answer, or that asked it to stop: `then` must neither wait there nor throw.
  // Instead of get(), once.
  template <typename Then>
  void on_ready(Then then) {
    state_->on_set([state = state_, then = std::move(then)]() mutable { then(state->take()); });
  }

#if defined(__cpp_impl_coroutine)
  class Awaiter {
   public:
    explicit Awaiter(std::shared_ptr<FutureState<T>> state) : state_(std::move(state)) {}
    bool await_ready() const { return state_->ready(); }
    void await_suspend(std::coroutine_handle<> waiting) {
      // Resumed at once where the result came meanwhile: nothing of *this may be touched after.
      const std::shared_ptr<FutureState<T>> state = state_;
      state->on_set([waiting] { waiting.resume(); });
    }

   protected:
    std::shared_ptr<FutureState<T>> state_;
  };
  class ThrowingAwaiter : public Awaiter {
   public:
    using Awaiter::Awaiter;
    T await_resume() {
      Result<T> result = this->state_->take();
      if (!result) throw_error(std::move(result).error());
      return std::move(*result);
    }
  };
  class ResultAwaiter : public Awaiter {
   public:
    using Awaiter::Awaiter;
    Result<T> await_resume() { return this->state_->take(); }
  };

  // `T value = co_await future`, which throws, or `Result<T> result = co_await future.try_await()`.
  // The coroutine goes on where on_ready() would call.
  ThrowingAwaiter operator co_await() const { return ThrowingAwaiter(state_); }
  ResultAwaiter try_await() const { return ResultAwaiter(state_); }
#endif

 private:
  std::shared_ptr<FutureState<T>> state_;
  std::shared_ptr<Transport> transport_;
};

}  // namespace retort

#pragma GCC visibility pop
