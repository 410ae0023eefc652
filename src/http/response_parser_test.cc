#include "http/response_parser.h"

#include <gtest/gtest.h>

namespace retort::http {
namespace {

using Framing = ResponseHead::Framing;

ResponseHead parse(const std::string& text, bool to_head_request = false) {
  const Result<ResponseHead> head = parse_response_head(text, to_head_request);
  EXPECT_TRUE(head) << text << head.error().message();
  return head ? *head : ResponseHead{};
}

TEST(ResponseParser, ReadsStatusFieldsAndFraming) {
  const ResponseHead head =
      parse("HTTP/1.1 429 Too Many Requests\r\nRetry-After:  7 \r\nContent-Length: 12\r\n\r\n");
  EXPECT_EQ(head.status, 429);
  EXPECT_EQ(head.headers.find("retry-after"), "7");
  EXPECT_EQ(head.framing, Framing::length);
  EXPECT_EQ(head.content_length, 12u);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(parse("HTTP/1.1 200 \r\nTransfer-Encoding: Chunked\r\n\r\n").framing, Framing::chunked);
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\n\r\n").framing, Framing::until_close);
  EXPECT_EQ(parse("HTTP/1.1 204 \r\ncontent-length: 3\r\n\r\n").framing, Framing::none);
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n", true).framing, Framing::none);
}

TEST(ResponseParser, KnowsWhetherTheConnectionGoesOn) {
  const std::string length = "content-length: 0\r\n";
  EXPECT_FALSE(parse("HTTP/1.1 200 OK\r\nconnection: x, Close\r\n" + length + "\r\n").keep_alive);
  EXPECT_FALSE(parse("HTTP/1.0 200 OK\r\n" + length + "\r\n").keep_alive);
  EXPECT_TRUE(parse("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n" + length + "\r\n").keep_alive);
  EXPECT_FALSE(parse("HTTP/1.1 200 OK\r\n\r\n").keep_alive);
}

TEST(ResponseParser, RefusesAHeadThatTwoCouldReadInTwoWays) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string_view heads[] = {
      "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 99 No\r\n\r\n",
      "HTTP/1.1 099 No\r\n\r\n", "HTTP/1.1 600 No\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 200OK\r\n\r\n",
  };
  for (const std::string_view head : heads) {
    EXPECT_FALSE(parse_response_head(head, false)) << head;
  }
  for (const char* fields :
       {"a : b", ": b", "no colon", "content-length: 1\r\ncontent-length: 1",
        "content-length: 1, 1", "content-length: 1\r\ntransfer-encoding: chunked",
        "content-length: -1", "content-length: +1", "content-length: 0x1",
        "content-length: 99999999999999999999", "content-length: 1000000000000000000",
        "content-length:", "transfer-encoding: gzip", "transfer-encoding: gzip, chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked"}) {
    const auto head = parse_response_head(ok + fields + "\r\n\r\n", false);
    ASSERT_FALSE(head) << fields;
    EXPECT_EQ(head.error().kind(), ErrorKind::malformed);
    EXPECT_TRUE(head.error().message().starts_with("the server's answer ")) << fields;
  }
  EXPECT_FALSE(parse_response_head("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", false));
  EXPECT_FALSE(parse_response_head(ok + "a: b\r\n", false));
}

TEST(ResponseParser, ABodyDoesNotDependOnHowItsBytesAreCut) {
  const ResponseHead head = parse("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
  const std::string bytes = "3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nt: u\r\n\r\nnext";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    ResponseBody body(head);
    std::string text;
    std::size_t used = 0;
    for (std::size_t at = 0; at < bytes.size() && !body.done(); at += piece) {
      const Result<std::size_t> fed = body.feed(bytes.substr(at, piece), text, 100);
      ASSERT_TRUE(fed) << fed.error().message();
      used += *fed;
    }
    EXPECT_EQ(text, "abcd");
    EXPECT_EQ(bytes.substr(used), "next");
  }
}

}  // namespace
}  // namespace retort::http
