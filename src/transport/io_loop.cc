// The loop: tasks, due timers, wait. What threads share is the Handle, which outlives the loop
// where somebody still holds it.
#include "transport/io_loop.h"

#include <pthread.h>
#include <signal.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace retort::transport {
namespace {

using Task = std::function<void()>;

class ConditionWaiter final : public Waiter {
 public:
  void wait(std::optional<Clock::time_point> until) override {
    std::unique_lock lock(mutex_);
    const auto is_awake = [this] { return std::exchange(awake_, false); };
    if (until) {
      woken_.wait_until(lock, *until, is_awake);
    } else {
      woken_.wait(lock, is_awake);
    }
  }
  void wake() override {
    const std::lock_guard lock(mutex_);
    awake_ = true;
    woken_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable woken_;
  bool awake_ = false;
};

// While it lives, the thread that made it, and the threads that it begins, take no signals: those
// are for the program's own threads, and a broken pipe on ours must not end it. What a thread's own
// mistake raises is left, so that the program's handler sees it.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) {
      sigdelset(&blocked, own);
    }
    pthread_sigmask(SIG_BLOCK, &blocked, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

std::shared_ptr<Waiter> condition_waiter() {
  return std::make_shared<ConditionWaiter>();
}

class IoLoop::Handle {
 public:
  explicit Handle(std::shared_ptr<Waiter> waiter) : waiter_(std::move(waiter)) {}

  bool post(Task task) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return false;
      tasks_.push_back(std::move(task));
      if (tasks_.size() > 1) return true;  // whoever posted the first has woken the thread
    }
    waiter_->wake();
    return true;
  }

  std::uint64_t call_at(Clock::time_point when, Task task) {
    std::uint64_t id = 0;
    bool is_first = false;
    {
      const std::lock_guard lock(mutex_);
      id = ++last_timer_;
      const auto at = timers_.emplace(std::pair(when, id), std::move(task)).first;
      times_.emplace(id, when);
      is_first = at == timers_.begin();
    }
    if (is_first) waiter_->wake();
    return id;
  }

  void cancel_timer(std::uint64_t id) {
    Task dropped;  // destroyed without the lock
    const std::lock_guard lock(mutex_);
    const auto time = times_.find(id);
    if (time == times_.end()) return;
    const auto timer = timers_.find(std::pair(time->second, id));
    dropped = std::move(timer->second);
    timers_.erase(timer);
    times_.erase(time);
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    waiter_->wake();
  }

  void run() {
    std::vector<Task> due;
    while (take_due(due)) {
      for (Task& task : due) {
        task();
        task = nullptr;
      }
      due.clear();
      if (const auto [idle, until] = next(); idle) waiter_->wait(until);
    }
    // What was posted may have to be told that it ends.
    for (const Task& task : take_tasks()) task();
    waiter_->stopped();
    drop_all();
  }

 private:
  // False once the loop is to end.
  bool take_due(std::vector<Task>& due) {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    due.swap(tasks_);
    const Clock::time_point now = Clock::now();
    while (!timers_.empty() && timers_.begin()->first.first <= now) {
      due.push_back(std::move(timers_.begin()->second));
      times_.erase(timers_.begin()->first.second);
      timers_.erase(timers_.begin());
    }
    return true;
  }

  std::vector<Task> take_tasks() {
    const std::lock_guard lock(mutex_);
    return std::exchange(tasks_, {});
  }

  std::pair<bool, std::optional<Clock::time_point>> next() {
    const std::lock_guard lock(mutex_);
    std::optional<Clock::time_point> until;
    if (!timers_.empty()) until = timers_.begin()->first.first;
    // With tasks at hand the waiter still sees to its sockets, but does not wait.
    if (!tasks_.empty()) until = Clock::time_point::min();
    return {!stopping_, until};
  }

  void drop_all() {
    std::vector<Task> tasks;
    std::map<std::pair<Clock::time_point, std::uint64_t>, Task> timers;
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
    timers.swap(timers_);
    times_.clear();
  }

  const std::shared_ptr<Waiter> waiter_;
  std::mutex mutex_;
  std::vector<Task> tasks_;
  std::map<std::pair<Clock::time_point, std::uint64_t>, Task> timers_;
  std::map<std::uint64_t, Clock::time_point> times_;
  std::uint64_t last_timer_ = 0;
  bool stopping_ = false;
};

IoLoop::IoLoop(std::shared_ptr<Waiter> waiter)
    : handle_(std::make_shared<Handle>(std::move(waiter))) {
  const SignalsBlocked blocked;  // the thread inherits it
  thread_ = std::thread([handle = handle_] { handle->run(); });
}

IoLoop::~IoLoop() {
  handle_->stop();
  // The last owner may be a callback on this very thread, which cannot wait for itself; what it
  // still uses, it holds.
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

bool IoLoop::post(const std::weak_ptr<Handle>& handle, std::function<void()> task) {
  const std::shared_ptr<Handle> held = handle.lock();
  return held != nullptr && held->post(std::move(task));
}

void IoLoop::post(std::function<void()> task) {
  handle_->post(std::move(task));
}

std::uint64_t IoLoop::call_at(Clock::time_point when, std::function<void()> task) {
  return handle_->call_at(when, std::move(task));
}

void IoLoop::cancel_timer(std::uint64_t id) {
  handle_->cancel_timer(id);
}

}  // namespace retort::transport
