// Streams: one event a chunk, clients that leave, read slowly or want a gap, and many at once.
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "http/test_server.h"

namespace retort::http::test {
namespace {

using base::SteadyClock;
using std::chrono::milliseconds;

TEST(Stream, SendsEachEventAsItsOwnChunk) {
  TestServer server;
  server.start();
  RawClient client = server.client();
  client.get("/three");
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.header("transfer-encoding"), "chunked");
  EXPECT_EQ(answer.header("content-type"), "text/event-stream");
  EXPECT_FALSE(answer.headers.contains("content-length"));
  EXPECT_EQ(answer.chunks,
            (std::vector<std::string>{"data: 1\n\n", "data: 2\n\n", "data: [DONE]\n\n"}));
  EXPECT_TRUE(answer.complete);
}

TEST(Stream, ArrivesAsItIsWritten) {
  TestServer server;
  server.start();
  RawClient client = server.client();
  client.get("/gated");
  EXPECT_EQ(client.read_head().status, 200);
  EXPECT_EQ(client.read_chunk(), "before");  // while the handler waits
  ASSERT_TRUE(server.gate.await_waiting(1));
  server.gate.open();
  EXPECT_EQ(client.read_chunk(), "after");
  EXPECT_EQ(client.read_chunk(), "");
}

// A handler that ends only when on_disconnect() tells it.
void expect_disconnect(void (*leave)(RawClient&)) {
  std::promise<bool> gone;
  TestServer server;
  server.add("GET", "/endless", [&](Exchange& exchange, const PathParameters&) -> Awaitable<> {
    (void)co_await exchange.start_stream(200, {});
    (void)co_await exchange.write("x");
    base::Event ended(exchange.executor());
    exchange.on_disconnect([&] { ended.set(); });
    co_await ended.wait();
    const Result<void> written = co_await exchange.write("y");
    gone.set_value(exchange.disconnected() && !written);
  });
  server.start();
  RawClient client = server.client();
  client.get("/endless");
  client.read_head();
  EXPECT_EQ(client.read_chunk(), "x");
  leave(client);
  std::future<bool> seen = gone.get_future();
  ASSERT_EQ(seen.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_TRUE(seen.get());
  server.server->drain(SteadyClock::now() + std::chrono::seconds(20));
  EXPECT_EQ(server.metric("retort_http_disconnects_total"), 1);
}

TEST(Stream, AnEndedClientIsSeenWhileTheHandlerWaits) {
  expect_disconnect([](RawClient& client) { client.close(); });
}
TEST(Stream, AResetClientIsSeenWhileTheHandlerWaits) {
  expect_disconnect([](RawClient& client) { client.reset(); });
}
TEST(Stream, AHalfClosedClientCountsAsGone) {
  expect_disconnect([](RawClient& client) { client.shut_down_sending(); });
}

TEST(Stream, AClientThatLeftBeforeIsReportedAtOnce) {
  std::promise<bool> told;
  TestServer server;
  server.add("GET", "/late", [&](Exchange& exchange, const PathParameters&) -> Awaitable<> {
    base::Event ended(exchange.executor());
    exchange.on_disconnect([&] { ended.set(); });
    co_await ended.wait();
    bool again = false;
    exchange.on_disconnect([&] { again = true; });
    told.set_value(again && !(co_await exchange.start_stream(200, {})));
  });
  server.start();
  RawClient client = server.client();
  client.get("/late");
  client.close();
  std::future<bool> seen = told.get_future();
  ASSERT_EQ(seen.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_TRUE(seen.get());
}

TEST(Stream, AStreamLeftUnfinishedIsCut) {
  TestServer server;
  server.add("GET", "/torn", [](Exchange& exchange, const PathParameters&) -> Awaitable<> {
    (void)co_await exchange.start_stream(200, {});
    (void)co_await exchange.write("part");
  });
  server.start();
  RawClient client = server.client();
  client.get("/torn");
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.complete);
}

TEST(Stream, AClientThatDoesNotReadIsCutAndHoldsNoMemory) {
  ServerOptions options;
  options.write_timeout = milliseconds(100);
  std::promise<std::size_t> written;
  TestServer server(std::move(options));
  server.add("GET", "/flood", [&](Exchange& exchange, const PathParameters&) -> Awaitable<> {
    (void)co_await exchange.start_stream(200, {});
    const std::string chunk(64 << 10, 'x');
    std::size_t bytes = 0;
    while (co_await exchange.write(chunk)) bytes += chunk.size();
    written.set_value(bytes);
  });
  server.start();
  RawClient client(server.server->port(), 16 << 10);
  client.get("/flood");
  std::future<std::size_t> bytes = written.get_future();
  ASSERT_EQ(bytes.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_LT(bytes.get(), 64u << 20);  // the kernel's buffers, at most
}

TEST(Stream, HeadOfAStreamHasNoBody) {
  TestServer server;
  server.start();
  RawClient client = server.client();
  client.send("HEAD /three HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read_answer(true).status, 200);
  client.get("/hello");
  EXPECT_EQ(client.read_answer().body, "hello");
}

TEST(Stream, TwoHundredAtOnceNeedNoMoreThreads) {
  constexpr std::size_t kStreams = 200;
  TestServer server;
  server.start();
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < kStreams; ++i) {
    clients.push_back(server.client());
    clients.back().get("/gated");
  }
  ASSERT_TRUE(server.gate.await_waiting(kStreams));
  EXPECT_EQ(server.server->connections(), kStreams);
  server.gate.open();
  for (RawClient& client : clients) {
    const Answer answer = client.read_answer();
    EXPECT_EQ(answer.body, "beforeafter");
    EXPECT_TRUE(answer.complete);
  }
  EXPECT_EQ(server.gate.disconnects, 0);
}

}  // namespace
}  // namespace retort::http::test
