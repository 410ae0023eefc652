#include "http/request_parser.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <optional>

#include "http/head_collector.h"

namespace retort::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;

// 15 hexadecimal digits cannot overflow 64 bits, and no body is that long.
constexpr std::size_t kSizeDigitsMax = 15;
// Extensions and trailers are read over, but not without end: all of one body's together.
constexpr std::size_t kOverheadBytesMax = 8 * 1024;

Error bad_request(std::string message) {
  return Error(ErrorKind::invalid_request, std::move(message));
}

Error bad_chunk() {
  return Error(ErrorKind::invalid_request, "Malformed chunked body.");
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
}

Error describe(const error_code& error) {
  if (error == beast_http::error::bad_version) {
    return bad_request("Only HTTP/1.1 and HTTP/1.0 are spoken here.").with_status(505);
  }
  if (error == beast_http::error::bad_method) return bad_request("Malformed request method.");
  if (error == beast_http::error::bad_target) return bad_request("Malformed request target.");
  if (error == beast_http::error::bad_content_length ||
      error == beast_http::error::multiple_content_length) {
    return bad_request("Content-Length must be one decimal number.");
  }
  if (error == beast_http::error::bad_transfer_encoding) {
    return bad_request("Transfer-Encoding and Content-Length must not be repeated or combined.");
  }
  return bad_request("Malformed header field.");
}

Result<void> read_target(RequestHead& head) {
  const std::string& target = head.target;
  const bool visible =
      std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
  if (target == "*" && head.method == "OPTIONS") {
    head.path = target;
    return {};
  }
  if (!visible || !target.starts_with('/')) {
    return bad_request("The request target must be a path, such as /v1/models.");
  }
  const std::size_t mark = std::min(target.find('?'), target.size());
  std::optional<std::string> path = percent_decode(std::string_view(target).substr(0, mark));
  if (!path) return bad_request("The request path is not percent-encoded UTF-8.");
  head.path = std::move(*path);
  head.query = target.substr(std::min(target.size(), mark + 1));
  return {};
}

Result<void> read_host_and_expect(ParsedHead& parsed) {
  const Headers& headers = parsed.head.headers;
  const std::size_t hosts = headers.count("host");
  if (hosts > 1 || (hosts == 0 && parsed.http_1_1)) {
    return bad_request("A request needs exactly one Host header.");
  }
  const std::optional<std::string_view> expect = headers.find("expect");
  if (!expect || !parsed.http_1_1) return {};  // RFC 9110, 10.1.1: HTTP/1.0 is not heeded
  if (!equals_ignoring_case(*expect, "100-continue")) {
    return bad_request("The only expectation understood is 100-continue.").with_status(417);
  }
  parsed.expects_continue = true;
  return {};
}

}  // namespace

Result<void> HeadScanner::check_byte(std::string_view bytes, std::size_t index) const {
  const char c = bytes[index];
  const char before = index == 0 ? '\0' : bytes[index - 1];
  if ((c == '\n') != (before == '\r')) return bad_request("A line must end in CR LF.");
  if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) {
    if (c == ' ' && index == line_begin_) return bad_request("A header line must not be folded.");
    return {};
  }
  if (c == '\t' && index != line_begin_) return {};
  if (c == '\r' || c == '\n') return {};
  return bad_request("A request head must not hold control characters.");
}

Result<void> HeadScanner::check_limits(std::size_t index) const {
  const std::size_t bytes = index + 1;
  if (lines_ == 0 && bytes - line_begin_ > limits_.request_line_bytes_max) {
    return bad_request("The request line is longer than " +
                       std::to_string(limits_.request_line_bytes_max) + " bytes.")
        .with_status(414);
  }
  if (lines_ > 0 && bytes - fields_begin_ > limits_.header_bytes_max) {
    return Error(ErrorKind::headers_too_large, "The header fields are longer than " +
                                                   std::to_string(limits_.header_bytes_max) +
                                                   " bytes together.");
  }
  if (lines_ > limits_.header_count_max + 1) {
    return Error(
        ErrorKind::headers_too_large,
        "There are more than " + std::to_string(limits_.header_count_max) + " header fields.");
  }
  return {};
}

Result<std::size_t> HeadScanner::scan(std::string_view bytes) {
  for (; scanned_ < bytes.size(); ++scanned_) {
    if (Result<void> byte = check_byte(bytes, scanned_); !byte) return std::move(byte).error();
    if (Result<void> limit = check_limits(scanned_); !limit) return std::move(limit).error();
    if (bytes[scanned_] != '\n') continue;
    const bool empty_line = scanned_ - line_begin_ == 1;
    line_begin_ = scanned_ + 1;
    if (empty_line && lines_ > 0) return ++scanned_;
    if (empty_line) {
      // RFC 9112, 2.2: one empty line in front of a request is overlooked, more are not.
      if (scanned_ > 1) return bad_request("The request line is empty.");
      continue;
    }
    if (++lines_ == 1) fields_begin_ = line_begin_;
  }
  return std::size_t{0};
}

