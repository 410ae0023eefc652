// A connection's bytes through the request parser: whatever they are, and however they are cut, the
// same requests come out or the same refusal, and what comes out keeps what the parser promises.
//
// The first byte says how the rest is cut. Two readings are compared, byte pieces against one
// piece.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "http/request_parser.h"

namespace {

using retort::Result;
using retort::http::BodyDecoder;
using retort::http::HeadLimits;
using retort::http::HeadScanner;
using retort::http::parse_request_head;
using retort::http::ParsedHead;

constexpr HeadLimits kLimits{
    .request_line_bytes_max = 512, .header_bytes_max = 2048, .header_count_max = 20};
constexpr std::size_t kBodyBytesMax = 4096;

void require(bool claim) {
  if (!claim) std::abort();
}

void check_head(const ParsedHead& parsed) {
  const auto& head = parsed.head;
  require(!head.method.empty() && head.target.size() <= kLimits.request_line_bytes_max);
  require(head.target == "*" || head.target.starts_with('/'));
  require(retort::base::is_utf8(head.path) && head.path.find('\0') == std::string::npos);
  require(head.headers.size() <= kLimits.header_count_max);
  require(!parsed.chunked || parsed.content_length == 0);
  for (const auto& [name, value] : head.headers) {
    require(!name.empty() && value.find_first_of("\r\n\0") == std::string::npos);
    require(value.empty() || (value.front() != ' ' && value.back() != ' '));
  }
}

// What a connection makes of `bytes` when they arrive `step` at a time, as one text: a line a
// request, the last one the status it ends with.
std::string read_connection(std::string_view bytes, std::size_t step) {
  std::string seen;
  std::string input;
  const auto arrive = [&] {
    const std::string_view piece = bytes.substr(0, step);
    input += piece;
    bytes.remove_prefix(piece.size());
    return !piece.empty();
  };
  for (;;) {
    HeadScanner scanner(kLimits);
    Result<std::size_t> size = scanner.scan(input);
    while (size && *size == 0 && arrive()) size = scanner.scan(input);
    if (!size) return seen + std::to_string(size.error().status());
    if (*size == 0) return seen + "end";
    const Result<ParsedHead> parsed = parse_request_head(std::string_view(input).substr(0, *size));
    input.erase(0, *size);
    if (!parsed) return seen + std::to_string(parsed.error().status());
    check_head(*parsed);
    seen += parsed->head.method + " " + parsed->head.target + " ";

    BodyDecoder decoder(parsed->chunked, parsed->content_length);
    std::string body;
    for (;;) {
      const Result<std::size_t> used = decoder.feed(input, body, kBodyBytesMax);
      if (!used) return seen + std::to_string(used.error().status());
      require(body.size() <= kBodyBytesMax && (decoder.done() || *used == input.size()));
      input.erase(0, *used);
      if (decoder.done()) break;
      if (!arrive()) return seen + "unfinished " + body;
    }
    seen += body + "\n";
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string bytes;
  std::transform(data + 1, data + size, std::back_inserter(bytes),
                 [](std::uint8_t byte) { return static_cast<char>(byte); });
  const std::size_t step = 1 + data[0] % 64;
  require(read_connection(bytes, bytes.size() + 1) == read_connection(bytes, step));
  return 0;
}
