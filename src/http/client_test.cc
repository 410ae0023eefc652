#include "http/client.h"

#include <atomic>
#include <functional>
#include <thread>

#include "http/test_identity.h"
#include "http/test_server.h"

namespace retort::http::test {
namespace {

using base::Executor;
using Milliseconds = std::chrono::milliseconds;

// Runs one test's coroutine to its end, on this thread.
void run(const std::function<Awaitable<>(Executor)>& body) {
  EventLoop loop;
  base::spawn(loop.executor(), body(loop.executor()));
  loop.run();
}

// Sends the same bytes to everyone who has sent a request, then closes or waits for the other side
// to.
class ScriptedServer {
 public:
  enum class Then { close, wait };

  explicit ScriptedServer(std::string answer, Then then = Then::close)
      : answer_(std::move(answer)), then_(then), socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_storage storage{};
    std::copy_n(reinterpret_cast<const char*>(&address), sizeof address,
                reinterpret_cast<char*>(&storage));
    ::bind(socket_, reinterpret_cast<const sockaddr*>(&storage), sizeof address);
    ::listen(socket_, 16);
    socklen_t length = sizeof storage;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&storage), &length);
    std::copy_n(reinterpret_cast<const char*>(&storage), sizeof address,
                reinterpret_cast<char*>(&address));
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedServer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }

  Origin origin() const { return {.tls = false, .host = "127.0.0.1", .port = port_}; }
  std::atomic<int> connections{0};

 private:
  void serve() {
    for (;;) {
      const int client = ::accept(socket_, nullptr, nullptr);
      if (client < 0) return;
      ++connections;
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t count = ::recv(client, buffer, sizeof buffer, 0);
        if (count <= 0) break;
        request.append(buffer, static_cast<std::size_t>(count));
      }
      ::send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      while (then_ == Then::wait && ::recv(client, buffer, sizeof buffer, 0) > 0) continue;
      ::close(client);
    }
  }

  const std::string answer_;
  const Then then_;
  int socket_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

class ClientTest : public ::testing::Test {
 protected:
  Origin origin() const { return {.tls = false, .host = "127.0.0.1", .port = port}; }
  void start(TestServer& server) {
    server.start();
    port = server.server->port();
  }
  std::uint16_t port = 0;
};

std::unique_ptr<Client> make_client(const Executor& executor, ClientOptions options = {}) {
  Result<std::unique_ptr<Client>> client = Client::make(executor, std::move(options));
  EXPECT_TRUE(client);
  return std::move(*client);
}

// The whole answer to one GET; its body, or the error's message.
Awaitable<std::string> get(Client& client, Origin origin, std::string path,
                           CallLimits limits = {}) {
  Call call(client, limits);
  const ClientRequest request{.target = path};
  const Result<ResponseHead> head = co_await call.send(origin, request);
  if (!head) co_return head.error().message();
  const Result<std::string> body = co_await call.read_all();
  co_return body ? *body : body.error().message();
}

TEST_F(ClientTest, AsksAndKeepsTheConnection) {
  TestServer server;
  start(server);
  run([&](Executor executor) -> Awaitable<> {
    const auto client = make_client(executor);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(co_await get(*client, origin(), "/hello"), "hello");
    EXPECT_EQ(client->open_connections(), 1u);
    EXPECT_EQ(client->idle_connections(), 1u);
    EXPECT_NE((co_await get(*client, origin(), "/nowhere")).find("error"), std::string::npos);
  });
  EXPECT_EQ(server.metric("retort_http_connections_accepted_total"), 1);
}

