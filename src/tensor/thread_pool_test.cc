// Tests of the thread pool: every part once, shares that cover, steps that exclude each other.
#include "tensor/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

namespace retort::tensor {
namespace {

TEST(ThreadPool, EveryPartOfEveryRegionRunsOnce) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    auto step = pool.begin_step();
    for (const int parts : {1, threads, ThreadPool::kPartsPerThread * threads}) {
      std::vector<std::uint64_t> runs(static_cast<std::size_t>(parts));
      for (int region = 0; region < 500; ++region) {
        step.run(parts, [&](int part, int count) {
          ASSERT_EQ(count, parts);
          ++runs[static_cast<std::size_t>(part)];  // a race here is the sanitizer's to find
        });
      }
      for (const std::uint64_t count : runs) EXPECT_EQ(count, 500U);
    }
  }
}

TEST(ThreadPool, SharesCoverEverythingOnceInWholeUnits) {
  for (const std::size_t count : {0, 1, 15, 16, 17, 100, 1'000}) {
    for (const std::size_t grain : {1, 4, 16}) {
      for (const int workers : {1, 2, 3, 7}) {
        std::size_t next = 0;
        for (int worker = 0; worker < workers; ++worker) {
          const Share share = static_share(count, grain, worker, workers);
          EXPECT_EQ(share.begin, next);
          EXPECT_LE(share.begin, share.end);
          EXPECT_TRUE(share.end % grain == 0 || share.end == count);
          next = share.end;
        }
        EXPECT_EQ(next, count);
      }
    }
  }
}

TEST(ThreadPool, SplitVisitsEachItemOnce) {
  ThreadPool pool(3);
  auto step = pool.begin_step();
  for (const std::size_t count : {0, 1, 2, 5, 64, 999}) {
    std::vector<int> visits(count);
    step.split(count, 4, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) ++visits[i];
    });
    EXPECT_EQ(visits, std::vector<int>(count, 1));
  }
}

TEST(ThreadPool, StepsOfSeveralModelsExcludeEachOther) {
  ThreadPool pool(2);
  std::atomic<int> inside{0};
  std::uint64_t total = 0;  // guarded by the step
  std::vector<std::jthread> models;
  for (int model = 0; model < 3; ++model) {
    models.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        auto step = pool.begin_step();
        EXPECT_EQ(inside.fetch_add(1), 0);
        std::atomic<std::uint64_t> sum{0};
        step.run(2, [&](int, int) { sum.fetch_add(1); });
        total += sum.load();
        inside.fetch_sub(1);
      }
    });
  }
  models.clear();
  auto step = pool.begin_step();
  EXPECT_EQ(total, 3U * 200 * 2);
}

TEST(ThreadPool, SleepingWorkersWakeUp) {
  ThreadPool pool(2);
  for (int i = 0; i < 3; ++i) {
    // Longer than the workers spin.
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
    auto step = pool.begin_step();
    std::atomic<int> inside{0};
    // Each part waits for the other, so the region ends only if two threads take part.
    step.run(2, [&](int, int) {
      inside.fetch_add(1);
      while (inside.load() < 2) std::this_thread::yield();
    });
    EXPECT_EQ(inside.load(), 2);
  }
}

}  // namespace
}  // namespace retort::tensor
