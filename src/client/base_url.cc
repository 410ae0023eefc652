#include "client/base_url.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "transport/loopback.h"

namespace retort::client {
namespace {

Error refused(std::string_view text, std::string_view why) {
  // A URL with credentials in it is not repeated.
  const std::string shown =
      text.find('@') == std::string_view::npos ? " '" + std::string(text) + "'" : "";
  return Error(ErrorKind::config,
               "base_url" + shown + " " + std::string(why) + "; it is http(s)://host[:port][/path]")
      .with_param("base_url");
}

bool is_port(std::string_view port) {
  constexpr unsigned kPortMax = 65'535;
  unsigned number = 0;
  const auto read = std::from_chars(port.data(), port.data() + port.size(), number);
  return read.ec == std::errc{} && read.ptr == port.data() + port.size() && number >= 1 &&
         number <= kPortMax;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& letter : out) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return out;
}

}  // namespace

Result<BaseUrl> read_base_url(std::string_view text) {
  const auto is_plain = [](char byte) { return byte > ' ' && byte < '\x7f'; };
  if (!std::all_of(text.begin(), text.end(), is_plain)) {
    return refused("", "holds spaces, control characters or letters beyond ASCII");
  }
  const std::size_t separator = text.find("://");
  const std::string scheme =
      separator == std::string_view::npos ? "" : lower_case(text.substr(0, separator));
  if (scheme != "http" && scheme != "https") return refused(text, "is no http or https address");
  const std::string_view rest = text.substr(scheme.size() + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  std::string_view path = rest.substr(authority.size());
  if (authority.find('@') != std::string_view::npos) {
    return refused(text, "holds a user name or password, which belong in api_key");
  }
  if (path.find_first_of("?#") != std::string_view::npos) return refused(text, "has a query");
  const std::string host = lower_case(transport::host_of(text));
  if (host.empty()) return refused(text, "names no host");
  const std::string_view behind = authority.substr(host.size());
  if (!behind.empty() && !is_port(behind.substr(1))) {
    return refused(text, "has a port that is none of 1 to 65535");
  }
  while (path.ends_with('/')) path.remove_suffix(1);
  const bool has_version = path.ends_with("/v1");
  if (has_version) path.remove_suffix(3);
  BaseUrl url;
  url.origin = scheme + "://" + lower_case(authority) + std::string(path);
  url.api = url.origin + "/v1";
  url.is_encrypted = scheme == "https";
  url.is_loopback = transport::is_loopback_host(host);
  return url;
}

std::string encoded_segment(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char letter : text) {
    if (kPlain.find(letter) != std::string_view::npos) {
      out += letter;
      continue;
    }
    const auto byte = static_cast<unsigned char>(letter);
    out += '%';
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

}  // namespace retort::client
