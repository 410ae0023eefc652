// One GET over HTTP or HTTPS, one hop: the one place of the hub that knows libcurl.
//
// Redirects are not followed here: hub/hub_client decides, hop by hop, who gets the token. Nothing
// here throws.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <retort/result.h>

namespace retort::hub {

struct FetchRequest {
  std::string url;
  std::string token;         // secret; empty: no Authorization is sent
  std::uint64_t offset = 0;  // of the first byte wanted
};

// The status line and the fields that a hub or its storage answers with.
struct FetchHead {
  int status = 0;
  std::string location;
  std::string linked_etag;  // X-Linked-Etag without quotes: the checksum of a large file
  std::string error_code;   // X-Error-Code, e.g. GatedRepo
  std::optional<std::uint64_t> content_length;
  std::optional<std::uint64_t> range_begin;  // of Content-Range
  std::optional<std::uint64_t> range_total;
};

// Gets the body in pieces, each with the head of its answer. An error ends the transfer, and is
// what get() returns.
using FetchBody = std::function<Result<void>(const FetchHead& head, std::string_view bytes)>;

struct FetchLimits {
  std::chrono::seconds connect_timeout{15};
  std::chrono::seconds stall_timeout{30};  // without a byte
};

// Keeps its connections for the next get(). One thread at a time.
class Fetcher {
 public:
  // An internal error where libcurl cannot be set up.
  static Result<Fetcher> make(const FetchLimits& limits);

  Fetcher(Fetcher&&) noexcept;
  Fetcher& operator=(Fetcher&&) noexcept;
  ~Fetcher();

  // Any status is an answer. Errors: connection where none came or it was cut short, timeout; both
  // name the host and say what to look at. Neither holds the token or the address's query, which
  // is often a signature.
  Result<FetchHead> get(const FetchRequest& request, const FetchBody& body);

 private:
  struct Session;
  explicit Fetcher(std::unique_ptr<Session> session);

  std::unique_ptr<Session> session_;
};

// scheme://host:port, the port always there; nothing where `url` is no http or https address, or
// one with a user or password in it.
std::optional<std::string> origin_of(const std::string& url);

// What `location` means in an answer to `base`.
std::optional<std::string> resolve_url(const std::string& base, const std::string& location);

// Whether following a redirect from `from` to `to` would leave encryption behind.
bool leaves_https(const std::string& from, const std::string& to);

// `path` with all but unreserved characters and "/" percent-encoded.
std::string escape_path(std::string_view path);

}  // namespace retort::hub
