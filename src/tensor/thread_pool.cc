// See thread_pool.h.
//
// A region is handed over by one counter, region_: the caller writes the task and then raises the
// counter (release), workers see it (acquire). pending_ brings them back the same way. Both sides
// spin for some tens of microseconds before they let the kernel put them to sleep.
#include "tensor/thread_pool.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace retort::tensor {
namespace {

// About 50 microseconds of pauses: longer than the serial gap between two regions of a step,
// shorter than anybody notices.
constexpr int kSpins = 2'000;

void pause() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

// Waits until `value` differs from `old`, and returns it.
std::uint32_t wait_change(const std::atomic<std::uint32_t>& value, std::uint32_t old) noexcept {
  for (int i = 0; i < kSpins; ++i) {
    const std::uint32_t now = value.load(std::memory_order_acquire);
    if (now != old) return now;
    pause();
  }
  while (true) {
    const std::uint32_t now = value.load(std::memory_order_acquire);
    if (now != old) return now;
    value.wait(old, std::memory_order_acquire);
  }
}

}  // namespace

Share static_share(std::size_t count, std::size_t grain, int worker, int workers) noexcept {
  const std::size_t units = (count + grain - 1) / grain;
  const auto w = static_cast<std::size_t>(worker);
  const auto n = static_cast<std::size_t>(workers);
  const std::size_t each = units / n;
  const std::size_t more = units % n;  // the first `more` workers take one unit more
  const std::size_t begin = w * each + std::min(w, more);
  const std::size_t end = begin + each + (w < more ? 1 : 0);
  return {std::min(begin * grain, count), std::min(end * grain, count)};
}

ThreadPool::ThreadPool(int threads) : threads_(std::clamp(threads, 1, kThreadsMax)) {
  workers_.reserve(static_cast<std::size_t>(threads_ - 1));
  for (int worker = 1; worker < threads_; ++worker) {
    workers_.emplace_back([this, worker]() noexcept { work(worker); });
  }
}

ThreadPool::~ThreadPool() {
  const std::lock_guard lock(step_mutex_);
  stop_ = true;
  region_.fetch_add(1, std::memory_order_release);
  region_.notify_all();
  workers_.clear();  // joins
}

void ThreadPool::run(TaskFunction function, const void* task) {
  const int others = threads_ - 1;
  if (others > 0) {
    function_ = function;
    task_ = task;
    pending_.store(static_cast<std::uint32_t>(others), std::memory_order_relaxed);
    region_.fetch_add(1, std::memory_order_release);
    region_.notify_all();  // no system call while nobody sleeps
  }
  function(task, 0, threads_);
  std::uint32_t left = others > 0 ? pending_.load(std::memory_order_acquire) : 0;
  while (left != 0) left = wait_change(pending_, left);
}

void ThreadPool::work(int worker) noexcept {
  std::uint32_t seen = 0;
  while (true) {
    seen = wait_change(region_, seen);
    if (stop_) return;
    function_(task_, worker, threads_);
    if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) pending_.notify_one();
  }
}

}  // namespace retort::tensor
