// Where the service is: the base URL read, checked and completed.
#pragma once

#include <string>
#include <string_view>

#include <retort/result.h>

namespace retort::client {

struct BaseUrl {
  std::string origin;  // "http://127.0.0.1:8080", and the path before /v1
  std::string api;     // with /v1 at the end
  bool is_encrypted = false;
  bool is_loopback = false;  // this machine
};

// "http(s)://host[:port][/path]". Refused, as ErrorKind::config, is anything else: another scheme,
// credentials, a query, control characters.
Result<BaseUrl> read_base_url(std::string_view text);

// A path segment: everything but letters, digits and -._~ percent-encoded.
std::string encoded_segment(std::string_view text);

}  // namespace retort::client
