#include "base/background.h"

namespace retort::base {

Background::Background(const BackgroundOptions& options) : waiting_max_(options.waiting_max) {
  for (int i = 0; i < options.threads; ++i) threads_.emplace_back([this] { loop(); });
}

Background::~Background() {
  std::deque<Piece> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(waiting_);
  }
  changed_.notify_all();
  for (const Piece& piece : dropped) piece.drop();
  for (std::thread& thread : threads_) thread.join();
}

bool Background::submit(std::function<void()> work, std::function<void()> drop) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_.size() >= waiting_max_) return false;
    waiting_.push_back({std::move(work), std::move(drop)});
  }
  changed_.notify_one();
  return true;
}

void Background::loop() noexcept {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    Piece piece = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    piece.work();
    piece = {};
    lock.lock();
  }
}

}  // namespace retort::base
