// One connection's requests, from its first byte to its last: real sockets, port 0.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/test_server.h"

namespace retort::http::test {
namespace {

using std::chrono::milliseconds;

TEST(Connection, AnswersRequestAfterRequest) {
  TestServer server;
  server.start();
  RawClient client = server.client();
  for (int i = 0; i < 3; ++i) {
    client.post("/echo", "body " + std::to_string(i));
    const Answer answer = client.read_answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "body " + std::to_string(i));
    EXPECT_FALSE(answer.headers.contains("connection"));
    EXPECT_TRUE(answer.headers.contains("date"));
  }
}

TEST(Connection, AnswersPipelinedRequestsInTheirOrder) {
  TestServer server;
  server.start();
  RawClient client = server.client();
  std::string requests;
  for (const char* body : {"one", "two", "three"}) {
    requests += "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                std::to_string(std::string(body).size()) + "\r\n\r\n" + body;
  }
  client.send(requests + "GET /three HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "one");
  EXPECT_EQ(client.read_answer().body, "two");
  EXPECT_EQ(client.read_answer().body, "three");
  EXPECT_EQ(client.read_answer().chunks.size(), 3u);
  EXPECT_TRUE(client.at_end());
}

TEST(Connection, PipelinedBytesAreNoDisconnect) {
  TestServer server;
  server.start();
  RawClient client = server.client();
  client.get("/gated");
  ASSERT_TRUE(server.gate.await_waiting(1));
  client.get("/hello");
  client.post("/echo", std::string(200'000, 'x'));  // more than the server keeps unread
  server.gate.open();
  EXPECT_EQ(client.read_answer().body, "beforeafter");
  EXPECT_EQ(client.read_answer().body, "hello");
  EXPECT_EQ(client.read_answer().body.size(), 200'000u);
  EXPECT_EQ(server.gate.disconnects, 0);
}

TEST(Connection, ReadsChunkedBodies) {
  TestServer server;
  server.start();
  RawClient client = server.client();
  client.send(
      "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\nTrailer: z\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "hello, world");
  client.get("/hello");
  EXPECT_EQ(client.read_answer().body, "hello");
}

TEST(Connection, AsksForTheBodyOfAClientThatWaits) {
  TestServer server;
  server.start();
  RawClient client = server.client();
  client.send(
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_line(), "HTTP/1.1 100 Continue");
  EXPECT_EQ(client.read_line(), "");
  client.send("abc");
  EXPECT_EQ(client.read_answer().body, "abc");
}

TEST(Connection, DoesNotAskForABodyItRefuses) {
  TestServer server;
  server.start();
  RawClient client = server.client();
  client.send(
      "POST /ignore-body HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.status, 401);
  // Whether the body will still be sent is not known, so nothing behind it could be read.
  EXPECT_EQ(answer.header("connection"), "close");
}

TEST(Connection, ABodyNobodyReadDoesNotBecomeARequest) {
  TestServer server;
  server.start();
  RawClient client = server.client();
  client.post("/ignore-body", "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n");
  const Answer first = client.read_answer();
  EXPECT_EQ(first.status, 401);
  if (first.header("connection") == "close") {  // where the body came in a later packet
    EXPECT_TRUE(client.at_end());
    return;
  }
  client.get("/three");
  EXPECT_EQ(client.read_answer().chunks.size(), 3u);
}

TEST(Connection, ABigBodyThatIsRefusedDoesNotDestroyTheAnswer) {
  TestServer server;
  server.start();
  for (int i = 0; i < 20; ++i) {
    RawClient client = server.client();
    client.post("/ignore-body", std::string(2 << 20, 'x'));
    EXPECT_EQ(client.read_answer().status, 401);
    EXPECT_TRUE(client.at_end());
  }
}

TEST(Connection, SpeaksHttp10) {
  TestServer server;
  server.start();
  RawClient closing = server.client();
  closing.send("GET /hello HTTP/1.0\r\n\r\n");
  const Answer closed = closing.read_answer();
  EXPECT_EQ(closed.body, "hello");
  EXPECT_EQ(closed.header("connection"), "close");
  EXPECT_TRUE(closing.at_end());

  RawClient keeping = server.client();
  keeping.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(keeping.read_answer().header("connection"), "keep-alive");
  keeping.send("GET /three HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const Answer stream = keeping.read_answer();
  EXPECT_FALSE(stream.headers.contains("transfer-encoding"));
  EXPECT_EQ(stream.body, "data: 1\n\ndata: 2\n\ndata: [DONE]\n\n");
}

TEST(Connection, AnswersTheLastRequestOfAHalfClosedClient) {
  TestServer server;
  server.start();
  RawClient client = server.client();
  client.get("/hello");
  client.shut_down_sending();
  EXPECT_EQ(client.read_answer().body, "hello");
  EXPECT_TRUE(client.at_end());
}

TEST(Connection, EveryAnswerCarriesARequestId) {
  TestServer server;
  server.start();
  RawClient client = server.client();
  client.get("/hello", "X-Request-Id: mine-1\r\n");
  EXPECT_EQ(client.read_answer().header("x-request-id"), "mine-1");
  client.get("/nowhere", "X-Request-Id: mine-2\r\n");
  EXPECT_EQ(client.read_answer().header("x-request-id"), "mine-2");
  for (const std::string& id : {std::string("has space"), std::string(129, 'a'), std::string()}) {
    client.get("/three", "X-Request-Id: " + id + "\r\n");
    EXPECT_TRUE(client.read_answer().header("x-request-id").starts_with("req_"));
  }
  client.send("nonsense\r\n\r\n");
  EXPECT_TRUE(client.read_answer().header("x-request-id").starts_with("req_"));
}

TEST(Connection, MalformedRequestsGetOneAnswerAndAnEnd) {
  TestServer server;
  server.start();
  const std::vector<std::pair<std::string, int>> cases = {
      {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n", 400},
      {"GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505},
      {"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n", 414},
      {"GET / HTTP/1.1\r\na: " + std::string(40'000, 'a'), 431},
      {"\x16\x03\x01\x02", 400},
  };
  for (const auto& [bytes, status] : cases) {
    RawClient client = server.client();
    client.send(bytes);
    const Answer answer = client.read_answer();
    EXPECT_EQ(answer.status, status) << bytes.substr(0, 60);
    EXPECT_EQ(answer.header("content-type"), "application/json");
    EXPECT_TRUE(answer.body.starts_with(R"({"error":{"message":)")) << answer.body;
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_TRUE(client.at_end());
  }
  EXPECT_EQ(server.metric("retort_http_malformed_requests_total"),
            static_cast<double>(cases.size()));
}

TEST(Connection, RefusesBodiesBeyondTheLimit) {
  ServerOptions options;
  options.body_bytes_max = 1000;
  TestServer server(std::move(options));
  server.start();
  RawClient exact = server.client();
  exact.post("/echo", std::string(1000, 'a'));
  EXPECT_EQ(exact.read_answer().status, 200);
  exact.post("/echo", std::string(1001, 'a'));
  EXPECT_EQ(exact.read_answer().status, 413);
  EXPECT_TRUE(exact.at_end());

  RawClient chunked = server.client();
  chunked.send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" +
               std::string(1000, 'a') + "\r\n1\r\na\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.read_answer().status, 413);

  RawClient announced = server.client();
  announced.send(
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999999\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(announced.read_answer().status, 413);  // without asking for it first
}

TEST(Connection, BrokenChunksAreTheClientsMistake) {
  TestServer server;
  server.start();
  RawClient client = server.client();
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.status, 400);
  EXPECT_TRUE(client.at_end());
}

TEST(Connection, ASlowHeadIsTimedOutHoweverItTrickles) {
  ServerOptions options;
  options.header_timeout = milliseconds(60);
  options.header_bytes_max = 64 << 20;  // so that time is what runs out
  options.header_count_max = 10'000'000;
  TestServer server(std::move(options));
  server.start();
  RawClient slow = server.client();
  slow.send("GET / HTTP/1.1\r\n");
  while (!slow.readable() && slow.send("a: b\r\n")) continue;
  EXPECT_EQ(slow.read_answer().status, 408);
  RawClient stalled = server.client();
  stalled.send("GET / HT");
  EXPECT_EQ(stalled.read_answer().status, 408);
  EXPECT_TRUE(stalled.at_end());
  RawClient silent = server.client();
  EXPECT_EQ(silent.read_to_end(), "");
}

TEST(Connection, AMissingBodyIsTimedOut) {
  ServerOptions options;
  options.body_timeout = milliseconds(50);
  TestServer server(std::move(options));
  server.start();
  RawClient client = server.client();
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc");
  EXPECT_EQ(client.read_answer().status, 408);
  EXPECT_TRUE(client.at_end());
}

TEST(Connection, AnIdleConnectionIsClosedWithoutAWord) {
  ServerOptions options;
  options.idle_timeout = milliseconds(50);
  TestServer server(std::move(options));
  server.start();
  RawClient client = server.client();
  client.get("/hello");
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_TRUE(client.at_end());
}

TEST(Connection, EndsAfterItsLastAllowedRequest) {
  ServerOptions options;
  options.requests_per_connection_max = 2;
  TestServer server(std::move(options));
  server.start();
  RawClient client = server.client();
  client.get("/hello");
  EXPECT_FALSE(client.read_answer().headers.contains("connection"));
  client.get("/hello");
  EXPECT_EQ(client.read_answer().header("connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST(Connection, AHandlersMistakeIsA500ThatTellsNothing) {
  TestServer server;
  server.add("GET", "/silent", [](Exchange&, const PathParameters&) -> Awaitable<> { co_return; });
  server.add("GET", "/failing", [](Exchange& exchange, const PathParameters&) -> Awaitable<> {
    (void)co_await exchange.respond_error(Error(ErrorKind::internal, "secret path /etc/x"));
  });
  server.add("GET", "/split", [](Exchange& exchange, const PathParameters&) -> Awaitable<> {
    const Result<void> sent = co_await exchange.respond(
        {.status = 200, .headers = {{"x-a", "b\r\nset-cookie: c"}}, .body = ""});
    if (!sent) (void)co_await exchange.respond_error(sent.error());
  });
  server.add("GET", "/throwing", [](Exchange& exchange, const PathParameters&) -> Awaitable<> {
    if (exchange.head().path == "/throwing") throw std::runtime_error("secret");
    co_return;
  });
  server.start();
  RawClient client = server.client();
  for (const char* path : {"/silent", "/failing", "/split", "/throwing"}) {
    client.get(path);
    const Answer answer = client.read_answer();
    EXPECT_EQ(answer.status, 500) << path;
    EXPECT_EQ(answer.body.find("secret"), std::string::npos);
    EXPECT_FALSE(answer.headers.contains("set-cookie"));
  }
  client.get("/hello");
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST(Connection, CountsWhatItServes) {
  TestServer server;
  server.start();
  RawClient client = server.client();
  client.get("/hello");
  client.read_answer();
  client.send("BREW /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  client.read_answer();
  EXPECT_TRUE(client.at_end());
  const std::string text = server.metrics.render();
  const auto has = [&](const char* line) { return text.find(line) != std::string::npos; };
  EXPECT_TRUE(has(R"(retort_http_requests_total{route="/hello",method="GET",status="200"} 1)"))
      << text;
  EXPECT_TRUE(has(R"(retort_http_requests_total{route="/hello",method="other",status="405"} 1)"))
      << text;
  EXPECT_TRUE(has(R"(retort_http_request_seconds_count{route="/hello"} 2)")) << text;
  EXPECT_GT(server.metric("retort_http_sent_bytes_total"), 100);
}

}  // namespace
}  // namespace retort::http::test
