#include "engine/mask_thread.h"

#include <utility>

namespace retort::engine {

MaskThread::~MaskThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void MaskThread::begin(std::vector<Sequence*> sequences) {
  if (sequences.empty()) return;
  if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
  {
    const std::lock_guard lock(mutex_);
    work_ = std::move(sequences);
  }
  changed_.notify_all();
}

void MaskThread::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return work_.empty(); });
}

void MaskThread::loop() noexcept {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !work_.empty(); });
    if (stopping_) return;
    const std::vector<Sequence*> work = work_;
    lock.unlock();
    for (Sequence* sequence : work) sequence->fill_masks();
    lock.lock();
    work_.clear();
    changed_.notify_all();
  }
}

}  // namespace retort::engine
