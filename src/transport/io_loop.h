// IoLoop: the client's one thread. It runs what is posted to it and timers, and in between waits
// where its Waiter waits: on a condition variable, or in libcurl for the sockets.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

namespace retort::transport {

using Clock = std::chrono::steady_clock;

// Where the loop's thread spends its time. All but wake() is called on that thread.
class Waiter {
 public:
  virtual ~Waiter() = default;
  // Until `until`, an event of its own, or wake(); a wake() that came before counts.
  virtual void wait(std::optional<Clock::time_point> until) = 0;
  virtual void wake() = 0;
  // The loop has ended.
  virtual void stopped() {}
};

std::shared_ptr<Waiter> condition_waiter();

// Thread-safe. Tasks run on the loop's thread, timers at their time or later, without a lock held.
class IoLoop {
 public:
  explicit IoLoop(std::shared_ptr<Waiter> waiter);
  // Ends the thread after the tasks that were posted; timers that wait are dropped. Waits for the
  // thread, unless this is that thread: then it ends by itself.
  ~IoLoop();
  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;

  // What an exchange keeps to reach a loop that may be gone.
  class Handle;
  std::weak_ptr<Handle> handle() const { return handle_; }
  // False where the loop has ended.
  static bool post(const std::weak_ptr<Handle>& handle, std::function<void()> task);

  void post(std::function<void()> task);
  std::uint64_t call_at(Clock::time_point when, std::function<void()> task);
  void cancel_timer(std::uint64_t id);

 private:
  std::shared_ptr<Handle> handle_;
  std::thread thread_;
};

}  // namespace retort::transport
