#include "transport/loopback.h"

#include <charconv>

namespace retort::transport {
namespace {

// One of the four numbers of an address, taken off `text` with the dot behind it.
bool take_number(std::string_view& text, bool is_last) {
  constexpr unsigned kByteMax = 255;
  unsigned number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc{} || number > kByteMax) return false;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  if (is_last) return text.empty();
  if (!text.starts_with('.')) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

bool is_loopback_host(std::string_view host) {
  if (host == "localhost" || host.ends_with(".localhost") || host == "[::1]") return true;
  return host.starts_with("127.") && take_number(host, false) && take_number(host, false) &&
         take_number(host, false) && take_number(host, true);
}

std::string_view host_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  const std::size_t bracket = authority.find(']');
  return authority.substr(0, authority.find(':', bracket == std::string_view::npos ? 0 : bracket));
}

}  // namespace retort::transport
