// The shelf with models that are names only: what is loaded, what waits, what is unloaded and when.
#include "provider/model_shelf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <optional>
#include <thread>

namespace retort::provider {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

class ModelShelfTest : public testing::Test {
 protected:
  // A shelf of models of 10 bytes each, named a, b, c ... While held_up_, a load does not end.
  void make(int count, const ShelfOptions& options, std::int64_t bytes_of_b = 10) {
    std::vector<ShelfModel> models;
    for (int i = 0; i < count; ++i) {
      const std::string id(1, static_cast<char>('a' + i));
      models.push_back(
          {.id = id,
           .bytes = id == "b" ? bytes_of_b : 10,
           .load = [this, id](const std::stop_token& stop) { return load(id, stop); }});
    }
    Result<std::unique_ptr<ModelShelf>> shelf =
        ModelShelf::make(std::move(models), options, log_, metrics_);
    ASSERT_TRUE(shelf) << shelf.error().message();
    shelf_ = std::move(*shelf);
  }

  Result<std::unique_ptr<LocalModel>> load(const std::string& id, const std::stop_token& stop) {
    ++begun_;
    while (held_up_) {
      if (stop.stop_requested()) return Error(ErrorKind::cancelled, "stopped");
      std::this_thread::yield();
    }
    if (broken_) return Error(ErrorKind::malformed, "broken.gguf: no model");
    loads_ += id;
    auto model = std::make_unique<LocalModel>();
    model->id = id;
    return model;
  }

  // Asks for a model; the answer comes while context_ runs.
  void ask(std::size_t model) {
    base::spawn(context_->get_executor(), ask_for(model, context_->get_executor()));
    context_->restart();
    context_->poll();
  }
  base::Awaitable<> ask_for(std::size_t model, base::Executor executor) {
    Result<ModelUse> use = co_await shelf_->use(model, std::move(executor));
    if (use) {
      held_.push_back(std::move(*use));
    } else {
      errors_.push_back(use.error());
    }
  }

  // Runs coroutines until there are so many answers, or for 20 seconds.
  bool await_answers(std::size_t count) {
    return await([&] { return held_.size() + errors_.size() >= count; });
  }
  template <typename Condition>
  bool await(const Condition& condition, std::chrono::milliseconds most = 20s) {
    const auto limit = std::chrono::steady_clock::now() + most;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      context_->restart();
      context_->run_one_for(1ms);
    }
    return true;
  }
  double counted(const char* name, const char* model) {
    return metrics_.counter(name, "", {{"model", model}}).value();
  }

  base::Log log_ = base::Log::silent();
  base::Metrics metrics_;
  std::atomic<bool> held_up_ = false;
  std::atomic<int> begun_ = 0;
  std::atomic<bool> broken_ = false;
  std::string loads_;  // by the shelf's thread, which an answer synchronizes with
  std::unique_ptr<ModelShelf> shelf_;
  std::vector<ModelUse> held_;  // these and the coroutines go before the shelf
  std::optional<boost::asio::io_context> context_{std::in_place, 1};
  std::vector<Error> errors_;
};

TEST_F(ModelShelfTest, TheFirstUseLoadsAndTheOthersWaitForIt) {
  held_up_ = true;
  make(2, {});
  EXPECT_EQ(shelf_->loaded(), 0u);
  for (int i = 0; i < 3; ++i) ask(0);
  EXPECT_TRUE(held_.empty());
  held_up_ = false;
  ASSERT_TRUE(await_answers(3));
  EXPECT_EQ(held_.size(), 3u);
  EXPECT_EQ(held_[0]->id, "a");
  EXPECT_EQ(loads_, "a");
  ask(0);  // loaded: no waiting
  EXPECT_EQ(held_.size(), 4u);
}

TEST_F(ModelShelfTest, BeyondItsQueueARequestIsToldToComeAgain) {
  held_up_ = true;
  make(1, {.waiting_max = 2});
  for (int i = 0; i < 3; ++i) ask(0);
  ASSERT_EQ(errors_.size(), 1u);
  EXPECT_EQ(errors_[0].status(), 503);
  EXPECT_EQ(errors_[0].code(), "model_loading");
  EXPECT_TRUE(errors_[0].retry_after());
  held_up_ = false;
  ASSERT_TRUE(await_answers(3));
  EXPECT_EQ(held_.size(), 2u);
}

TEST_F(ModelShelfTest, AWaitEndsInTimeAndTheLoadGoesOn) {
  held_up_ = true;
  make(1, {.wait_max = 500ms});
  ask(0);
  ASSERT_TRUE(await([this] { return begun_ == 1; }));
  ASSERT_TRUE(await_answers(1));
  ASSERT_EQ(errors_.size(), 1u);
  EXPECT_EQ(errors_[0].status(), 503);
  EXPECT_TRUE(errors_[0].retry_after());
  held_up_ = false;
  ASSERT_TRUE(await([this] { return shelf_->loaded() == 1; }));
  ask(0);
  EXPECT_EQ(held_.size(), 1u);
}

