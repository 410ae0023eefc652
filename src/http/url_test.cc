#include "http/url.h"

#include <gtest/gtest.h>

namespace retort::http {
namespace {

TEST(Url, HasAnOriginAndAPath) {
  const Result<Url> url = parse_url("https://api.example:8443/v1/");
  ASSERT_TRUE(url) << url.error().message();
  EXPECT_EQ(url->origin, (Origin{.tls = true, .host = "api.example", .port = 8443}));
  EXPECT_EQ(url->path, "/v1");
  EXPECT_EQ(parse_url("http://localhost")->origin.authority(), "localhost");
  EXPECT_EQ(parse_url("https://localhost")->origin.port, 443);
  EXPECT_EQ(parse_url("http://[::1]:81/x")->origin.host, "::1");
  EXPECT_EQ(parse_url("http://[::1]:81/x")->origin.authority(), "[::1]:81");
  EXPECT_EQ(parse_url("HTTPS://localhost")->origin.port, 443);
  EXPECT_EQ(parse_url("http://127.0.0.1:8080")->origin.authority(), "127.0.0.1:8080");
}

TEST(Url, RefusesWhatItCannotKeepAndRepeatsNoSecret) {
  for (const char* text :
       {"", "x", "ftp://x", "http://", "http://:80", "http://x:", "http://x:0", "http://x:65536",
        "http://user:secret@x", "http://x/a?b", "http://x/a#b", "http://x/a b", "http://x\r\ny",
        "http://[::1", "http://[::1]x", "http://[localhost]", "http://a:b:c"}) {
    const Result<Url> url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().message().find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace retort::http
