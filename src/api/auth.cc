#include "api/auth.h"

#include <optional>
#include <string_view>

namespace retort::api {
namespace {

// The key of an Authorization value; nothing where it has another scheme or is empty.
std::optional<std::string_view> bearer_key(std::string_view value) {
  constexpr std::string_view kScheme = "bearer ";
  if (value.size() < kScheme.size()) return std::nullopt;
  if (!http::equals_ignoring_case(value.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  value.remove_prefix(kScheme.size());
  const std::size_t begin = value.find_first_not_of(' ');
  if (begin == std::string_view::npos) return std::nullopt;
  return value.substr(begin, value.find_last_not_of(' ') - begin + 1);
}

Error refused(std::string message) {
  return Error(ErrorKind::authentication, std::move(message)).with_type("invalid_request_error");
}

}  // namespace

KeyRing::KeyRing(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) digests_.insert(base::sha256(key));
}

Result<void> KeyRing::authenticate(const http::Headers& headers) const {
  if (digests_.empty()) return {};
  const std::optional<std::string_view> header = headers.find("authorization");
  const std::optional<std::string_view> key = header ? bearer_key(*header) : std::nullopt;
  if (!key) {
    return refused(
        "You didn't provide an API key. Give one in an Authorization header: "
        "Authorization: Bearer YOUR_KEY.");
  }
  // Looking up a digest tells an attacker nothing that helps to guess a key.
  if (digests_.contains(base::sha256(*key))) return {};
  return refused("Incorrect API key provided. Check the key that this server was given.")
      .with_code("invalid_api_key");
}

}  // namespace retort::api
