// A server on a free port with a few routes, for the tests of src/http. Only *_test.cc include it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "base/metrics.h"
#include "http/server.h"
#include "http/test_client.h"

namespace retort::http::test {

using base::Awaitable;

// The smallest body that says what went wrong; messages in tests need no escaping.
inline std::string render_error(const Error& error) {
  return R"({"error":{"message":")" + error.message() + R"(","type":")" + error.type() + R"("}})";
}

// A stream's handler waits here until the test lets it go on.
class Gate {
 public:
  // In the handler: completes after open(), or when the client leaves.
  Awaitable<> wait(Exchange& exchange) {
    const auto event = std::make_shared<base::Event>(exchange.executor());
    exchange.on_disconnect([this, event] {
      ++disconnects;
      event->set();
    });
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back([executor = exchange.executor(), event] {
        base::post(executor, [event] { event->set(); });
      });
      arrived_.notify_all();
    }
    co_await event->wait();
  }
  // In the test: until `count` handlers wait.
  bool await_waiting(std::size_t count) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, std::chrono::seconds(20),
                             [&] { return waiting_.size() >= count; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    for (const auto& release : waiting_) release();
    waiting_.clear();
  }
  // What waits here belongs to the server's threads and must not outlive them.
  void forget() {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
  }

  std::atomic<int> disconnects{0};

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<std::function<void()>> waiting_;
};

// GET /hello, POST /echo, GET /three (a stream of three events), GET /gated (an event, the gate,
// an event), GET /ignore-body and others that tests add.
class TestServer {
 public:
  explicit TestServer(ServerOptions options = {}) : options_(std::move(options)) {
    options_.port = 0;
    options_.render_error = render_error;
    options_.metrics = &metrics;
    add_routes();
  }

  ~TestServer() { gate.forget(); }

  void add(const std::string& method, const std::string& pattern, Handler handler) {
    ASSERT_TRUE(router.add(method, pattern, std::move(handler)));
  }
  void start() {
    Result<std::unique_ptr<Server>> listening = Server::listen(options_, std::move(router));
    ASSERT_TRUE(listening) << listening.error().message();
    server = std::move(*listening);
    server->run();
  }
  RawClient client() const { return RawClient(server->port()); }
  double metric(std::string_view name) { return metrics.counter(name, "").value(); }

  base::Metrics metrics;
  Gate gate;
  Router router;
  std::unique_ptr<Server> server;  // after what its handlers use

 private:
  void add_routes() {
    add("GET", "/hello", [](Exchange& exchange, const PathParameters&) -> Awaitable<> {
      (void)co_await exchange.respond({.status = 200, .headers = {}, .body = "hello"});
    });
    add("POST", "/ignore-body", [](Exchange& exchange, const PathParameters&) -> Awaitable<> {
      (void)co_await exchange.respond({.status = 401, .headers = {}, .body = "no"});
    });
    add("POST", "/echo", [](Exchange& exchange, const PathParameters&) -> Awaitable<> {
      const Result<std::string> body = co_await exchange.read_body(1 << 20);
      if (!body) {
        (void)co_await exchange.respond_error(body.error());
        co_return;
      }
      (void)co_await exchange.respond({.status = 200, .headers = {}, .body = *body});
    });
    add("GET", "/three", [](Exchange& exchange, const PathParameters&) -> Awaitable<> {
      (void)co_await exchange.start_stream(200, {{"content-type", "text/event-stream"}});
      for (const char* event : {"data: 1\n\n", "data: 2\n\n", "data: [DONE]\n\n"}) {
        (void)co_await exchange.write(event);
      }
      (void)co_await exchange.finish();
    });
    add("GET", "/gated", [this](Exchange& exchange, const PathParameters&) -> Awaitable<> {
      (void)co_await exchange.start_stream(200, {});
      (void)co_await exchange.write("before");
      co_await gate.wait(exchange);
      const Result<void> written = co_await exchange.write("after");
      if (written) (void)co_await exchange.finish();
    });
  }

  ServerOptions options_;
};

}  // namespace retort::http::test
