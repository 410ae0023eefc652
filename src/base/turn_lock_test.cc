#include "base/turn_lock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <thread>

namespace retort::base {
namespace {

// Whoever comes while others wait is behind them, also the one that has just let go.
TEST(TurnLock, GoesToWhoeverHasWaitedTheLongest) {
  constexpr std::size_t kWaiting = 3;
  TurnLock lock;
  std::string order;  // under lock
  std::array<std::thread, kWaiting> threads;
  lock.lock();
  for (std::size_t i = 0; i < kWaiting; ++i) {
    threads[i] = std::thread([&lock, &order, i] {
      const std::lock_guard turn(lock);
      order += static_cast<char>('a' + i);
    });
    while (lock.waiting() < i + 1) std::this_thread::yield();
  }
  lock.unlock();
  lock.lock();
  order += 'z';
  lock.unlock();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(order, "abcz");
}

TEST(TurnLock, OneAtATimeIsInside) {
  TurnLock lock;
  int inside = 0;
  int most = 0;
  std::array<std::thread, 4> threads;
  for (std::thread& thread : threads) {
    thread = std::thread([&] {
      for (int i = 0; i < 500; ++i) {
        const std::lock_guard turn(lock);
        most = std::max(most, ++inside);
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
}

}  // namespace
}  // namespace retort::base