Result<BodyFraming> read_framing(const Headers& headers, bool http_1_1) {
  const std::optional<std::string_view> coding = headers.find("transfer-encoding");
  const std::optional<std::string_view> length = headers.find("content-length");
  if (headers.count("content-length") > 1 || headers.count("transfer-encoding") > 1 ||
      (coding && length)) {
    return bad_request("Transfer-Encoding and Content-Length must not be repeated or combined.");
  }
  if (coding) {
    if (!http_1_1) return bad_request("HTTP/1.0 has no Transfer-Encoding.");
    if (!equals_ignoring_case(*coding, "chunked")) {
      return bad_request("The only transfer coding understood is chunked.").with_status(501);
    }
    return BodyFraming{.chunked = true, .length = std::nullopt};
  }
  if (!length) return BodyFraming{};
  // 18 digits cannot overflow, and leave no body that any limit allows out.
  if (length->empty() || length->size() > 18 ||
      !std::ranges::all_of(*length, [](char c) { return c >= '0' && c <= '9'; })) {
    return bad_request("Content-Length must be one decimal number.");
  }
  std::uint64_t bytes = 0;
  for (const char c : *length) bytes = bytes * 10 + static_cast<std::uint64_t>(c - '0');
  return BodyFraming{.chunked = false, .length = bytes};
}

Result<ParsedHead> parse_request_head(std::string_view bytes) {
  if (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
  HeadCollector<true> collector;
  error_code error;
  const std::size_t used = collector.put({bytes.data(), bytes.size()}, error);
  if (error) return describe(error);
  if (used != bytes.size() || !collector.is_header_done()) return bad_request("Malformed head.");

  ParsedHead parsed;
  parsed.head.method = std::move(collector.method);
  parsed.head.target = std::move(collector.target);
  parsed.head.headers = std::move(collector.headers);
  parsed.http_1_1 = collector.http_1_1;
  parsed.keep_alive = collector.keep_alive();
  if (Result<void> read = read_target(parsed.head); !read) return std::move(read).error();
  const Result<BodyFraming> framing = read_framing(parsed.head.headers, parsed.http_1_1);
  if (!framing) return framing.error();
  parsed.chunked = framing->chunked;
  parsed.content_length = framing->length.value_or(0);
  if (Result<void> read = read_host_and_expect(parsed); !read) return std::move(read).error();
  return parsed;
}

// Chunked coding is read here and not by Beast, whose reader (1.81) asserts on a last chunk that
// arrives in pieces.
BodyDecoder::BodyDecoder(bool chunked, std::uint64_t content_length)
    : chunked_(chunked), state_(State::data), left_(content_length) {
  if (chunked) state_ = State::size_first;
  if (!chunked && content_length == 0) state_ = State::done;
}

Result<std::size_t> BodyDecoder::feed(std::string_view bytes, std::string& body,
                                      std::size_t bytes_max) {
  std::size_t used = 0;
  while (!done()) {
    const bool data = state_ == State::data;
    if (data && left_ > bytes_max - std::min(bytes_max, body.size())) {
      return Error(ErrorKind::too_large, "The request body is too large.");
    }
    if (used == bytes.size()) break;
    if (!data) {
      if (Result<void> stepped = step(bytes[used++]); !stepped) return std::move(stepped).error();
      continue;
    }
    const std::size_t count =
        static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - used));
    body.append(bytes.substr(used, count));
    used += count;
    left_ -= count;
    if (left_ == 0) state_ = chunked_ ? State::data_cr : State::done;
  }
  return used;
}

Result<void> BodyDecoder::step(char c) {
  switch (state_) {
    case State::size_first:
    case State::size:
      return read_size_digit(c);
    case State::extension:
    case State::size_line_end:
      return read_size_line(c);
    case State::data_cr:
      return expect(c, '\r', State::data_lf);
    case State::data_lf:
      return expect(c, '\n', State::size_first);
    case State::trailer_begin:
    case State::trailer:
      return read_trailer(c);
    case State::trailer_lf:
      return expect(c, '\n', State::trailer_begin);
    case State::last_lf:
      return expect(c, '\n', State::done);
    case State::data:
    case State::done:
      break;
  }
  return bad_chunk();
}

Result<void> BodyDecoder::expect(char c, char wanted, State next) {
  if (c != wanted) return bad_chunk();
  state_ = next;
  return {};
}

Result<void> BodyDecoder::read_size_digit(char c) {
  const int digit = hex_digit(c);
  if (state_ == State::size_first) {
    if (digit < 0) return bad_chunk();
    left_ = 0;
    size_digits_ = 0;
    state_ = State::size;
  }
  if (digit < 0) {
    state_ = State::extension;
    return c == ';' || c == '\r' ? read_size_line(c) : bad_chunk();
  }
  if (++size_digits_ > kSizeDigitsMax) return bad_chunk();
  left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
  return {};
}

Result<void> BodyDecoder::read_size_line(char c) {
  if (state_ == State::size_line_end) {
    return expect(c, '\n', left_ == 0 ? State::trailer_begin : State::data);
  }
  if (c == '\r') {
    state_ = State::size_line_end;
    return {};
  }
  if (is_control(c) || ++overhead_ > kOverheadBytesMax) return bad_chunk();
  return {};
}

Result<void> BodyDecoder::read_trailer(char c) {
  if (c == '\r') {
    state_ = state_ == State::trailer_begin ? State::last_lf : State::trailer_lf;
    return {};
  }
  if (is_control(c) || ++overhead_ > kOverheadBytesMax) return bad_chunk();
  state_ = State::trailer;
  return {};
}

}  // namespace retort::http
