// ThreadPool: a fixed set of compute threads, lent to one model's step at a time.
//
// A forward pass is a few hundred short parallel regions with serial gaps of microseconds. Between
// regions the workers spin briefly, so that the next region starts at once; when none comes they
// sleep. A region is cut into fixed parts, and whoever is there first takes the next part: a worker
// that the system has not woken yet holds nobody up. Neither the cut nor who computes a part
// changes a result: every output element is computed whole, in an order of its own
// (docs/numerics.md).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace retort::tensor {

// A contiguous share of `count` items.
struct Share {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Part `part`'s share of `count` items in units of `grain`: contiguous, as even as whole units
// allow, the same for the same arguments every time. part < parts, grain >= 1.
Share static_share(std::size_t count, std::size_t grain, int part, int parts) noexcept;

class ThreadPool {
 public:
  static constexpr int kThreadsMax = 256;
  // Several parts a thread, so that a thread that the system holds up leaves work to the others.
  static constexpr int kPartsPerThread = 4;
  static constexpr int kPartsMax = kThreadsMax * kPartsPerThread;

  // A pool of `threads` (1 to kThreadsMax) counting the calling thread, so `threads - 1` are
  // started.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const noexcept { return threads_; }

  // The right to run parallel regions, held by one thread at a time until it is destroyed.
  class Step {
   public:
    int threads() const noexcept { return pool_->threads(); }

    // Calls task(part, parts) once for each part below `parts` (1 to kPartsMax), on the caller and
    // whichever workers are free, and returns when all have returned. Parts run side by side. The
    // task must not throw and must not start another region.
    template <typename Task>
    void run(int parts, const Task& task) {
      pool_->run([](const void* t, int part,
                    int count) noexcept { (*static_cast<const Task*>(t))(part, count); },
                 &task, parts);
    }

    // Calls task(begin, end) with the static_share of `count` items of each of kPartsPerThread
    // parts a thread; not at all where the share is empty. One unit of work or less runs on the
    // caller alone.
    template <typename Task>
    void split(std::size_t count, std::size_t grain, const Task& task) {
      if (count <= grain || threads() == 1) {
        if (count > 0) task(std::size_t{0}, count);
        return;
      }
      run(threads() * kPartsPerThread, [&](int part, int parts) {
        const Share share = static_share(count, grain, part, parts);
        if (share.begin < share.end) task(share.begin, share.end);
      });
    }

   private:
    friend class ThreadPool;
    explicit Step(ThreadPool& pool) : pool_(&pool), lock_(pool.step_mutex_) {}
    ThreadPool* pool_;
    std::unique_lock<std::mutex> lock_;
  };

  // Waits until no other step is running, then lends the pool. Thread-safe.
  Step begin_step() { return Step(*this); }

 private:
  using TaskFunction = void (*)(const void* task, int part, int parts) noexcept;

  void run(TaskFunction function, const void* task, int parts);
  void work() noexcept;
  void take_parts(std::uint32_t region) noexcept;

  const int threads_;
  std::mutex step_mutex_;
  // The region in progress, written before ticket_ shows it and not again until all its parts are
  // done; read by whoever holds one of its parts.
  TaskFunction function_ = nullptr;
  const void* task_ = nullptr;
  std::atomic<bool> stop_{false};
  alignas(64) std::atomic<std::uint32_t> region_{0};  // number of the latest region
  alignas(64) std::atomic<std::uint64_t> ticket_{
      0};  // region (32 bits), parts (16), next part (16)
  alignas(64) std::atomic<std::uint32_t> pending_{0};  // parts that are not done
  std::vector<std::jthread> workers_;
};

}  // namespace retort::tensor
