#include "http/response_parser.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <utility>

#include "http/head_collector.h"

namespace retort::http {
namespace {

constexpr int kStatusMin = 100;
constexpr int kStatusMax = 599;

Error malformed(std::string_view what) {
  return Error(ErrorKind::malformed, "the server's answer " + std::string(what));
}

Result<void> frame(ResponseHead& head, bool http_1_1) {
  const Result<BodyFraming> framing = read_framing(head.headers, http_1_1);
  if (!framing) return malformed("cannot be read: " + framing.error().message());
  if (framing->chunked) {
    head.framing = ResponseHead::Framing::chunked;
  } else if (framing->length) {
    head.framing = ResponseHead::Framing::length;
    head.content_length = *framing->length;
  } else {
    head.framing = ResponseHead::Framing::until_close;
    head.keep_alive = false;
  }
  return {};
}

}  // namespace

Result<ResponseHead> parse_response_head(std::string_view bytes, bool to_head_request) {
  HeadCollector<false> collector;
  collector.skip(to_head_request);
  boost::beast::error_code error;
  const std::size_t used = collector.put({bytes.data(), bytes.size()}, error);
  if (error == boost::beast::http::error::bad_version) return malformed("is not HTTP/1.1");
  if (error) return malformed("has a malformed head: " + error.message());
  if (used != bytes.size() || !collector.is_header_done()) return malformed("has no whole head");
  if (collector.status < kStatusMin || collector.status > kStatusMax) {
    return malformed("has a status that is none: " + std::to_string(collector.status));
  }
  ResponseHead head;
  head.status = collector.status;
  head.headers = std::move(collector.headers);
  head.keep_alive = collector.keep_alive();
  const bool has_body =
      !to_head_request && head.status >= 200 && head.status != 204 && head.status != 304;
  if (!has_body) return head;
  if (Result<void> framed = frame(head, collector.http_1_1); !framed) {
    return std::move(framed).error();
  }
  return head;
}

ResponseBody::ResponseBody(const ResponseHead& head)
    : framing_(head.framing),
      decoder_(head.framing == ResponseHead::Framing::chunked, head.content_length),
      done_(framing_ != ResponseHead::Framing::until_close && decoder_.done()) {}

Result<std::size_t> ResponseBody::feed(std::string_view bytes, std::string& body,
                                       std::size_t bytes_max) {
  if (done_) return std::size_t{0};
  if (framing_ == ResponseHead::Framing::until_close) {
    if (bytes.size() > bytes_max - std::min(bytes_max, body.size())) {
      return malformed("is longer than " + std::to_string(bytes_max) + " bytes");
    }
    body += bytes;
    return bytes.size();
  }
  const Result<std::size_t> used = decoder_.feed(bytes, body, bytes_max);
  if (!used) {
    return used.error().kind() == ErrorKind::too_large
               ? malformed("is longer than " + std::to_string(bytes_max) + " bytes")
               : malformed("has a malformed chunk");
  }
  done_ = decoder_.done();
  return *used;
}

Result<void> ResponseBody::end() {
  if (framing_ == ResponseHead::Framing::until_close) done_ = true;
  if (done_) return {};
  return malformed("ends in the middle");
}

}  // namespace retort::http
