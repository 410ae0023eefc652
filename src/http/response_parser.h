// Bytes of a server's answer -> its head and body: what request_parser.h is for requests.
//
// An inference service behind us is outside too, and may be broken or hostile: the same strict
// scanner bounds the head, and an answer whose framing two readers could understand differently is
// refused. No I/O; fuzz/http_response_fuzz.cc drives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <retort/result.h>

#include "http/request.h"
#include "http/request_parser.h"

namespace retort::http {

struct ResponseHead {
  // How the body ends.
  enum class Framing : std::uint8_t { none, length, chunked, until_close };

  int status = 0;
  Headers headers;
  bool keep_alive = true;  // another request may follow on the connection
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;
};

// Reads one complete head, as long as HeadScanner::scan() said. `to_head_request`: the answer has
// no body whatever its fields say. Errors are malformed and begin with "the server's answer".
Result<ResponseHead> parse_response_head(std::string_view bytes, bool to_head_request);

// Takes the body of such an answer out of its framing.
class ResponseBody {
 public:
  explicit ResponseBody(const ResponseHead& head);

  // Appends what `bytes` holds of the body to `body`, at most `bytes_max` in all; how many of them
  // belong to it. Errors are malformed.
  Result<std::size_t> feed(std::string_view bytes, std::string& body, std::size_t bytes_max);
  // The server has closed its side. An error where the body was not whole.
  Result<void> end();

  bool done() const noexcept { return done_; }

 private:
  ResponseHead::Framing framing_;
  BodyDecoder decoder_;
  bool done_;
};

}  // namespace retort::http
