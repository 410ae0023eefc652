#include "base/async.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <thread>
#include <vector>

namespace retort::base {
namespace {

// Runs one coroutine to its end on an executor of its own.
void run(const std::function<Awaitable<>(Executor)>& body) {
  boost::asio::io_context context(1);
  spawn(context.get_executor(), body(context.get_executor()));
  context.run();
}

TEST(AsyncQueue, HandsOverEverythingInOrderFromAnotherThread) {
  constexpr int kItems = 20'000;
  std::vector<int> seen;
  run([&seen](Executor executor) -> Awaitable<> {
    auto queue = std::make_shared<AsyncQueue<int>>(executor, 16);
    std::jthread producer([queue] {
      for (int i = 0; i < kItems;) {
        if (queue->try_push(i)) {
          ++i;
        } else {
          std::this_thread::yield();
        }
      }
      queue->close();
    });
    while (std::optional<int> item = co_await queue->pop()) seen.push_back(*item);
  });
  ASSERT_EQ(seen.size(), static_cast<std::size_t>(kItems));
  for (int i = 0; i < kItems; ++i) ASSERT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST(AsyncQueue, TheItemThatFinishesItIsNeverLost) {
  constexpr int kRounds = 30'000;
  int seen = 0;
  run([&seen](Executor executor) -> Awaitable<> {
    std::vector<std::shared_ptr<AsyncQueue<int>>> queues;
    for (int i = 0; i < kRounds; ++i) {
      queues.push_back(std::make_shared<AsyncQueue<int>>(executor, 4));
    }
    std::atomic<int> at = -1;  // the round that the consumer is about to begin
    std::jthread producer([&queues, &at] {
      for (int round = 0; round < kRounds; ++round) {
        while (at < round) {
        }
        for (std::atomic<int> delay = round % 64; delay > 0; --delay) {
        }  // to meet at any point
        queues[static_cast<std::size_t>(round)]->finish(1);
      }
    });
    for (int round = 0; round < kRounds; ++round) {
      at = round;
      while (co_await queues[static_cast<std::size_t>(round)]->pop()) ++seen;
    }
  });
  EXPECT_EQ(seen, kRounds);
}

TEST(AsyncQueue, RefusesWhenFullAndTellsWhenHalfEmpty) {
  int told = 0;
  boost::asio::io_context context(1);
  AsyncQueue<int> queue(context.get_executor(), 4, [&told] { ++told; });
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(queue.try_push(i));
  EXPECT_FALSE(queue.try_push(4));
  EXPECT_TRUE(queue.full());
  EXPECT_EQ(queue.try_pop(), 0);
  EXPECT_EQ(told, 0);
  EXPECT_EQ(queue.try_pop(), 1);
  EXPECT_EQ(told, 1);
}

TEST(AsyncQueue, GivesNothingAtTheDeadlineAndIsStillOpen) {
  run([](Executor executor) -> Awaitable<> {
    AsyncQueue<int> queue(executor, 1);
    const std::optional<int> item =
        co_await queue.pop_until(SteadyClock::now() + std::chrono::milliseconds(1));
    EXPECT_FALSE(item.has_value());
    EXPECT_FALSE(queue.closed());
  });
}

TEST(Event, WakesAWaiterAndStaysSet) {
  run([](Executor executor) -> Awaitable<> {
    auto event = std::make_shared<Event>(executor);
    post(executor, [event] { event->set(); });
    co_await event->wait();
    EXPECT_TRUE(event->is_set());
    co_await event->wait();
  });
}

}  // namespace
}  // namespace retort::base
