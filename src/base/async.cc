// Asio's bodies are compiled here, once (BOOST_ASIO_SEPARATE_COMPILATION).
#include "base/async.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/impl/src.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <optional>

namespace retort::base {
namespace {

constexpr auto kNoThrow = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace

void post(const Executor& executor, std::function<void()> work) {
  boost::asio::post(executor, std::move(work));
}

void spawn(const Executor& executor, Awaitable<> coroutine) {
  boost::asio::co_spawn(executor, std::move(coroutine), [](const std::exception_ptr& error) {
    if (error) std::terminate();
  });
}

Awaitable<> sleep_until(SteadyClock::time_point when) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, when);
  co_await timer.async_wait(kNoThrow);
}

Awaitable<> sleep_for(SteadyClock::duration time) {
  return sleep_until(SteadyClock::now() + time);
}

Event::Event(const Executor& executor) : timer_(executor, SteadyClock::time_point::max()) {}

void Event::set() {
  set_ = true;
  timer_.cancel();
}

Awaitable<> Event::wait() {
  while (!set_) co_await timer_.async_wait(kNoThrow);
}

// Shared by the waiting coroutine and by wake-ups that are still on their way to its thread. The
// timer belongs to the waiter: it must be gone before its executor is, however long others hold the
// state.
struct Signal::State {
  explicit State(const Executor& executor) : timer(executor) {}

  std::mutex mutex;
  std::optional<boost::asio::steady_timer> timer;  // under mutex; empty once the waiter left
  bool awake = false;                              // under mutex: a wake came that no wait has seen
  bool waiting = false;                            // under mutex: a coroutine sleeps on the timer
};

Signal::Signal(const Executor& executor) : state_(std::make_shared<State>(executor)) {}

Awaitable<> Signal::wait_until(SteadyClock::time_point deadline) {
  const std::shared_ptr<State> state = state_;
  {
    const std::lock_guard lock(state->mutex);
    if (std::exchange(state->awake, false) || !state->timer) co_return;
    state->waiting = true;
    state->timer->expires_at(deadline);
  }
  // A wake between here and the wait is posted to this thread, and so comes after the wait began.
  co_await state->timer->async_wait(kNoThrow);
  const std::lock_guard lock(state->mutex);
  state->waiting = false;
  state->awake = false;
}

void Signal::wake() {
  const std::lock_guard lock(state_->mutex);
  if (std::exchange(state_->awake, true) || !state_->waiting || !state_->timer) return;
  boost::asio::post(state_->timer->get_executor(), [state = state_] {
    const std::lock_guard lock_again(state->mutex);
    if (state->timer) state->timer->cancel();
  });
}

void Signal::leave() {
  const std::lock_guard lock(state_->mutex);
  state_->timer.reset();
}

}  // namespace retort::base
