#include "client/secrets.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "client/mock_testing.h"

namespace retort::client::test {
namespace {

std::string sent_key(const Mocked& mocked, std::size_t request) {
  const auto requests = mocked.mock->requests();
  const std::string* key = requests.at(request).request.headers.find("authorization");
  return key ? *key : "none";
}

TEST(Secrets, KeyThatAServerRepeatsIsTakenOutOfTheLog) {
  for (const char* field : {"Authorization", "api-key", "X-Api-Key"}) {
    const Headers sent = {{field, "Bearer sk-12345"}};
    EXPECT_EQ(without_secrets("wrong key sk-12345, sk-12345!", sent), "wrong key ***, ***!");
  }
  EXPECT_EQ(without_secrets("a line", {{"authorization", "a"}}), "a line");

  Mocked mocked;
  std::string log;
  mocked.options.log = [&log](LogLevel, std::string_view line) { log.append(line).append("\n"); };
  mocked.mock->add(MockAnswer::json(R"({"error":{"message":"no such key: sk-secret"}})", 401));
  EXPECT_FALSE(mocked.client().chat().try_create(hello()).has_value());
  EXPECT_NE(log.find("no such key: ***"), std::string::npos) << log;
  EXPECT_EQ(log.find("sk-secret"), std::string::npos) << log;
}

TEST(Secrets, KeySourceIsAskedBeforeEachAttempt) {
  Mocked mocked;
  mocked.options.retry = RetryPolicy::openai();
  int asked = 0;
  mocked.options.api_key_source = [&asked] {
    return ++asked == 3 ? "" : "key-" + std::to_string(asked);
  };
  mocked.mock->add(MockAnswer::json("{}", 503));
  mocked.mock->add(MockAnswer::json("{}", 503));
  mocked.mock->add(MockAnswer::json(text_answer("Hi")));
  EXPECT_TRUE(mocked.client().chat().try_create(hello()).has_value());
  EXPECT_EQ(sent_key(mocked, 0), "Bearer key-1");
  EXPECT_EQ(sent_key(mocked, 1), "Bearer key-2");
  EXPECT_EQ(sent_key(mocked, 2), "none");
}

TEST(Secrets, KeySourceThatFailsOrBreaksTheHeadFailsTheCall) {
  const std::vector<std::function<std::string()>> sources = {
      []() -> std::string { throw std::runtime_error("no token"); },
      []() -> std::string { throw 7; },
      [] { return std::string("a\r\nx-injected: b"); },
  };
  for (const auto& source : sources) {
    Mocked mocked;
    mocked.options.api_key_source = source;
    const auto answer = mocked.client().chat().try_create(hello());
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().kind(), ErrorKind::config);
    EXPECT_TRUE(answer.error().param().starts_with("api_key")) << answer.error().param();
    EXPECT_TRUE(mocked.mock->requests().empty());
  }
}

TEST(Secrets, HookThatThrowsFailsTheCallWithItsOwnError) {
  Mocked mocked;
  mocked.options.before_attempt = [](HttpRequest&, int) {
    throw Error(ErrorKind::io, "the vault is shut");
  };
  const auto answer = mocked.client().chat().try_stream(hello());
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().message(), "the vault is shut");
  EXPECT_TRUE(mocked.mock->requests().empty());
}

TEST(Secrets, NoKeyGoesOverPlainHttpByAnyWay) {
  const std::vector<std::function<void(Mocked&, RequestOptions&)>> ways = {
      [](Mocked& m, RequestOptions&) { m.options.headers.set("authorization", "Bearer sk"); },
      [](Mocked& m, RequestOptions&) { m.options.headers.set("API-Key", "sk"); },
      [](Mocked&, RequestOptions& call) { call.headers.set("Authorization", "Basic c2s="); },
      [](Mocked& m, RequestOptions&) { m.options.api_key_source = [] { return "sk"; }; },
      [](Mocked& m, RequestOptions&) {
        m.options.before_attempt = [](HttpRequest& request, int) {
          request.headers.set("Authorization", "Bearer sk");
        };
      },
      // To this machine, but through another.
      [](Mocked& m, RequestOptions&) {
        m.options.base_url = "http://localhost";
        m.options.api_key = "sk";
        m.options.network.proxy = "http://proxy.example.com";
      },
  };
  for (const auto& way : ways) {
    Mocked mocked;
    RequestOptions call;
    mocked.options.base_url = "http://example.com";
    mocked.options.api_key = "";
    way(mocked, call);
    const auto answer = mocked.client().chat().try_create(hello(), call);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().param(), "api_key_over_http") << answer.error().message();
    EXPECT_TRUE(mocked.mock->requests().empty());
  }
}

TEST(Secrets, UnixSocketIsThisMachine) {
  Mocked mocked;
  mocked.options.base_url = "http://server";
  mocked.options.network.unix_socket = "/run/server.sock";
  mocked.mock->add(MockAnswer::json(text_answer("Hi")));
  EXPECT_TRUE(mocked.client().chat().try_create(hello()).has_value());
}

}  // namespace
}  // namespace retort::client::test
