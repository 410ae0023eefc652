// See thread_pool.h.
//
// region_ wakes the workers; ticket_ hands out a region's parts. Whoever wants a part raises the
// ticket's lowest bits by compare-and-swap, which fails where the region has changed, so a late
// worker cannot take a part of a region that is over. Having taken one it may read the task: the
// region cannot end before that part is done. pending_ counts them back. Both sides spin for some
// tens of microseconds before they let the system put them to sleep.
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

Share static_share(std::size_t count, std::size_t grain, int part, int parts) noexcept {
  const std::size_t units = (count + grain - 1) / grain;
  const auto p = static_cast<std::size_t>(part);
  const auto n = static_cast<std::size_t>(parts);
  const std::size_t each = units / n;
  const std::size_t more = units % n;  // the first `more` parts take one unit more
  const std::size_t begin = p * each + std::min(p, more);
  const std::size_t end = begin + each + (p < more ? 1 : 0);
  return {std::min(begin * grain, count), std::min(end * grain, count)};
}

ThreadPool::ThreadPool(int threads) : threads_(std::clamp(threads, 1, kThreadsMax)) {
  workers_.reserve(static_cast<std::size_t>(threads_ - 1));
  for (int worker = 1; worker < threads_; ++worker) {
    workers_.emplace_back([this]() noexcept { work(); });
  }
}

ThreadPool::~ThreadPool() {
  const std::lock_guard lock(step_mutex_);
  stop_ = true;
  region_.fetch_add(1, std::memory_order_release);
  region_.notify_all();
  workers_.clear();  // joins
}

void ThreadPool::run(TaskFunction function, const void* task, int parts) {
  if (threads_ == 1) {
    for (int part = 0; part < parts; ++part) function(task, part, parts);
    return;
  }
  function_ = function;
  task_ = task;
  pending_.store(static_cast<std::uint32_t>(parts), std::memory_order_relaxed);
  const std::uint32_t region = region_.load(std::memory_order_relaxed) + 1;
  ticket_.store(std::uint64_t{region} << 32 | static_cast<std::uint64_t>(parts) << 16,
                std::memory_order_release);
  region_.store(region, std::memory_order_release);
  region_.notify_all();  // no system call while nobody sleeps
  take_parts(region);
  std::uint32_t left = pending_.load(std::memory_order_acquire);
  while (left != 0) left = wait_change(pending_, left);
}

void ThreadPool::take_parts(std::uint32_t region) noexcept {
  std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
  while (true) {
    const auto parts = static_cast<int>(ticket >> 16 & 0xFFFF);
    const auto part = static_cast<int>(ticket & 0xFFFF);
    if (ticket >> 32 != region || part >= parts) return;
    if (!ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel,
                                       std::memory_order_acquire)) {
      continue;
    }
    function_(task_, part, parts);
    if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) pending_.notify_one();
    ticket = ticket_.load(std::memory_order_acquire);
  }
}

void ThreadPool::work() noexcept {
  std::uint32_t seen = 0;
  while (true) {
    seen = wait_change(region_, seen);
    if (stop_) return;
    take_parts(seen);
  }
}

}  // namespace retort::tensor
