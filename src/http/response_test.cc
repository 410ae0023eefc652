#include "http/response.h"

#include <gtest/gtest.h>

#include <string>

namespace retort::http {
namespace {

TEST(Response, WritesDatesAsRfc9110Does) {
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // the RFC's own example
  EXPECT_EQ(http_date(951782399), "Mon, 28 Feb 2000 23:59:59 GMT");
  EXPECT_EQ(http_date(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST(Response, HeadersThatCouldSplitAnAnswerAreRefused) {
  for (const Headers::Field& field : {Headers::Field{"a\r\nb", "c"},
                                      {"a b", "c"},
                                      {"", "c"},
                                      {"a:", "c"},
                                      {"a", "b\r\nc: d"},
                                      {"a", "b\nc"},
                                      {"a", std::string("b\0c", 3)},
                                      {"Content-Length", "5"},
                                      {"transfer-encoding", "chunked"},
                                      {"X-Request-Id", "x"}}) {
    Headers headers;
    headers.add(field.first, field.second);
    EXPECT_FALSE(check_headers(headers)) << field.first;
  }
  EXPECT_TRUE(check_headers({{"content-type", "text/plain"}, {"x-a", "tab\tand \xC3\xA9"}}));
}

TEST(Response, RendersStatusLineAndFields) {
  EXPECT_EQ(render_head(404, {{"a", "b"}}, {{"c", "d"}}),
            "HTTP/1.1 404 Not Found\r\na: b\r\nc: d\r\n\r\n");
}

}  // namespace
}  // namespace retort::http
