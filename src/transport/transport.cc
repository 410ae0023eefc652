// What every transport has: the steady clock, and timers on a thread begun when first needed.
#include <mutex>

#include <retort/transport.h>

#include "transport/io_loop.h"

namespace retort {

class Transport::Timers {
 public:
  transport::IoLoop& loop() {
    const std::lock_guard lock(mutex_);
    if (!loop_) loop_ = std::make_unique<transport::IoLoop>(transport::condition_waiter());
    return *loop_;
  }

 private:
  std::mutex mutex_;
  std::unique_ptr<transport::IoLoop> loop_;
};

Transport::Transport() : timers_(std::make_unique<Timers>()) {}
Transport::~Transport() = default;

Transport::Clock::time_point Transport::now() const {
  return Clock::now();
}

Transport::TimerId Transport::call_at(Clock::time_point when, std::function<void()> task) {
  return timers_->loop().call_at(when, std::move(task));
}

void Transport::cancel_timer(TimerId id) {
  timers_->loop().cancel_timer(id);
}

}  // namespace retort
