// What is sent back: a status, header fields, a body; and their bytes (RFC 9112).
#pragma once

#include <string>
#include <string_view>

#include <retort/result.h>

#include "http/request.h"

namespace retort::http {

struct Response {
  int status = 200;  // 200 to 599
  Headers headers;   // content-length, transfer-encoding, connection, date and x-request-id are
                     // the server's: do not set them
  std::string body;
};

// The reason phrase of RFC 9110 for a status, "Unknown" for one it does not know.
std::string_view reason_phrase(int status) noexcept;

// An internal error, naming the field, where a header name is not a token, a value holds a control
// character (so that no answer can be split), or the field is one the server sets itself.
Result<void> check_headers(const Headers& headers);

// The status line and header fields with the empty line after them. The fields must have passed
// check_headers().
std::string render_head(int status, const Headers& own, const Headers& fields);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7) of a time in seconds since 1970.
std::string http_date(long long unix_seconds);

}  // namespace retort::http
