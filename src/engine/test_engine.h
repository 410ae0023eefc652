// An engine over a small random model, and readers that take its streams to their ends.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "tensor/kernels.h"

namespace retort::engine {

// One sequence's tokens, each with the bits of its log probability, as a line of text.
struct Answer {
  std::string line;
  std::string events;  // how many tokens each brought
  std::optional<EndReason> end;
};

class EngineTest : public testing::Test {
 protected:
  void start(EngineOptions options = {}, int threads = 1) {
    engine_.reset();
    pool_ = std::make_unique<tensor::ThreadPool>(threads);
    model_ = load("gqa");
    ASSERT_TRUE(model_);
    options.context = 256;
    if (options.kv_pages == 0) options.kv_pages = 64;
    Result<std::unique_ptr<Engine>> engine = Engine::start(*model_, *pool_, log_, options);
    ASSERT_TRUE(engine) << engine.error().message();
    engine_ = std::move(*engine);
  }

  static std::unique_ptr<model::Model> load(const std::string& name) {
    const Result<const tensor::Kernels*> kernels = tensor::choose_kernels("");
    if (!kernels) return nullptr;
    auto model = model::Model::load(RETORT_SOURCE_DIR "/tests/golden/logits/" + name, **kernels);
    EXPECT_TRUE(model) << model.error().message();
    return model ? std::move(*model) : nullptr;
  }

  SequenceRequest request(int number, std::int64_t max_tokens = 24) const {
    SequenceRequest request;
    const auto vocabulary = model_->config().vocab_size;
    for (int i = 0; i < 5 + 9 * number; ++i) {
      request.prompt.push_back(static_cast<TokenId>((i * 7 + number * 13 + 1) % vocabulary));
    }
    request.max_tokens = max_tokens;
    request.sampling = {.temperature = number % 2 == 0 ? 0.9 : 0.0,
                        .top_p = number % 3 == 0 ? 0.8 : 1.0,
                        .frequency_penalty = number % 4 == 0 ? 0.5 : 0.0,
                        .seed = static_cast<std::uint64_t>(number),
                        .logprobs = true};
    return request;
  }

  // Submits all at once and reads them to their ends.
  std::vector<Answer> run(const std::vector<SequenceRequest>& requests) {
    std::vector<Answer> answers(requests.size());
    boost::asio::io_context context(1);
    for (std::size_t i = 0; i < requests.size(); ++i) {
      Result<TokenStream> stream = engine_->submit(requests[i], context.get_executor());
      EXPECT_TRUE(stream);
      base::spawn(context.get_executor(), read(std::move(*stream), answers[i]));
    }
    context.run();
    return answers;
  }

  static base::Awaitable<> read(TokenStream stream, Answer& answer) {
    while (const std::optional<TokenEvent> event =
               co_await stream.next(base::SteadyClock::time_point::max())) {
      for (const SampledToken& token : event->tokens) {
        char text[64];
        std::snprintf(text, sizeof text, "%d:%a ", token.token, static_cast<double>(token.logprob));
        answer.line += text;
      }
      answer.events += std::to_string(event->tokens.size()) + " ";
      if (event->end) answer.end = event->end;
    }
  }

  // Waits, with a bound, until the engine's numbers are as `wanted` says.
  bool await_stats(const std::function<bool(const EngineStats&)>& wanted) const {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < limit) {
      if (wanted(engine_->stats())) return true;
      std::this_thread::yield();
    }
    return false;
  }

  base::Log log_ = base::Log::silent();
  std::unique_ptr<tensor::ThreadPool> pool_;
  std::unique_ptr<model::Model> model_;
  std::unique_ptr<model::Model> draft_model_;
  std::unique_ptr<Engine> engine_;
};

// Token i is spelled by the byte i, the first 26 by letters.
class ConstrainedEngineTest : public EngineTest {
 protected:
  SequenceRequest constrained(int number, std::vector<std::string> words) {
    const auto size = static_cast<std::size_t>(model_->config().vocab_size);
    std::vector<std::string> pieces(size);
    for (std::size_t i = 0; i < size && i < 26; ++i) pieces[i] = static_cast<char>('a' + i);
    for (std::size_t i = 26; i < size && i < 36; ++i) pieces[i] = static_cast<char>('0' + (i - 26));
    auto trie = std::make_shared<grammar::TokenTrie>(grammar::TokenTrie::make(pieces, {}).value());
    grammar::GrammarBuilder builder;
    grammar::ExpressionPool& pool = builder.expressions();
    const grammar::Expression digits =
        pool.repeat(pool.bytes(grammar::ByteSet::range('0', '9')), 2, 6);
    const grammar::RuleId rule =
        builder.terminal(pool.concat({pool.one_of(words), digits, pool.literal("end")}), false);
    auto automaton = std::make_shared<grammar::Automaton>(std::move(builder).finish(rule).value());
    SequenceRequest request = EngineTest::request(number, 60);
    request.constraint.emplace(std::move(trie), std::move(automaton));
    request.encode = [](std::string_view bytes) {
      std::vector<TokenId> tokens;
      for (const char c : bytes) {
        tokens.push_back(static_cast<TokenId>(c >= 'a' ? c - 'a' : c - '0' + 26));
      }
      return tokens;
    };
    return request;
  }

  static std::string spell(const Answer& answer) {
    std::string text;
    for (std::size_t at = 0; at < answer.line.size(); at = answer.line.find(' ', at) + 1) {
      const int token = std::atoi(answer.line.c_str() + at);
      text += static_cast<char>(token < 26 ? 'a' + token : '0' + token - 26);
    }
    return text;
  }
};

}  // namespace retort::engine
