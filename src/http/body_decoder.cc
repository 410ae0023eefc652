// BodyDecoder: Content-Length framing and chunked coding (RFC 9112, 6 and 7). Chunked coding is
// read here and not by Beast, whose reader (1.81) asserts on a last chunk that arrives in pieces.
#include <algorithm>

#include "http/request_parser.h"

namespace retort::http {
namespace {

// 15 hexadecimal digits cannot overflow 64 bits, and no body is that long.
constexpr std::size_t kSizeDigitsMax = 15;
// Extensions and trailers are read over, but not without end: all of one body's together.
constexpr std::size_t kOverheadBytesMax = 8 * 1024;

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

}  // namespace

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
