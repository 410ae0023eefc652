// The address of a server: where to connect, and the path in front of what is asked there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <retort/result.h>

namespace retort::http {

struct Origin {
  bool tls = false;
  std::string host;  // a name or an address, an IPv6 one without brackets
  std::uint16_t port = 80;

  // As in a Host field and in messages: the port only where it is not the scheme's.
  std::string authority() const;
  friend bool operator==(const Origin&, const Origin&) = default;
};

struct Url {
  Origin origin;
  std::string path;  // "" or "/..." without a slash at its end
};

// "http://127.0.0.1:8080/v1". A config error, which says what it should look like, for another
// scheme, and for a user, a query or a fragment.
Result<Url> parse_url(std::string_view text);

}  // namespace retort::http
