// Two models in one process, both the bundled one: what is unloaded, loaded again and computed
// beside another changes no byte of an answer.
#include "provider/local_provider.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <thread>

#include "protocol/chat_request.h"
#include "tensor/kernels.h"
#include "tensor/thread_pool.h"

namespace retort::provider {
namespace {

using namespace std::chrono_literals;

constexpr int kModels = 2;

LocalModelOptions options_of(int model) {
  return {.path = {},
          .id = std::string(1, static_cast<char>('a' + model)),
          .context = 256,
          .kv_bytes = std::nullopt,
          .batch_sequences_max = 4};
}

ChatRequest request_of(int number, int tokens) {
  const auto parsed = protocol::parse_chat_request(
      R"({"model":"m","messages":[{"role":"user","content":"Tell me about )" +
      std::to_string(number) + R"( things."}],"temperature":1,"seed":)" + std::to_string(number) +
      R"(,"max_tokens":)" + std::to_string(tokens) + "}");
  EXPECT_TRUE(parsed);
  return parsed->request;
}

// What a stream says until it is over; an error as its message.
base::Awaitable<> read(ChatStream& stream, std::string& text) {
  for (;;) {
    Result<ChatStream::Next> next = co_await stream.next(base::SteadyClock::time_point::max());
    if (!next) text += "[" + next.error().message() + "]";
    if (!next || next->over) co_return;
    for (const ChunkChoice& choice : next->chunk->choices) {
      text += choice.delta.content.value_or("");
    }
  }
}

class LocalProviderTest : public testing::Test {
 protected:
  void make(const ShelfOptions& options) {
    std::vector<ShelfModel> models;
    for (int i = 0; i < kModels; ++i) {
      const Result<LocalModelOutline> outline = LocalModel::outline(options_of(i));
      ASSERT_TRUE(outline) << outline.error().message();
      bytes_ = outline->memory_bytes;
      models.push_back({.id = outline->id,
                        .bytes = outline->memory_bytes,
                        .load = [this, i](const std::stop_token& stop) {
                          return LocalModel::load(options_of(i), machine_, stop);
                        }});
    }
    providers_.clear();
    auto shelf = ModelShelf::make(std::move(models), options, log_, metrics_);
    ASSERT_TRUE(shelf) << shelf.error().message();
    shelf_ = std::move(*shelf);
    for (std::size_t i = 0; i < kModels; ++i) {
      providers_.push_back(std::make_unique<LocalProvider>(*shelf_, i, ModelInfo()));
    }
  }

  base::Awaitable<> answer(int model, int number, base::Executor executor, std::string& text) {
    const ChatRequest request = request_of(number, 8 + number);
    Result<std::unique_ptr<Prepared>> prepared =
        co_await providers_[static_cast<std::size_t>(model)]->prepare(
            request, {.request_id = "r", .model_name = "m", .executor = executor});
    if (!prepared) {
      text = "[" + prepared.error().message() + "]";
      co_return;
    }
    Result<std::unique_ptr<ChatStream>> stream = (*prepared)->start();
    if (stream) co_await read(**stream, text);
  }

  // Requests begin, begin + step, ... below `count`, one after another, model by turns.
  base::Awaitable<> answer_some(int begin, int step, base::Executor executor,
                                std::vector<std::string>& texts) {
    for (int i = begin; i < static_cast<int>(texts.size()); i += step) {
      co_await answer(i % kModels, i, executor, texts[static_cast<std::size_t>(i)]);
    }
  }

  double unloads(const char* model) {
    return metrics_.counter("retort_model_unloads_total", "", {{"model", model}}).value();
  }

  const base::Log log_ = base::Log::silent();
  base::Metrics metrics_;
  tensor::ThreadPool pool_{2};
  base::TurnLock turns_;
  const Machine machine_{**tensor::choose_kernels(""), pool_, turns_, log_};
  std::int64_t bytes_ = 0;
  std::unique_ptr<ModelShelf> shelf_;
  std::vector<std::unique_ptr<LocalProvider>> providers_;
};

TEST_F(LocalProviderTest, ModelsThatTakeTurnsInMemoryAnswerAsAlone) {
  constexpr std::size_t kRequests = 12;
  std::vector<std::string> alone(kRequests);
  make({});
  {
    boost::asio::io_context context(1);
    base::spawn(context.get_executor(), answer_some(0, 1, context.get_executor(), alone));
    context.run();
  }
  for (const std::string& text : alone) EXPECT_FALSE(text.empty());

  make({.memory_bytes = bytes_ + bytes_ / 2, .idle_max = 1ms});
  std::vector<std::string> together(kRequests);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 2; ++thread) {
    threads.emplace_back([this, thread, &together] {
      boost::asio::io_context context(1);
      const auto executor = context.get_executor();
      base::spawn(executor, answer_some(thread, 4, executor, together));
      base::spawn(executor, answer_some(thread + 2, 4, executor, together));
      context.run();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(together, alone);
  EXPECT_GT(unloads("a") + unloads("b"), 1);
}

TEST_F(LocalProviderTest, BothModelsRunSideBySideOnOnePool) {
  constexpr std::size_t kRequests = 8;
  std::vector<std::string> alone(kRequests), together(kRequests);
  make({});
  boost::asio::io_context context(1);
  const auto executor = context.get_executor();
  base::spawn(executor, answer_some(0, 1, executor, alone));
  context.run();
  context.restart();
  for (int i = 0; i < 4; ++i) base::spawn(executor, answer_some(i, 4, executor, together));
  context.run();
  EXPECT_EQ(together, alone);
}

TEST_F(LocalProviderTest, AStreamKeepsItsModelHoweverLongItTakes) {
  make({.idle_max = 1ms});
  boost::asio::io_context context(1);
  const auto body = [&]() -> base::Awaitable<> {
    const ChatRequest request = request_of(1, 40);
    Result<std::unique_ptr<Prepared>> prepared = co_await providers_[0]->prepare(
        request, {.request_id = "r", .model_name = "m", .executor = context.get_executor()});
    EXPECT_TRUE(prepared);
    Result<std::unique_ptr<ChatStream>> stream = (*prepared)->start();
    EXPECT_TRUE(stream);
    prepared->reset();
    EXPECT_TRUE(co_await (*stream)->next(base::SteadyClock::time_point::max()));
    co_await base::sleep_for(30ms);  // many times what makes a model idle
    EXPECT_EQ(shelf_->loaded(), 1u);
    std::string text;
    co_await read(**stream, text);
    EXPECT_FALSE(text.empty());
  };
  base::spawn(context.get_executor(), body());
  context.run();
  const auto limit = std::chrono::steady_clock::now() + 20s;
  while (shelf_->loaded() > 0 && std::chrono::steady_clock::now() < limit) {
    std::this_thread::yield();
  }
  EXPECT_EQ(shelf_->loaded(), 0u);
}

}  // namespace
}  // namespace retort::provider
