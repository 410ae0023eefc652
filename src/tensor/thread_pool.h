// ThreadPool: a fixed set of compute threads, lent to one model's step at a time.
//
// A forward pass is a few hundred short parallel regions with serial gaps of microseconds. Between
// regions the workers spin briefly, so that the next region starts at once; when none comes they
// sleep. How work is split never changes a result: every output element is computed whole by one
// thread, in an order of its own (docs/numerics.md).
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

// Worker `worker`'s share of `count` items in units of `grain`: contiguous, as even as whole units
// allow, the same for the same arguments every time. worker < workers, grain >= 1.
Share static_share(std::size_t count, std::size_t grain, int worker, int workers) noexcept;

class ThreadPool {
 public:
  static constexpr int kThreadsMax = 256;

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

    // Calls task(worker, workers) once on every thread of the pool, worker 0 being the caller, and
    // returns when all have returned. The task must not throw and must not start another region.
    template <typename Task>
    void run(const Task& task) {
      pool_->run([](const void* t, int worker,
                    int workers) noexcept { (*static_cast<const Task*>(t))(worker, workers); },
                 &task);
    }

    // Calls task(begin, end) with each worker's static_share of `count` items; not at all where the
    // share is empty. One unit of work or less runs on the caller alone.
    template <typename Task>
    void split(std::size_t count, std::size_t grain, const Task& task) {
      if (count <= grain || threads() == 1) {
        if (count > 0) task(std::size_t{0}, count);
        return;
      }
      run([&](int worker, int workers) {
        const Share share = static_share(count, grain, worker, workers);
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
  using TaskFunction = void (*)(const void* task, int worker, int workers) noexcept;

  void run(TaskFunction function, const void* task);
  void work(int worker) noexcept;

  const int threads_;
  std::mutex step_mutex_;
  // Written by the running step before it raises region_, read by workers after they see it.
  TaskFunction function_ = nullptr;
  const void* task_ = nullptr;
  bool stop_ = false;
  alignas(64) std::atomic<std::uint32_t> region_{0};   // number of the latest region
  alignas(64) std::atomic<std::uint32_t> pending_{0};  // workers that have not finished it
  std::vector<std::jthread> workers_;
};

}  // namespace retort::tensor