TEST_F(ModelShelfTest, TheOneUsedLongestAgoMakesRoom) {
  make(3, {.memory_bytes = 20});
  for (const std::size_t model : {0, 1, 0}) {
    ask(model);
    ASSERT_TRUE(await_answers(1));
    held_.clear();
  }
  ask(2);
  ASSERT_TRUE(await_answers(1));
  held_.clear();
  EXPECT_EQ(shelf_->loaded(), 2u);
  EXPECT_EQ(counted("retort_model_unloads_total", "b"), 1);
  ask(0);  // is still there
  EXPECT_EQ(held_.size(), 1u);
  held_.clear();
  EXPECT_EQ(loads_, "abc");
}

TEST_F(ModelShelfTest, AModelInUseStaysUntilItIsGivenBack) {
  make(2, {.memory_bytes = 10});
  ask(0);
  ASSERT_TRUE(await_answers(1));
  ModelUse stream = std::move(held_[0]);
  held_.clear();
  ask(1);
  EXPECT_FALSE(await([this] { return begun_ > 1; }, 50ms));
  EXPECT_EQ(stream->id, "a");
  ask(0);  // comes after b, which would wait for ever otherwise
  EXPECT_TRUE(held_.empty());
  stream.reset();
  ASSERT_TRUE(await_answers(1));
  EXPECT_EQ(held_[0]->id, "b");
  held_.clear();
  ASSERT_TRUE(await_answers(1));
  EXPECT_EQ(held_[0]->id, "a");
  EXPECT_EQ(loads_, "aba");
}

TEST_F(ModelShelfTest, WhoWaitsBehindAModelThatNobodyWantsAnyMoreIsServed) {
  make(3, {.memory_bytes = 20}, 20);
  ask(0);
  ASSERT_TRUE(await_answers(1));
  {
    boost::asio::io_context gone(1);
    base::spawn(gone.get_executor(), ask_for(1, gone.get_executor()));
    gone.poll();  // waits for a to leave
    ask(2);       // would fit, but comes behind b
    EXPECT_FALSE(await([this] { return begun_ > 1; }, 50ms));
  }
  ASSERT_TRUE(await_answers(2));
  EXPECT_EQ(loads_, "ac");
}

TEST_F(ModelShelfTest, AnIdleModelIsUnloadedAndOneInUseIsNot) {
  make(1, {.idle_max = 20ms});
  ask(0);
  ASSERT_TRUE(await_answers(1));
  EXPECT_FALSE(await([this] { return shelf_->loaded() == 0; }, 100ms));
  held_.clear();
  ASSERT_TRUE(await([this] { return shelf_->loaded() == 0; }));
  EXPECT_EQ(counted("retort_model_unloads_total", "a"), 1);
  ask(0);
  ASSERT_TRUE(await_answers(1));
}

TEST_F(ModelShelfTest, AFailedLoadIsToldToAllAndNotTriedAgainAtOnce) {
  broken_ = true;
  make(1, {.failure_pause = 1h});
  for (int i = 0; i < 2; ++i) ask(0);
  ASSERT_TRUE(await_answers(2));
  ask(0);
  ASSERT_EQ(errors_.size(), 3u);
  for (const Error& error : errors_) {
    EXPECT_EQ(error.status(), 503);
    EXPECT_EQ(error.code(), "model_not_loaded");
    EXPECT_THAT(error.message(), HasSubstr("'a' could not be loaded"));
    EXPECT_TRUE(error.retry_after());
  }
  EXPECT_EQ(begun_, 1);
  EXPECT_EQ(counted("retort_model_load_failures_total", "a"), 1);
}

TEST_F(ModelShelfTest, WhatDoesNotFitIsRefusedBeforeItIsLoaded) {
  const auto refused = ModelShelf::make({{.id = "a", .bytes = 30, .load = {}}},
                                        {.memory_bytes = 20}, log_, metrics_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().param(), "model_memory");
  EXPECT_THAT(refused.error().message(), HasSubstr("takes about 30 bytes"));
  make(3, {.memory_bytes = 20});
  const Result<void> all = shelf_->load_all();
  ASSERT_FALSE(all);
  EXPECT_THAT(all.error().message(), HasSubstr("about 30 bytes together"));
  make(2, {.memory_bytes = 20});
  EXPECT_TRUE(shelf_->load_all());
  EXPECT_EQ(shelf_->loaded(), 2u);
}

TEST_F(ModelShelfTest, TheEndDoesNotWaitForALoad) {
  held_up_ = true;
  make(1, {});
  ask(0);
  ASSERT_TRUE(await([this] { return begun_ == 1; }));
  context_.reset();  // and with it the waiting coroutine
  shelf_.reset();    // would hang
  EXPECT_EQ(loads_, "");
}

}  // namespace
}  // namespace retort::provider
