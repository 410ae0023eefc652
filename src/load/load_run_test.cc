#include "load/load_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <set>

#include "base/json_view.h"
#include "http/server.h"

namespace retort::load {
namespace {

using base::Awaitable;

// A server that answers every chat with as many tokens as it asks for, and counts a token a word
// and ten around each message.
class ChatServer {
 public:
  ChatServer() {
    http::Router router;
    const auto added = router.add(
        "POST", "/v1/chat/completions",
        [this](http::Exchange& exchange, const http::PathParameters&) { return answer(exchange); });
    EXPECT_TRUE(added);
    http::ServerOptions options;
    options.port = 0;
    options.render_error = [](const Error& error) { return error.message(); };
    auto listening = http::Server::listen(std::move(options), std::move(router));
    EXPECT_TRUE(listening);
    server_ = std::move(*listening);
    server_->run();
  }
  LoadPlan plan() const {
    LoadPlan plan;
    plan.base = {.origin = {.host = "127.0.0.1", .port = server_->port()}, .path = "/v1"};
    plan.model = "m";
    plan.api_key = key;
    plan.output_tokens = 3;
    return plan;
  }
  std::vector<std::string> bodies() const {
    const std::lock_guard lock(mutex_);
    return bodies_;
  }

  std::string key = "s3cret";
  int fail_every = 0;  // each so many requests get a 503
  std::string refusal = "busy";
  int tokens_too_few = 0;
  bool counts_prompts = true;

 private:
  Awaitable<> answer(http::Exchange& exchange) {
    EXPECT_EQ(exchange.head().headers.find("authorization"), "Bearer " + key);
    const Result<std::string> body = co_await exchange.read_body(1 << 20);
    std::size_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      bodies_.push_back(*body);
      number = bodies_.size();
    }
    if (fail_every > 0 && number > 2 && number % static_cast<std::size_t>(fail_every) == 0) {
      (void)co_await exchange.respond({.status = 503, .headers = {}, .body = refusal});
      co_return;
    }
    const auto view = base::JsonView::checked(*body);
    std::int64_t prompt_tokens = 0;
    for (const base::JsonView& message : view.find("messages")->elements()) {
      const std::string text = message.find("content")->string();
      prompt_tokens += 11 + std::ranges::count(text, ' ');
    }
    std::int64_t tokens = *view.find("max_tokens")->integer() - tokens_too_few;
    if (!counts_prompts) prompt_tokens = 7;
    (void)co_await exchange.start_stream(200, {});
    std::string last =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":" + std::to_string(prompt_tokens) +
        ",\"completion_tokens\":" + std::to_string(tokens) + "}}\n\ndata: [DONE]\n\n";
    for (; tokens > 0; --tokens) {
      (void)co_await exchange.write("data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n");
    }
    (void)co_await exchange.write(last);
    (void)co_await exchange.finish();
  }

  mutable std::mutex mutex_;
  std::vector<std::string> bodies_;  // under mutex_
  std::unique_ptr<http::Server> server_;
};

TEST(LoadRun, AClosedLoopAsksAsOftenAsItWasToldAndCountsWhatComes) {
  ChatServer server;
  LoadPlan plan = server.plan();
  plan.requests = 50;
  plan.concurrency = 7;
  plan.prompt_tokens = 100;
  plan.shared_prefix_tokens = 40;
  const Result<LoadReport> report = run_load(plan);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->requests, 50u);
  EXPECT_EQ(report->errors, 0u);
  EXPECT_EQ(report->output_tokens, 150);
  EXPECT_EQ(report->prompt_tokens, 50 * 100);
  EXPECT_EQ(report->ttft.count(), 50u);
  EXPECT_EQ(report->itl.count(), 100u);
  EXPECT_EQ(report->tpot.count(), 50u);
  EXPECT_EQ(report->latency.count(), 50u);
  EXPECT_GT(report->own_delay.count(), 0u);
  EXPECT_GE(report->latency.percentile_ms(1), report->ttft.percentile_ms(0.5));
  EXPECT_GT(report->duration_s, 0);
}

