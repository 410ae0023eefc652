// TurnLock: a mutex that goes to whoever has waited for it the longest.
//
// A std::mutex goes to whoever comes first once it is free, which is nearly always the thread that
// has just let go of it: of two models that share the compute threads, one could make hundreds of
// steps while the other waits for its first.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace retort::base {

// For std::unique_lock and the like. Thread-safe.
class TurnLock {
 public:
  void lock() {
    std::unique_lock lock(mutex_);
    const std::uint64_t mine = next_++;
    changed_.wait(lock, [this, mine] { return turn_ == mine; });
  }
  void unlock() {
    {
      const std::lock_guard lock(mutex_);
      ++turn_;
    }
    changed_.notify_all();  // few ever wait: one a model
  }

  // How many wait. For tests.
  std::uint64_t waiting() const {
    const std::lock_guard lock(mutex_);
    return next_ > turn_ ? next_ - turn_ - 1 : 0;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t next_ = 0;  // under mutex_: the turn of whoever comes next
  std::uint64_t turn_ = 0;  // under mutex_: whose turn it is
};

}  // namespace retort::base
