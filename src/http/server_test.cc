// The server as a whole: what it refuses to start with, how many connections it takes, draining.
#include "http/server.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <future>
#include <string>
#include <vector>

#include "http/test_server.h"

namespace retort::http::test {
namespace {

using base::SteadyClock;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string listen_failure(ServerOptions options) {
  options.render_error = render_error;
  const Result<std::unique_ptr<Server>> server = Server::listen(std::move(options), Router());
  return server ? "" : server.error().message();
}

TEST(Server, APortInUseIsOneClearLine) {
  TestServer first;
  first.start();
  ServerOptions options;
  options.port = first.server->port();
  EXPECT_EQ(listen_failure(options), "--port " + std::to_string(options.port) +
                                         " on 127.0.0.1: the port is in use by another program");
}

TEST(Server, WrongSettingsAreNamed) {
  EXPECT_TRUE(listen_failure({.host = "no such host", .port = 0}).starts_with("--host no such"));
  EXPECT_TRUE(listen_failure({.host = "192.0.2.1", .port = 0}).starts_with("--port 0 on 192.0.2"));
  EXPECT_TRUE(listen_failure({.port = 0, .io_threads = 0}).starts_with("io_threads 0"));
  EXPECT_TRUE(listen_failure({.port = 0, .max_connections = 0}).starts_with("max_connections"));
  EXPECT_EQ(listen_failure({.host = "localhost", .port = 0}), "");
}

TEST(Server, CanBeDestroyedWithoutHavingRun) {
  EXPECT_EQ(listen_failure({.port = 0}), "");
}

TEST(Server, ConnectionsBeyondTheLimitAreToldToComeBack) {
  ServerOptions options;
  options.max_connections = 2;
  TestServer server(std::move(options));
  server.start();
  RawClient first = server.client();
  RawClient second = server.client();
  for (RawClient* client : {&first, &second}) {
    client->get("/hello");
    EXPECT_EQ(client->read_answer().status, 200);
  }
  RawClient third = server.client();
  third.get("/hello");
  const Answer refused = third.read_answer();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_TRUE(third.at_end());
  EXPECT_EQ(server.metric("retort_http_connections_refused_total"), 1);
}

TEST(Server, WithoutDescriptorsItWaitsInsteadOfSpinning) {
  TestServer server;
  server.start();
  RawClient warm = server.client();  // so that nothing more is opened on the way
  warm.get("/hello");
  EXPECT_EQ(warm.read_answer().status, 200);
  RawClient waiting = [&] {
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const int next = ::dup(0);
    ::close(next);
    rlimit tight = before;
    tight.rlim_cur = static_cast<rlim_t>(next) + 1;  // one for the client, none for the server
    ::setrlimit(RLIMIT_NOFILE, &tight);
    RawClient client = server.client();
    client.get("/hello");
    while (server.metric("retort_http_accept_errors_total") < 4) std::this_thread::yield();
    ::setrlimit(RLIMIT_NOFILE, &before);
    return client;
  }();
  EXPECT_EQ(waiting.read_answer().status, 200);
  // 5 + 10 + 20 ms and so on: a spinning server would have counted thousands.
  EXPECT_LT(server.metric("retort_http_accept_errors_total"), 12);
}

TEST(Server, DrainLetsStreamsFinishAndTakesNoNewConnections) {
  TestServer server({.linger_timeout = milliseconds(50)});
  server.start();
  RawClient idle = server.client();
  idle.get("/hello");
  EXPECT_EQ(idle.read_answer().status, 200);
  RawClient streaming = server.client();
  streaming.get("/gated");
  ASSERT_TRUE(server.gate.await_waiting(1));
  const std::uint16_t port = server.server->port();

  std::future<std::size_t> cut = std::async(
      std::launch::async, [&] { return server.server->drain(SteadyClock::now() + seconds(60)); });
  EXPECT_TRUE(idle.at_end());  // closed at once
  EXPECT_FALSE(RawClient(port).connected());
  server.gate.open();
  EXPECT_EQ(streaming.read_answer().body, "beforeafter");
  EXPECT_TRUE(streaming.at_end());
  EXPECT_EQ(cut.get(), 0u);
}

TEST(Server, DrainCutsWhatIsLeftAtTheDeadline) {
  TestServer server;
  server.start();
  RawClient client = server.client();
  client.get("/gated");
  ASSERT_TRUE(server.gate.await_waiting(1));
  EXPECT_EQ(server.server->drain(SteadyClock::now() + milliseconds(20)), 1u);
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.body, "before");
  EXPECT_FALSE(answer.complete);
  EXPECT_EQ(server.gate.disconnects, 1);  // its handler was told
}

TEST(Server, ARequestUnderWayWhenDrainingBeginsIsAnswered) {
  // One thread: when the idle connection has been closed, the other one's drains too.
  TestServer server({.io_threads = 1, .linger_timeout = milliseconds(50)});
  server.add("GET", "/slow", [&](Exchange& exchange, const PathParameters&) -> Awaitable<> {
    co_await server.gate.wait(exchange);
    (void)co_await exchange.respond(
        {.status = 200, .headers = {}, .body = exchange.draining() ? "draining" : "serving"});
  });
  server.start();
  RawClient idle = server.client();
  idle.get("/hello");
  idle.read_answer();
  RawClient client = server.client();
  client.get("/slow");
  ASSERT_TRUE(server.gate.await_waiting(1));
  std::future<std::size_t> cut = std::async(
      std::launch::async, [&] { return server.server->drain(SteadyClock::now() + seconds(60)); });
  EXPECT_TRUE(idle.at_end());
  server.gate.open();
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_EQ(cut.get(), 0u);
}

TEST(Server, AHandlerThatNeverEndsDoesNotKeepTheServer) {
  TestServer server;
  server.add("GET", "/stuck", [&](Exchange& exchange, const PathParameters&) -> Awaitable<> {
    (void)co_await exchange.start_stream(200, {});
    base::Event never(exchange.executor());
    co_await never.wait();
  });
  server.start();
  RawClient client = server.client();
  client.get("/stuck");
  EXPECT_EQ(client.read_head().status, 200);
  server.server.reset();
  EXPECT_FALSE(client.read_chunk());
}

TEST(Server, ItsExecutorsRunWorkOnItsThreads) {
  TestServer server;
  server.start();
  ASSERT_EQ(server.server->executors().size(), 2u);
  std::promise<void> ran;
  base::post(server.server->executors()[1], [&] { ran.set_value(); });
  EXPECT_EQ(ran.get_future().wait_for(seconds(20)), std::future_status::ready);
}

}  // namespace
}  // namespace retort::http::test
