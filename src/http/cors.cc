#include "http/cors.h"

#include <algorithm>
#include <optional>

namespace retort::http {
namespace {

bool allowed(const std::vector<std::string>& origins, std::string_view origin) {
  return std::ranges::any_of(origins,
                             [&](const std::string& one) { return one == "*" || one == origin; });
}

// Names of header fields with commas and spaces, nothing that could be more than that.
bool is_name_list(std::string_view text) {
  return text.size() <= 1024 && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == ',' || c == ' ';
         });
}

}  // namespace

Headers cors_headers(const std::vector<std::string>& origins, const RequestHead& request) {
  Headers headers;
  if (origins.empty()) return headers;
  // The answer differs by Origin, also where there is none: caches must know.
  headers.add("vary", "origin");
  const std::optional<std::string_view> origin = request.headers.find("origin");
  if (!origin || !allowed(origins, *origin)) return headers;
  headers.add("access-control-allow-origin", std::string(*origin));
  headers.add("access-control-expose-headers", "x-request-id, x-retort-ignored, retry-after");
  return headers;
}

Headers preflight_headers(const std::vector<std::string>& origins, const RequestHead& request,
                          const std::string& methods) {
  Headers headers;
  const std::optional<std::string_view> origin = request.headers.find("origin");
  if (!origin || !allowed(origins, *origin)) return headers;
  if (!request.headers.contains("access-control-request-method")) return headers;
  headers.add("access-control-allow-methods", methods);
  const std::optional<std::string_view> names =
      request.headers.find("access-control-request-headers");
  if (names && is_name_list(*names)) {
    headers.add("access-control-allow-headers", std::string(*names));
  }
  headers.add("access-control-max-age", "600");
  return headers;
}

}  // namespace retort::http
