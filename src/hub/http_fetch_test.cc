#include "hub/http_fetch.h"

#include <gtest/gtest.h>

namespace retort::hub {
namespace {

TEST(HttpFetch, AnOriginIsSchemeHostAndPort) {
  EXPECT_EQ(origin_of("https://Hub.example/a?b"), "https://hub.example:443");
  EXPECT_EQ(origin_of("http://hub.example:8080"), "http://hub.example:8080");
  EXPECT_NE(origin_of("http://hub.example"), origin_of("https://hub.example"));
  EXPECT_NE(origin_of("http://hub.example"), origin_of("http://hub.example.evil"));
  for (const char* url : {"", "hub.example", "ftp://hub.example", "file:///etc/passwd", "http://",
                          "http://hub@evil.example", "http://u:p@hub.example"}) {
    EXPECT_FALSE(origin_of(url)) << url;
  }
}

TEST(HttpFetch, ALocationIsReadAgainstWhereItCameFrom) {
  EXPECT_EQ(resolve_url("http://hub/a/b?c", "/d"), "http://hub/d");
  EXPECT_EQ(resolve_url("http://hub/a/b?c", "d?e"), "http://hub/a/d?e");
  EXPECT_EQ(resolve_url("http://hub/a", "https://cdn/x?y=%20"), "https://cdn/x?y=%20");
  EXPECT_EQ(resolve_url("https://hub/a", "//cdn/x"), "https://cdn/x");
}

TEST(HttpFetch, ARedirectThatLeavesHttpsIsSeenHoweverTheHubIsSpelled) {
  EXPECT_TRUE(leaves_https("https://hub/a", "http://hub/a"));
  EXPECT_TRUE(leaves_https("HTTPS://hub/a", "http://cdn/a"));
  EXPECT_FALSE(leaves_https("https://hub/a", "https://cdn/a"));
  EXPECT_FALSE(leaves_https("http://hub/a", "http://cdn/a"));
  EXPECT_FALSE(leaves_https("http://hub/a", "https://hub/a"));
}

TEST(HttpFetch, APathIsEscapedForAnAddress) {
  EXPECT_EQ(escape_path("a/b c#?%+\xC3\xA9.gguf"), "a/b%20c%23%3F%25%2B%C3%A9.gguf");
}

TEST(HttpFetch, SaysThatNothingAnswers) {
  Result<Fetcher> fetcher = Fetcher::make({});
  ASSERT_TRUE(fetcher);
  const auto got = fetcher->get({.url = "http://127.0.0.1:1/?secret", .token = "t0ken"},
                                [](const FetchHead&, std::string_view) { return Result<void>(); });
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind(), ErrorKind::connection);
  EXPECT_EQ(got.error().message(), "http://127.0.0.1:1: nothing answers there");
}

}  // namespace
}  // namespace retort::hub
