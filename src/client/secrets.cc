#include "client/secrets.h"

#include <array>

namespace retort::client {
namespace {

constexpr std::array<std::string_view, 4> kKeyFields = {"authorization", "api-key", "x-api-key",
                                                        "proxy-authorization"};
// What is shorter guards nothing, and would be found in every word.
constexpr std::size_t kSecretBytesMin = 4;

// Without the scheme in front, "Bearer ".
std::string_view secret_in(std::string_view value) {
  const std::size_t space = value.rfind(' ');
  return space == std::string_view::npos ? value : value.substr(space + 1);
}

void take_out(std::string& line, std::string_view secret) {
  constexpr std::string_view kShown = "***";
  if (secret.size() < kSecretBytesMin) return;
  for (std::size_t at = line.find(secret); at != std::string::npos;
       at = line.find(secret, at + kShown.size())) {
    line.replace(at, secret.size(), kShown);
  }
}

}  // namespace

bool holds_key(const Headers& headers) {
  for (const std::string_view name : kKeyFields) {
    if (headers.find(name) != nullptr) return true;
  }
  return false;
}

std::string without_secrets(std::string_view line, const Headers& sent) {
  std::string out(line);
  for (const std::string_view name : kKeyFields) {
    if (const std::string* value = sent.find(name)) take_out(out, secret_in(*value));
  }
  return out;
}

}  // namespace retort::client
