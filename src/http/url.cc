#include "http/url.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "http/request.h"

namespace retort::http {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;
constexpr std::size_t kHostBytesMax = 255;
constexpr std::size_t kPathBytesMax = 2'048;

// The text may hold a password, so it is not repeated.
Error bad_url() {
  return Error(ErrorKind::config,
               "an address is written http://HOST:PORT or https://HOST/PATH, "
               "without user, query or fragment");
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

// In brackets stands an IPv6 address, perhaps with a zone, and nothing else.
bool is_host(std::string_view host, bool bracketed) {
  const bool has_colon = host.find(':') != std::string_view::npos;
  return !host.empty() && bracketed == has_colon && host.size() <= kHostBytesMax &&
         std::ranges::all_of(host, [&](char c) {
           return is_host_character(c) || (bracketed && (c == ':' || c == '%'));
         });
}

std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

// HOST, HOST:PORT, [::1] or [::1]:PORT
std::optional<Origin> read_authority(std::string_view text, bool tls) {
  Origin origin{.tls = tls, .host = {}, .port = tls ? kHttpsPort : kHttpPort};
  const bool bracketed = text.starts_with('[');
  std::size_t end = bracketed ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) return std::nullopt;
  origin.host = bracketed ? text.substr(1, end - 1) : text.substr(0, end);
  if (bracketed) ++end;
  if (!is_host(origin.host, bracketed)) return std::nullopt;
  if (end == text.size()) return origin;
  if (text[end] != ':') return std::nullopt;
  const std::optional<std::uint16_t> port = read_port(text.substr(end + 1));
  if (!port) return std::nullopt;
  origin.port = *port;
  return origin;
}

}  // namespace

std::string Origin::authority() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  const std::string name = is_v6 ? "[" + host + "]" : host;
  return port == (tls ? kHttpsPort : kHttpPort) ? name : name + ":" + std::to_string(port);
}

Result<Url> parse_url(std::string_view text) {
  constexpr std::string_view kHttp = "http://";
  constexpr std::string_view kHttps = "https://";
  const bool tls = equals_ignoring_case(text.substr(0, kHttps.size()), kHttps);
  if (!tls && !equals_ignoring_case(text.substr(0, kHttp.size()), kHttp)) return bad_url();
  text.remove_prefix(tls ? kHttps.size() : kHttp.size());
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::optional<Origin> origin = read_authority(text.substr(0, slash), tls);
  if (!origin) return bad_url();
  std::string_view path = text.substr(slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  const bool plain = std::ranges::all_of(
      path, [](char c) { return c > 0x20 && c < 0x7F && c != '?' && c != '#'; });
  if (!plain || path.size() > kPathBytesMax) return bad_url();
  return Url{.origin = *origin, .path = std::string(path)};
}

}  // namespace retort::http
