#include "http/router.h"

#include <gtest/gtest.h>

#include <string>

#include "http/test_server.h"

namespace retort::http::test {
namespace {

// Answers with the pattern and the parameters that it was reached by.
Handler echo_route(const std::string& pattern) {
  return [pattern](Exchange& exchange, const PathParameters& parameters) -> Awaitable<> {
    std::string text = pattern;
    for (const char* name : {"id", "other"}) {
      if (!parameters[name].empty()) text += " " + std::string(parameters[name]);
    }
    (void)co_await exchange.respond({.status = 200, .headers = {}, .body = text});
  };
}

class RouterTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* pattern : {"/v1/models/{id...}", "/v1/models", "/v1/chat/{id}",
                                "/v1/chat/{id}/messages/{other}", "/v1/chat/new", "/"}) {
      server_.add("GET", pattern, echo_route(pattern));
    }
    server_.add("POST", "/v1/models", echo_route("posted"));
    server_.start();
  }
  std::string reach(const std::string& target) {
    RawClient client = server_.client();
    client.get(target);
    const Answer answer = client.read_answer();
    return answer.status == 200 ? answer.body : std::to_string(answer.status);
  }

  TestServer server_;
};

TEST_F(RouterTest, FindsTheRouteOfAPath) {
  EXPECT_EQ(reach("/"), "/");
  EXPECT_EQ(reach("/v1/models"), "/v1/models");
  EXPECT_EQ(reach("/v1/models/"), "/v1/models");
  EXPECT_EQ(reach("/v1/models?x=/y"), "/v1/models");
  EXPECT_EQ(reach("/v1/%6dodels"), "/v1/models");
  EXPECT_EQ(reach("/v1/chat/abc"), "/v1/chat/{id} abc");
  EXPECT_EQ(reach("/v1/chat/abc/messages/d%20e"), "/v1/chat/{id}/messages/{other} abc d e");
}

TEST_F(RouterTest, ALiteralWinsOverAParameter) {
  EXPECT_EQ(reach("/v1/chat/new"), "/v1/chat/new");
}

TEST_F(RouterTest, ARestKeepsItsSlashesAndAnEscapedOneIsNone) {
  EXPECT_EQ(reach("/v1/models/meta-llama/Llama-3.3"), "/v1/models/{id...} meta-llama/Llama-3.3");
  EXPECT_EQ(reach("/v1/models/meta-llama%2FLlama-3.3"), "/v1/models/{id...} meta-llama/Llama-3.3");
  EXPECT_EQ(reach("/v1/chat/a%2Fb"), "/v1/chat/{id} a/b");
}

TEST_F(RouterTest, OtherPathsAreNotFound) {
  for (const char* target :
       {"/v1", "/v1/", "/v1/chat", "/v1/chat//messages/x", "//v1/models", "/v1//models",
        "/v1/models//", "/V1/models", "/v1/chat/abc/messages"}) {
    EXPECT_EQ(reach(target), "404") << target;
  }
}

TEST_F(RouterTest, AWrongMethodIsToldTheRightOnes) {
  RawClient client = server_.client();
  client.send("DELETE /v1/models HTTP/1.1\r\nHost: h\r\n\r\n");
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.header("allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_TRUE(answer.body.starts_with(R"({"error":)"));
}

TEST_F(RouterTest, OptionsNamesTheMethods) {
  RawClient client = server_.client();
  client.send("OPTIONS /v1/chat/x HTTP/1.1\r\nHost: h\r\n\r\n");
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.header("allow"), "GET, HEAD, OPTIONS");
  EXPECT_FALSE(answer.headers.contains("content-length"));
  client.send("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 204);
}

TEST_F(RouterTest, HeadIsGetWithoutTheBody) {
  RawClient client = server_.client();
  client.send("HEAD /v1/models HTTP/1.1\r\nHost: h\r\n\r\n");
  const Answer answer = client.read_answer(true);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-length"), "10");
  client.get("/");
  EXPECT_EQ(client.read_answer().body, "/");
}

TEST(Router, RefusesMalformedAndRepeatedPatterns) {
  Router router;
  const Handler handler = echo_route("");
  for (const char* pattern :
       {"", "v1", "/{}", "/{a", "/a}", "/a{b}", "/{...}", "/{a...}/b", "/a//b", "/{a.b}"}) {
    EXPECT_FALSE(router.add("GET", pattern, handler)) << pattern;
  }
  EXPECT_TRUE(router.add("GET", "/a", handler));
  EXPECT_TRUE(router.add("POST", "/a", handler));
  EXPECT_FALSE(router.add("GET", "/a", handler));
  EXPECT_EQ(router.routes().size(), 2u);
}

TEST(Router, ItsOwnNotFoundHandlerAnswersUnknownPaths) {
  TestServer server;
  server.router.set_not_found([](Exchange& exchange, const PathParameters&) -> Awaitable<> {
    (void)co_await exchange.respond({.status = 404, .headers = {}, .body = "mine"});
  });
  server.start();
  RawClient client = server.client();
  client.get("/v1/embeddings");
  EXPECT_EQ(client.read_answer().body, "mine");
}

TEST(Cors, OnlyConfiguredOriginsAreAnswered) {
  ServerOptions options;
  options.cors_origins = {"https://a.example"};
  TestServer server(std::move(options));
  server.start();
  RawClient client = server.client();
  client.get("/hello", "Origin: https://a.example\r\n");
  const Answer allowed = client.read_answer();
  EXPECT_EQ(allowed.header("access-control-allow-origin"), "https://a.example");
  EXPECT_EQ(allowed.header("vary"), "origin");
  client.get("/hello", "Origin: https://b.example\r\n");
  EXPECT_FALSE(client.read_answer().headers.contains("access-control-allow-origin"));

  const std::string preflight =
      "OPTIONS /echo HTTP/1.1\r\nHost: h\r\nAccess-Control-Request-Method: POST\r\n"
      "Access-Control-Request-Headers: authorization,content-type\r\n";
  client.send(preflight + "Origin: https://a.example\r\n\r\n");
  const Answer may = client.read_answer();
  EXPECT_EQ(may.status, 204);
  EXPECT_EQ(may.header("access-control-allow-methods"), "POST, OPTIONS");
  EXPECT_EQ(may.header("access-control-allow-headers"), "authorization,content-type");
  client.send(preflight + "Origin: https://b.example\r\n\r\n");
  EXPECT_FALSE(client.read_answer().headers.contains("access-control-allow-methods"));
}

TEST(Cors, IsSilentWhereNoneIsConfigured) {
  TestServer server;
  server.start();
  RawClient client = server.client();
  client.get("/hello", "Origin: https://a.example\r\n");
  const Answer answer = client.read_answer();
  EXPECT_FALSE(answer.headers.contains("access-control-allow-origin"));
  EXPECT_FALSE(answer.headers.contains("vary"));
}

}  // namespace
}  // namespace retort::http::test