TEST_F(ClientTest, SendsABodyAndStreamsAnAnswer) {
  TestServer server;
  start(server);
  run([&](Executor executor) -> Awaitable<> {
    const auto client = make_client(executor);
    {
      Call call(*client, {});
      const ClientRequest request{
          .method = "POST", .target = "/echo", .headers = {}, .body = std::string(300'000, 'x')};
      const Result<ResponseHead> head = co_await call.send(origin(), request);
      EXPECT_TRUE(head) << head.error().message();
      EXPECT_EQ((co_await call.read_all()).value(), request.body);
    }
    EXPECT_EQ(co_await get(*client, origin(), "/three"), "data: 1\n\ndata: 2\n\ndata: [DONE]\n\n");
    EXPECT_EQ(client->open_connections(), 1u);
  });
}

TEST_F(ClientTest, ABodyThatIsNotReadToItsEndClosesTheConnection) {
  TestServer server;
  start(server);
  run([&](Executor executor) -> Awaitable<> {
    const auto client = make_client(executor);
    {
      Call call(*client, {});
      const ClientRequest request{.target = "/gated"};
      EXPECT_TRUE(co_await call.send(origin(), request));
      EXPECT_EQ((co_await call.read()).value(), "before");
    }
    EXPECT_EQ(client->open_connections(), 0u);
  });
}

TEST_F(ClientTest, CancelsWhileItWaitsForTheBody) {
  TestServer server;
  start(server);
  run([&](Executor executor) -> Awaitable<> {
    const auto client = make_client(executor);
    Call call(*client, {});
    const ClientRequest request{.target = "/gated"};
    EXPECT_TRUE(co_await call.send(origin(), request));
    EXPECT_EQ((co_await call.read()).value(), "before");
    base::post(executor, [&call] { call.cancel(); });
    const auto piece = co_await call.read();
    EXPECT_FALSE(piece);
    EXPECT_EQ(piece.error().kind(), ErrorKind::cancelled);
  });
}

TEST_F(ClientTest, CancelsWhileItWaitsForTheHead) {
  ScriptedServer server("", ScriptedServer::Then::wait);
  run([&](Executor executor) -> Awaitable<> {
    const auto client = make_client(executor);
    Call call(*client, {});
    base::post(executor, [&call] { call.cancel(); });
    const ClientRequest request;
    const auto head = co_await call.send(server.origin(), request);
    EXPECT_FALSE(head);
    EXPECT_EQ(head.error().kind(), ErrorKind::cancelled);
  });
}

TEST_F(ClientTest, AConnectionThatWasClosedMeanwhileIsReplaced) {
  // Says keep-alive, and closes.
  ScriptedServer server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  run([&](Executor executor) -> Awaitable<> {
    const auto client = make_client(executor);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(co_await get(*client, server.origin(), "/"), "ok");
  });
  EXPECT_EQ(server.connections, 5);
}

TEST_F(ClientTest, WhatComesBehindAnAnswerIsNotTakenForTheNext) {
  ScriptedServer server(
      "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
      "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison",
      ScriptedServer::Then::wait);
  run([&](Executor executor) -> Awaitable<> {
    const auto client = make_client(executor);
    EXPECT_EQ(co_await get(*client, server.origin(), "/"), "ok");
    EXPECT_EQ(client->open_connections(), 0u);
  });
}

TEST_F(ClientTest, HasNoMoreConnectionsThanItMay) {
  ScriptedServer server("", ScriptedServer::Then::wait);
  run([&](Executor executor) -> Awaitable<> {
    const auto client = make_client(executor, {.connections_max = 1});
    Call first(*client, {});
    base::Event ended(executor);
    base::spawn(executor, [](Call& call, Origin origin, base::Event& end) -> Awaitable<> {
      const ClientRequest request;
      EXPECT_FALSE(co_await call.send(origin, request));
      end.set();
    }(first, server.origin(), ended));
    co_await base::sleep_until({});  // lets the first one begin
    EXPECT_NE((co_await get(*client, server.origin(), "/")).find("are in use"), std::string::npos);
    first.cancel();
    co_await ended.wait();
  });
}

TEST_F(ClientTest, GivesUpAtEachOfItsTimes) {
  ScriptedServer silent("", ScriptedServer::Then::wait);
  ScriptedServer stalled("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
                         ScriptedServer::Then::wait);
  run([&](Executor executor) -> Awaitable<> {
    const auto client = make_client(executor);
    EXPECT_NE(
        (co_await get(*client, silent.origin(), "/", {.first_byte_timeout = Milliseconds(20)}))
            .find("nothing came in time"),
        std::string::npos);
    EXPECT_NE((co_await get(*client, stalled.origin(), "/", {.idle_timeout = Milliseconds(20)}))
                  .find("nothing came in time"),
              std::string::npos);
    EXPECT_NE((co_await get(*client, stalled.origin(), "/", {.total_timeout = Milliseconds(20)}))
                  .find("in time"),
              std::string::npos);
    Origin tls = silent.origin();
    tls.tls = true;
    EXPECT_NE((co_await get(*client, tls, "/", {.connect_timeout = Milliseconds(20)}))
                  .find("TLS was not agreed on"),
              std::string::npos);
  });
}

TEST_F(ClientTest, ALookUpThatFailsNamesTheHost) {
  run([&](Executor executor) -> Awaitable<> {
    const auto client = make_client(executor);
    // Longer than a part of a name may be: refused without asking anyone.
    const Origin origin{.tls = false, .host = std::string(64, 'a') + ".test", .port = 80};
    const std::string said = co_await get(*client, origin, "/");
    EXPECT_TRUE(said.starts_with(origin.host + ": the host was not found")) << said;
    EXPECT_EQ(client->open_connections(), 0u);
  });
}

TEST_F(ClientTest, SaysThatNobodyListens) {
  std::uint16_t free_port = 0;
  {
    const ScriptedServer gone("");
    free_port = gone.origin().port;
  }
  run([&](Executor executor) -> Awaitable<> {
    const auto client = make_client(executor);
    const Origin origin{.tls = false, .host = "127.0.0.1", .port = free_port};
    EXPECT_NE(
        (co_await get(*client, origin, "/")).find("no connection was made: Connection refused"),
        std::string::npos);
    EXPECT_EQ(client->open_connections(), 0u);
  });
}

TEST_F(ClientTest, AHostileAnswerIsAnErrorAndNothingElse) {
  struct Case {
    std::string answer;
    std::string says;
  };
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const Case cases[] = {
      {"", "without an answer"},
      {"HTTP/1.1 200", "without an answer"},
      {"SSH-2.0-OpenSSH\r\n\r\n", "not HTTP/1.1"},
      {"HTTP/2.0 200 OK\r\n\r\n", "not HTTP/1.1"},
      {"HTTP/1.1 99 No\r\n\r\n", "malformed head"},
      {"HTTP/1.1 700 No\r\n\r\n", "status that is none"},
      {ok + "a: " + std::string(70'000, 'x'), "too long"},
      {ok +
           [] {
             std::string many;
             for (int i = 0; i < 300; ++i) many += "a: b\r\n";
             return many;
           }(),
       "too long"},
      {ok + "a : b\r\n\r\n", "malformed head"},
      {ok + "a: b\n\r\n", "malformed"},
      {ok + "content-length: 1\r\ncontent-length: 1\r\n\r\nx", "must not be repeated"},
      {ok + "content-length: 1\r\ntransfer-encoding: chunked\r\n\r\nx", "bad Transfer-Encoding"},
      {ok + "content-length: -1\r\n\r\n", "bad Content-Length"},
      {ok + "content-length: 99999999999999999999\r\n\r\n", "bad Content-Length"},
      {ok + "transfer-encoding: gzip\r\n\r\n", "understood is chunked"},
      {ok + "transfer-encoding: chunked\r\n\r\nxyz\r\n", "malformed chunk"},
      {ok + "transfer-encoding: chunked\r\n\r\nff\r\nshort", "ends in the middle"},
      {ok + "content-length: 10\r\n\r\nshort", "ends in the middle"},
      {ok + "content-length: 5000\r\n\r\n", "longer than 4096 bytes"},
      {ok + "\r\n" + std::string(5'000, 'x'), "longer than 4096 bytes"},
      {[] {
         std::string many;
         for (int i = 0; i < 20; ++i) many += "HTTP/1.1 100 Continue\r\n\r\n";
         return many;
       }(),
       "past 1xx"},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "past 1xx"},
  };
  for (const Case& one : cases) {
    ScriptedServer server(one.answer);
    run([&](Executor executor) -> Awaitable<> {
      const auto client = make_client(executor);
      const std::string said =
          co_await get(*client, server.origin(), "/", {.body_bytes_max = 4'096});
      EXPECT_NE(said.find(one.says), std::string::npos) << one.answer.substr(0, 80) << ": " << said;
      EXPECT_EQ(client->open_connections(), 0u);
    });
  }
}

TEST_F(ClientTest, AnAnswerThatEndsWithItsConnectionIsWhole) {
  ScriptedServer server("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\nto the end");
  run([&](Executor executor) -> Awaitable<> {
    const auto client = make_client(executor);
    EXPECT_EQ(co_await get(*client, server.origin(), "/"), "to the end");
  });
}

TEST_F(ClientTest, RefusesARequestThatWouldBeTwo) {
  run([&](Executor executor) -> Awaitable<> {
    const auto client = make_client(executor);
    for (const char* target : {"", "x", "/a b", "/a\r\nx: y", "/a#b"}) {
      EXPECT_NE((co_await get(*client, {.host = "127.0.0.1", .port = 1}, target)).find("one word"),
                std::string::npos);
    }
    Call call(*client, {});
    const ClientRequest request{.headers = {{"a", "b\r\nc: d"}}};
    const auto head = co_await call.send({.host = "127.0.0.1", .port = 1}, request);
    EXPECT_FALSE(head);
    EXPECT_EQ(head.error().kind(), ErrorKind::internal);
  });
}

TEST_F(ClientTest, SpeaksTlsWithWhomItTrustsAndNobodyElse) {
  const Identity identity("client");
  TestServer server(
      {.tls_certificate_file = identity.certificate_file(), .tls_key_file = identity.key_file()});
  start(server);
  run([&](Executor executor) -> Awaitable<> {
    const auto trusting = make_client(executor, {.ca_file = identity.certificate_file()});
    const Origin right{.tls = true, .host = "localhost", .port = port};
    const Origin wrong{.tls = true, .host = "127.0.0.1", .port = port};
    for (int i = 0; i < 2; ++i) EXPECT_EQ(co_await get(*trusting, right, "/hello"), "hello");
    EXPECT_EQ(trusting->open_connections(), 1u);
    EXPECT_EQ(server.metric("retort_http_connections_accepted_total"), 1);
    EXPECT_NE((co_await get(*trusting, wrong, "/hello")).find("TLS was not agreed on"),
              std::string::npos);
    const auto stranger = make_client(executor);
    EXPECT_NE((co_await get(*stranger, right, "/hello")).find("TLS was not agreed on"),
              std::string::npos);
  });
  EventLoop loop;
  EXPECT_FALSE(Client::make(loop.executor(), {.ca_file = "/nowhere"}));
}

}  // namespace
}  // namespace retort::http::test
