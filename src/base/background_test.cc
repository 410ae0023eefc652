#include "base/background.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <future>
#include <memory>
#include <thread>

namespace retort::base {
namespace {

TEST(Background, WorksElsewhereAndComesBackToTheExecutor) {
  Background background;
  boost::asio::io_context context(1);
  const std::thread::id here = std::this_thread::get_id();
  int got = 0;
  const auto body = [&]() -> Awaitable<> {
    auto owned = std::make_unique<int>(42);
    const Result<int> result = co_await background.run(
        context.get_executor(), [owned = std::move(owned), here]() -> Result<int> {
          EXPECT_NE(std::this_thread::get_id(), here);
          return *owned;
        });
    EXPECT_EQ(std::this_thread::get_id(), here);
    got = result.value();
  };
  spawn(context.get_executor(), body());
  context.run();
  EXPECT_EQ(got, 42);
}

TEST(Background, RefusesMoreThanMayWait) {
  Background background({.threads = 1, .waiting_max = 1});
  boost::asio::io_context context(1);
  std::promise<void> begun, go;
  int done = 0, refused = 0;
  const auto submit = [&](bool first) -> Awaitable<> {
    const Result<int> result =
        co_await background.run(context.get_executor(), [&, first]() -> Result<int> {
          if (first) {
            begun.set_value();
            go.get_future().wait();
          }
          return 1;
        });
    if (result) ++done;
    if (!result && result.error().kind() == ErrorKind::rate_limit) ++refused;
    if (refused == 1 && done == 0 && !first) go.set_value();
  };
  spawn(context.get_executor(), submit(true));
  context.poll();
  begun.get_future().wait();
  spawn(context.get_executor(), submit(false));
  spawn(context.get_executor(), submit(false));
  context.run();
  EXPECT_EQ(done, 2);
  EXPECT_EQ(refused, 1);
}

TEST(Background, TheEndDropsWhatWaitsAndAwaitsWhatRuns) {
  boost::asio::io_context context(1);
  std::promise<void> begun, go;
  int cancelled = 0, done = 0;
  std::optional<Background> background(std::in_place);
  const auto submit = [&](bool first) -> Awaitable<> {
    const Result<int> result =
        co_await background->run(context.get_executor(), [&, first]() -> Result<int> {
          if (first) {
            begun.set_value();
            go.get_future().wait();
          }
          return 1;
        });
    if (result) ++done;
    if (result || result.error().kind() != ErrorKind::cancelled) co_return;
    ++cancelled;
    go.set_value();  // only now may the first piece end
  };
  spawn(context.get_executor(), submit(true));
  spawn(context.get_executor(), submit(false));
  context.poll();
  begun.get_future().wait();
  std::thread end([&background] { background.reset(); });
  context.run();
  end.join();
  EXPECT_EQ(cancelled, 1);
  EXPECT_EQ(done, 1);
}

}  // namespace
}  // namespace retort::base
