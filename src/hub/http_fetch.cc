#include "hub/http_fetch.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "base/build_id.h"

namespace retort::hub {
namespace {

// The fields of one answer together; libcurl itself stops at a header line of 100 KiB.
constexpr std::size_t kHeaderBytesMax = std::size_t{256} << 10;

struct FreeUrl {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, FreeUrl>;

struct FreeText {
  void operator()(char* text) const noexcept { curl_free(text); }
};

std::optional<std::string> url_part(CURLU* url, CURLUPart part, unsigned int flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return std::nullopt;
  const std::unique_ptr<char, FreeText> owned(text);
  return std::string(text);
}

Url parse_url(const std::string& text) {
  Url url(curl_url());
  if (url && curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) url.reset();
  return url;
}

std::string host_of(const std::string& url) {
  return origin_of(url).value_or("the hub");
}

bool equals_name(std::string_view name, std::string_view wanted) {
  return std::ranges::equal(name, wanted, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// W/"abc" or "abc".
std::string_view without_quotes(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"')) {
    etag = etag.substr(1, etag.size() - 2);
  }
  return etag;
}

// "bytes 10-99/100"
void read_content_range(std::string_view text, FetchHead& head) {
  if (!text.starts_with("bytes ")) return;
  text.remove_prefix(6);
  const std::size_t dash = text.find('-');
  const std::size_t slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos) return;
  head.range_begin = number(text.substr(0, dash));
  head.range_total = number(text.substr(slash + 1));
}

void read_field(std::string_view name, std::string_view value, FetchHead& head) {
  if (equals_name(name, "location")) head.location = value;
  if (equals_name(name, "x-linked-etag")) head.linked_etag = without_quotes(value);
  if (equals_name(name, "x-error-code")) head.error_code = value;
  if (equals_name(name, "content-length")) head.content_length = number(value);
  if (equals_name(name, "content-range")) read_content_range(value, head);
}

// One get() under way, as libcurl's callbacks see it.
struct Transfer {
  CURL* easy;
  const FetchBody& body;
  FetchHead head;
  std::chrono::seconds stall_timeout;
  std::chrono::steady_clock::time_point last_byte = std::chrono::steady_clock::now();
  std::size_t header_bytes = 0;
  std::optional<Error> failure;  // what our side ended the transfer with
};

Error stalled(const std::string& url) {
  return Error(ErrorKind::timeout, host_of(url) + ": no byte came for too long");
}

// Called about once a second, also while nothing comes. libcurl's own LOW_SPEED_TIME looks at the
// mean of the last seconds, so it would be late.
int watch_stall(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto& transfer = *static_cast<Transfer*>(user);
  return std::chrono::steady_clock::now() - transfer.last_byte > transfer.stall_timeout ? 1 : 0;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  transfer.last_byte = std::chrono::steady_clock::now();
  transfer.header_bytes += line.size();
  if (transfer.header_bytes > kHeaderBytesMax) {
    transfer.failure = Error(ErrorKind::malformed, "the hub's answer has too long a head");
    return 0;
  }
  if (line.starts_with("HTTP/")) transfer.head = {};  // 100 Continue came before
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    read_field(line.substr(0, colon), trimmed(line.substr(colon + 1)), transfer.head);
  }
  return line.size();
}

int status_of(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view bytes(data, size * count);
  transfer.head.status = status_of(transfer.easy);
  if (Result<void> taken = transfer.body(transfer.head, bytes); !taken) {
    transfer.failure = std::move(taken).error();
    return 0;
  }
  // A disk that took long to write them is not the hub's silence.
  transfer.last_byte = std::chrono::steady_clock::now();
  return bytes.size();
}

Error describe(CURLcode code, const std::string& url, const char* detail) {
  const std::string host = host_of(url);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return Error(ErrorKind::connection, host + ": no such host; is the address right?");
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Error(ErrorKind::connection, "the proxy for " + host + " cannot be found");
    case CURLE_COULDNT_CONNECT:
      return Error(ErrorKind::connection, host + ": nothing answers there");
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_ABORTED_BY_CALLBACK:
      return stalled(url);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return Error(ErrorKind::config, host + ": its certificate is not trusted: " + detail +
                                          " (SSL_CERT_FILE names another bundle)");
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
      return Error(ErrorKind::connection, host + ": the connection was cut");
    default:
      return Error(ErrorKind::connection, host + ": " + curl_easy_strerror(code));
  }
}

}  // namespace

