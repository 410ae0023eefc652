#include "http/request_parser.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

namespace retort::http {
namespace {

constexpr HeadLimits kLimits{
    .request_line_bytes_max = 100, .header_bytes_max = 300, .header_count_max = 5};

// As a connection does: scan, then parse. The status of the refusal, 0 where the head is not
// complete, 200 where it is good.
int status_of(const std::string& bytes) {
  HeadScanner scanner(kLimits);
  const Result<std::size_t> size = scanner.scan(bytes);
  if (!size) return size.error().status();
  if (*size == 0) return 0;
  const Result<ParsedHead> parsed = parse_request_head(bytes.substr(0, *size));
  return parsed ? 200 : parsed.error().status();
}

TEST(RequestParser, ReadsAWholeHead) {
  const Result<ParsedHead> parsed = parse_request_head(
      "POST /v1/a%20b?x=1&y=%C3%A9 HTTP/1.1\r\nHost: h\r\nX-Two:  a \r\nx-two: b\r\n"
      "content-length: 12\r\nExpect: 100-Continue\r\n\r\n");
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->head.method, "POST");
  EXPECT_EQ(parsed->head.target, "/v1/a%20b?x=1&y=%C3%A9");
  EXPECT_EQ(parsed->head.path, "/v1/a b");
  EXPECT_EQ(parsed->head.query, "x=1&y=%C3%A9");
  EXPECT_EQ(query_value(parsed->head.query, "y"), "é");
  EXPECT_EQ(parsed->head.headers.find("X-TWO"), "a");
  EXPECT_EQ(parsed->head.headers.count("x-Two"), 2u);
  EXPECT_EQ(parsed->content_length, 12u);
  EXPECT_TRUE(parsed->expects_continue);
  EXPECT_TRUE(parsed->keep_alive);
  EXPECT_FALSE(parsed->chunked);
}

TEST(RequestParser, KeepAliveFollowsVersionAndConnection) {
  const auto keeps = [](const std::string& version, const std::string& fields) {
    return parse_request_head("GET / HTTP/" + version + "\r\nHost: h\r\n" + fields + "\r\n")
        ->keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_FALSE(keeps("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: Keep-Alive, Close\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: keep-alive\r\n"));
}

struct Case {
  const char* what;
  std::string bytes;
  int status;
};

TEST(RequestParser, RefusesWhatTwoServersCouldReadDifferently) {
  const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  const std::vector<Case> cases = {
      {"good", get + "\r\n", 200},
      {"one empty line first", "\r\n" + get + "\r\n", 200},
      {"two empty lines first", "\r\n\r\n" + get + "\r\n", 400},
      {"incomplete", get, 0},
      {"bare LF", "GET / HTTP/1.1\nHost: h\n\n", 400},
      {"bare CR", get + "a: b\rc: d\r\n\r\n", 400},
      {"CR CR LF", get + "a: b\r\r\n\r\n", 400},
      {"folded line", get + "a: b\r\n c\r\n\r\n", 400},
      {"folded with tab", get + "a: b\r\n\tc\r\n\r\n", 400},
      {"folded first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
      {"NUL in a value", get + std::string("a: b\0c\r\n\r\n", 10), 400},
      {"NUL in the target", std::string("GET /\0 HTTP/1.1\r\n", 17), 400},
      {"DEL", get + "a: \x7F\r\n\r\n", 400},
      {"a TLS hello", "\x16\x03\x01", 400},
      {"space before the colon", get + "a : b\r\n\r\n", 400},
      {"no colon", get + "abc\r\n\r\n", 400},
      {"empty name", get + ": b\r\n\r\n", 400},
      {"space in a name", get + "a b: c\r\n\r\n", 400},
      {"both framings", post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"both, other order", post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400},
      {"two lengths", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400},
      {"the same length twice", post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", 400},
      {"listed length", post + "Content-Length: 3, 3\r\n\r\n", 400},
      {"signed length", post + "Content-Length: +3\r\n\r\n", 400},
      {"negative length", post + "Content-Length: -3\r\n\r\n", 400},
      {"hexadecimal length", post + "Content-Length: 0x3\r\n\r\n", 400},
      {"empty length", post + "Content-Length: \r\n\r\n", 400},
      {"overflowing length", post + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {"unknown coding", post + "Transfer-Encoding: gzip\r\n\r\n", 501},
      {"listed coding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"disguised coding", post + "Transfer-Encoding: xchunked\r\n\r\n", 501},
      {"two codings", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n", 400},
      {"coding in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"no Host in 1.0", "GET / HTTP/1.0\r\n\r\n", 200},
      {"two Hosts", get + "Host: i\r\n\r\n", 400},
      {"absolute target", "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"CONNECT", "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"asterisk of GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"asterisk of OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 200},
      {"raw UTF-8 in the target", "GET /é HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"fragment", "GET /#a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"half an escape", "GET /%4 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"escaped NUL", "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"escaped line feed", "GET /%0A HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"escaped broken UTF-8", "GET /%FF HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"no version", "GET /\r\nHost: h\r\n\r\n", 400},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
      {"HTTP/0.9", "GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505},
      {"lower-case http", "GET / http/1.1\r\nHost: h\r\n\r\n", 505},
      {"odd expectation", get + "Expect: 200-ok\r\n\r\n", 417},
      {"long request line", "GET /" + std::string(100, 'a'), 414},
      {"long fields", get + "a: " + std::string(300, 'b'), 431},
      {"many fields", get + "a: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\ne: 5\r\n\r\n", 431},
      {"as many fields as allowed", get + "a: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\n\r\n", 200},
  };
  for (const Case& one : cases) EXPECT_EQ(status_of(one.bytes), one.status) << one.what;
}

TEST(RequestParser, ScansTheSameHoweverTheBytesAreCut) {
  const std::string bytes = "GET /x HTTP/1.1\r\nHost: h\r\na: b\r\n\r\nGET /next";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    HeadScanner scanner(kLimits);
    std::size_t size = 0;
    for (std::size_t end = step; size == 0 && end <= bytes.size() + step; end += step) {
      const Result<std::size_t> scanned = scanner.scan(std::string_view(bytes).substr(0, end));
      ASSERT_TRUE(scanned);
      size = *scanned;
    }
    EXPECT_EQ(size, bytes.find("GET /next")) << "step " << step;
  }
}

TEST(BodyDecoder, StopsAtTheLengthItWasTold) {
  BodyDecoder decoder(false, 5);
  std::string body;
  EXPECT_EQ(*decoder.feed("abc", body, 100), 3u);
  EXPECT_FALSE(decoder.done());
  EXPECT_EQ(*decoder.feed("defgh", body, 100), 2u);
  EXPECT_TRUE(decoder.done());
  EXPECT_EQ(body, "abcde");
}

TEST(BodyDecoder, RefusesALengthBeyondTheLimitBeforeTakingAnything) {
  BodyDecoder decoder(false, 101);
  std::string body;
  EXPECT_EQ(decoder.feed("a", body, 100).error().status(), 413);
  EXPECT_EQ(body, "");
}

// What encode() makes of any body, decode() gives back, however it is cut, and what follows stays.
TEST(BodyDecoder, TakesAnyChunkedBodyOutOfItsFraming) {
  rc::check([](const std::vector<std::string>& chunks, std::size_t seed) {
    std::string framed;
    std::string wanted;
    for (const std::string& chunk : chunks) {
      if (chunk.empty()) continue;
      char size[32];
      snprintf(size, sizeof size, "%zX", chunk.size());
      framed += std::string(size) + ";ext=\"v\"\r\n" + chunk + "\r\n";
      wanted += chunk;
    }
    framed += "000\r\ntrailer: x\r\n\r\n";
    const std::string bytes = framed + "GET";
    BodyDecoder decoder(true, 0);
    std::string body;
    std::size_t position = 0;
    while (!decoder.done() && position < bytes.size()) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      const std::size_t count = 1 + (seed >> 33) % 7;
      const Result<std::size_t> used =
          decoder.feed(std::string_view(bytes).substr(position, count), body, 1 << 20);
      RC_ASSERT(used.has_value());
      position += *used;
    }
    RC_ASSERT(body == wanted);
    RC_ASSERT(position == framed.size());
  });
}

TEST(BodyDecoder, RefusesMalformedChunks) {
  for (const std::string& bytes :
       {std::string("x\r\n"), std::string("\r\n"), std::string("-1\r\n"),
        std::string("+1\r\na\r\n"), std::string("0x1\r\na\r\n"), std::string("1 \r\na\r\n"),
        std::string(" 1\r\na\r\n"), std::string("1\na\r\n"), std::string("1\r\nab\r\n"),
        std::string("1\r\na\n0\r\n\r\n"), std::string("1\r\na0\r\n\r\n"),
        std::string("1111111111111111\r\n"), std::string("0\r\nbad\ntrailer\r\n\r\n"),
        std::string("0\r\n\rX"), std::string("1;a\0b\r\nx\r\n", 10),
        "1;" + std::string(9000, 'x') + "\r\n", "0\r\na: " + std::string(9000, 'x') + "\r\n\r\n"}) {
    BodyDecoder decoder(true, 0);
    std::string body;
    const Result<std::size_t> used = decoder.feed(bytes, body, 1 << 20);
    ASSERT_FALSE(used) << bytes;
    EXPECT_EQ(used.error().status(), 400) << bytes;
  }
}

TEST(BodyDecoder, RefusesTheChunkThatCrossesTheLimit) {
  BodyDecoder decoder(true, 0);
  std::string body;
  EXPECT_EQ(decoder.feed("a\r\n0123456789\r\n1\r\nx\r\n", body, 10).error().status(), 413);
  EXPECT_EQ(body, "0123456789");
  BodyDecoder huge(true, 0);
  EXPECT_EQ(huge.feed("fffffffffffffff\r\n", body, 10).error().status(), 413);
}

}  // namespace
}  // namespace retort::http