TEST(LoadRun, ThePrefixIsSharedAndTheRestIsNot) {
  ChatServer server;
  LoadPlan plan = server.plan();
  plan.requests = 20;
  plan.shared_prefix_tokens = 50;
  ASSERT_TRUE(run_load(plan));
  std::set<std::string> systems;
  std::set<std::string> users;
  std::vector<std::string> bodies = server.bodies();
  const auto first = base::JsonView::checked(bodies[1]).find("messages")->elements();
  const std::string measured = first[0].find("content")->string();
  bodies.erase(bodies.begin(), bodies.begin() + 2);  // those that measured the prompt
  for (const std::string& body : bodies) {
    const auto messages = base::JsonView::checked(body).find("messages")->elements();
    ASSERT_EQ(messages.size(), 2u);
    systems.emplace(messages[0].text());
    users.emplace(messages[1].text());
  }
  EXPECT_EQ(systems.size(), 1u);
  // What measured the prompt has left nothing of it in a server's cache.
  EXPECT_FALSE(systems.begin()->starts_with("\"" + measured.substr(0, measured.find(' '))));
  EXPECT_EQ(users.size(), 20u);
}

TEST(LoadRun, AnOpenLoopTakesTheTimeOfItsRate) {
  ChatServer server;
  LoadPlan plan = server.plan();
  plan.requests = 100;
  plan.concurrency = 100;
  plan.rate = 1'000;
  const Result<LoadReport> report = run_load(plan);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->errors, 0u);
  // 99 exponential gaps of 1 ms: their sum is within these bounds but for one run in a million, and
  // the gaps are the same in each run.
  EXPECT_GT(report->duration_s, 0.055);
}

TEST(LoadRun, WhatGoesWrongIsCountedByKind) {
  ChatServer server;
  server.fail_every = 5;
  LoadPlan plan = server.plan();
  plan.requests = 48;
  plan.concurrency = 1;
  const Result<LoadReport> report = run_load(plan);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->errors, 10u);
  EXPECT_EQ(report->error_kinds.at("HTTP 503"), 10u);
  EXPECT_EQ(report->ttft.count(), 38u);
}

TEST(LoadRun, WhatAServerSaysIsToldWithoutTheKey) {
  ChatServer server;
  server.fail_every = 3;
  server.refusal = R"({"error":{"message":"no s3cret, twice s3cret"}})";
  LoadPlan plan = server.plan();
  plan.requests = 4;
  plan.concurrency = 1;
  const Result<LoadReport> report = run_load(plan);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->error_kinds.at("HTTP 503: no ***, twice ***"), 2u);
}

TEST(LoadRun, AKeyThatWhatStandsForItHoldsIsNotLookedForWithoutEnd) {
  ChatServer server;
  server.key = "*";
  server.fail_every = 3;
  server.refusal = R"({"error":{"message":"no *"}})";
  LoadPlan plan = server.plan();
  plan.requests = 1;
  const Result<LoadReport> report = run_load(plan);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->error_kinds.at("HTTP 503: no ***"), 1u);
}

TEST(LoadRun, AServerThatDoesNotCountThePromptIsAnError) {
  ChatServer server;
  server.counts_prompts = false;
  const Result<LoadReport> report = run_load(server.plan());
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message().find("prompt_tokens"), std::string::npos);
}

TEST(LoadRun, NobodyToAskIsAnError) {
  LoadPlan plan;
  plan.base = {.origin = {.host = "127.0.0.1", .port = 1}, .path = "/v1"};
  const Result<LoadReport> report = run_load(plan);
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message().find("127.0.0.1:1: no connection was made"),
            std::string::npos);
}

TEST(LoadRun, TooFewTokensAreAnError) {
  ChatServer server;
  server.tokens_too_few = 1;
  const Result<LoadReport> report = run_load(server.plan());
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().message().find("another number of tokens"), std::string::npos);
}

TEST(LoadRun, WordsComeFromWhatTwoPromptsCost) {
  LoadPlan plan;
  plan.prompt_tokens = 230;
  plan.shared_prefix_tokens = 100;
  // Two tokens a word and 30 around.
  const Calibration calibration{
      .few_words = 10, .many_words = 60, .few_tokens = 50, .many_tokens = 150};
  const Result<PromptShape> shape = shape_of(plan, calibration);
  ASSERT_TRUE(shape);
  EXPECT_EQ(shape->shared_words, 50u);
  EXPECT_EQ(shape->own_words, 50u);
  plan.prompt_tokens = 130;
  EXPECT_FALSE(shape_of(plan, calibration));
  EXPECT_FALSE(
      shape_of(plan, {.few_words = 1, .many_words = 2, .few_tokens = 5, .many_tokens = 5}));
}

}  // namespace
}  // namespace retort::load