struct Fetcher::Session {
  struct Free {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  };
  std::unique_ptr<CURL, Free> easy;
  FetchLimits limits;
  std::array<char, CURL_ERROR_SIZE> detail{};

  void set_options(const FetchRequest& request, Transfer& transfer);
};

void Fetcher::Session::set_options(const FetchRequest& request, Transfer& transfer) {
  CURL* handle = easy.get();
  curl_easy_reset(handle);  // keeps the connections
  detail.front() = '\0';
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, detail.data());
  curl_easy_setopt(handle, CURLOPT_USERAGENT, ("retort/" + base::version()).c_str());
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, long{limits.connect_timeout.count()});
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, watch_stall);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, 256L << 10);
  if (const char* bundle = std::getenv("SSL_CERT_FILE"); bundle != nullptr && *bundle != '\0') {
    curl_easy_setopt(handle, CURLOPT_CAINFO, bundle);
  }
  if (!request.token.empty()) {
    curl_easy_setopt(handle, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(handle, CURLOPT_XOAUTH2_BEARER, request.token.c_str());
  }
  if (request.offset > 0) {
    curl_easy_setopt(handle, CURLOPT_RANGE, (std::to_string(request.offset) + "-").c_str());
  }
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
}

Result<Fetcher> Fetcher::make(const FetchLimits& limits) {
  auto session = std::make_unique<Session>();
  if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) session->easy.reset(curl_easy_init());
  if (!session->easy) return Error(ErrorKind::internal, "libcurl cannot be set up");
  session->limits = limits;
  return Fetcher(std::move(session));
}

Fetcher::Fetcher(std::unique_ptr<Session> session) : session_(std::move(session)) {}
Fetcher::Fetcher(Fetcher&&) noexcept = default;
Fetcher& Fetcher::operator=(Fetcher&&) noexcept = default;
Fetcher::~Fetcher() = default;

Result<FetchHead> Fetcher::get(const FetchRequest& request, const FetchBody& body) {
  CURL* easy = session_->easy.get();
  Transfer transfer{.easy = easy,
                    .body = body,
                    .head = {},
                    .stall_timeout = session_->limits.stall_timeout,
                    .failure = {}};
  session_->set_options(request, transfer);
  const CURLcode code = curl_easy_perform(easy);
  if (transfer.failure) return std::move(*transfer.failure);
  if (code != CURLE_OK) return describe(code, request.url, session_->detail.data());
  transfer.head.status = status_of(easy);
  return std::move(transfer.head);
}

std::optional<std::string> origin_of(const std::string& url) {
  const Url parsed = parse_url(url);
  if (!parsed) return std::nullopt;
  const auto scheme = url_part(parsed.get(), CURLUPART_SCHEME);
  const auto host = url_part(parsed.get(), CURLUPART_HOST);
  const auto port = url_part(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (!scheme || (*scheme != "http" && *scheme != "https") || !host || !port) return std::nullopt;
  if (url_part(parsed.get(), CURLUPART_USER) || url_part(parsed.get(), CURLUPART_PASSWORD)) {
    return std::nullopt;
  }
  std::string origin = *scheme + "://" + *host + ":" + *port;
  for (char& c : origin) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return origin;
}

std::optional<std::string> resolve_url(const std::string& base, const std::string& location) {
  const Url url = parse_url(base);
  if (!url || curl_url_set(url.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK) {
    return std::nullopt;
  }
  return url_part(url.get(), CURLUPART_URL);
}

bool leaves_https(const std::string& from, const std::string& to) {
  // The origin's scheme is in small letters, however the address spells it.
  const auto is_https = [](const std::string& url) {
    return origin_of(url).value_or("").starts_with("https:");
  };
  return is_https(from) && !is_https(to);
}

std::string escape_path(std::string_view path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~/";
  std::string out;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kPlain.find(c) != std::string_view::npos;
    if (plain) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kDigits[byte >> 4]);
    out.push_back(kDigits[byte & 15]);
  }
  return out;
}

}  // namespace retort::hub
