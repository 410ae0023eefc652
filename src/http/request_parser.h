// Bytes of a connection -> request heads and bodies, strictly.
//
// http/connection feeds these three as bytes arrive: HeadScanner finds the end of the head and
// holds it to its limits while it grows, parse_request_head() reads it once it is whole, and
// BodyDecoder undoes Content-Length framing or chunked coding. What two servers could read in two
// ways (RFC 9112: bare LF, folded lines, two lengths, a length and chunked coding, white space
// before a colon) is refused, never repaired. No I/O; fuzz/http_request_fuzz.cc drives the same
// three.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <retort/result.h>

#include "http/request.h"

namespace retort::http {

struct HeadLimits {
  std::size_t request_line_bytes_max;
  std::size_t header_bytes_max;
  std::size_t header_count_max;
};

// Reads each byte of a head once, however it is cut into pieces.
class HeadScanner {
 public:
  explicit HeadScanner(const HeadLimits& limits) : limits_(limits) {}

  // `bytes` is everything received from the start of this request on, at least what was given the
  // last time. The size of the head with its empty line once that is there, 0 while it is not.
  // Errors: 400 for bytes no head may hold, 414 and 431 where a limit is crossed.
  Result<std::size_t> scan(std::string_view bytes);

 private:
  Result<void> check_byte(std::string_view bytes, std::size_t index) const;
  Result<void> check_limits(std::size_t index) const;

  const HeadLimits limits_;
  std::size_t scanned_ = 0;       // bytes looked at
  std::size_t line_begin_ = 0;    // where the line being read starts
  std::size_t lines_ = 0;         // complete lines, the request line among them
  std::size_t fields_begin_ = 0;  // where the request line ended
};

struct ParsedHead {
  RequestHead head;  // without remote_address and request_id
  bool http_1_1 = true;
  bool keep_alive = true;            // what the client asks for
  bool expects_continue = false;     // Expect: 100-continue
  bool chunked = false;              // how the body is framed: chunked,
  std::uint64_t content_length = 0;  // or by its length
};

// Reads one complete head, as long as HeadScanner::scan() said. Errors carry their status: 400,
// 417 (another expectation than 100-continue), 501 (another transfer coding than chunked), 505.
Result<ParsedHead> parse_request_head(std::string_view bytes);

// What the fields of a head say about how its body is framed (RFC 9112, 6): chunked, or by a
// length, or neither.
struct BodyFraming {
  bool chunked = false;
  std::optional<std::uint64_t> length;
};

// A request's or an answer's. Errors: 400; 501 for another transfer coding than chunked.
Result<BodyFraming> read_framing(const Headers& headers, bool http_1_1);

// Takes a body out of its framing.
class BodyDecoder {
 public:
  BodyDecoder(bool chunked, std::uint64_t content_length);

  // Appends to `body` what `bytes` holds of it and returns how many bytes belong to this request:
  // all of them until done(). Errors: 400 for malformed chunked coding; too_large (413) before
  // `body` would grow beyond `bytes_max`. After an error it must not be used again.
  Result<std::size_t> feed(std::string_view bytes, std::string& body, std::size_t bytes_max);

  bool done() const noexcept { return state_ == State::done; }

 private:
  enum class State : std::uint8_t {
    data,           // `left_` bytes of body
    size_first,     // the first digit of a chunk's size
    size,           // more digits
    extension,      // behind ";": skipped to the end of the line
    size_line_end,  // the LF of that line
    data_cr,        // the CR behind a chunk's data
    data_lf,
    trailer_begin,  // the first byte of a trailer field, or of the last line
    trailer,        // inside a trailer field: skipped
    trailer_lf,
    last_lf,
    done,
  };

  Result<void> step(char c);
  Result<void> read_size_digit(char c);
  Result<void> read_size_line(char c);
  Result<void> read_trailer(char c);
  Result<void> expect(char c, char wanted, State next);

  bool chunked_;
  State state_;
  std::uint64_t left_;           // bytes of data still to come, of the body or of the chunk
  std::size_t size_digits_ = 0;  // of the chunk size being read
  std::size_t overhead_ = 0;     // bytes of extensions and trailers so far
};

}  // namespace retort::http
