// Exchanges in libcurl: how a request is set up, and how its callbacks become the sink's.
#include "transport/curl_multi.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <string_view>
#include <utility>

#include "transport/loopback.h"

namespace retort::transport {
namespace {

constexpr std::size_t kSpareMax = 64;
constexpr std::size_t kHeadBytesMax = std::size_t{1} << 20;

// libcurl wants it once a process; from 7.84 on it is itself safe to call from several threads, and
// before that a static's initialisation is.
bool curl_is_ready() {
  static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
  return kReady == CURLE_OK;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

// What stands before an @ is a user name and a password, of a proxy perhaps.
std::string without_credentials(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t at = text.find('@');
    if (at == std::string_view::npos) return out.append(text);
    const std::size_t begin = text.substr(0, at).find_last_of("/ '\"(");
    out.append(text.substr(0, begin == std::string_view::npos ? 0 : begin + 1)).append("***@");
    text.remove_prefix(at + 1);
  }
}

// A limit of the options as libcurl counts; its own bounds are far beyond what anybody means.
long count_of(std::size_t count) {
  constexpr std::size_t kMost = std::numeric_limits<std::int32_t>::max();
  return static_cast<long>(std::min(count, kMost));
}

long milliseconds_of(std::chrono::milliseconds time) {
  constexpr std::int64_t kLongest = std::numeric_limits<std::int32_t>::max();
  return static_cast<long>(std::clamp<std::int64_t>(time.count(), 0, kLongest));
}

long version_of(HttpVersion version) {
  switch (version) {
    case HttpVersion::http1:
      return CURL_HTTP_VERSION_1_1;
    case HttpVersion::http2_clear:
      return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    case HttpVersion::automatic:
    case HttpVersion::http2:
      break;
  }
  return CURL_HTTP_VERSION_2TLS;
}

// Sets options one after another and keeps the first refusal.
class Setter {
 public:
  explicit Setter(CURL* easy) : easy_(easy) {}
  template <typename Value>
  void set(CURLoption option, Value value) {
    if (code_ == CURLE_OK) code_ = curl_easy_setopt(easy_, option, value);
  }
  void set_text(CURLoption option, const std::string& value) {
    if (!value.empty()) set(option, value.c_str());
  }
  CURLcode code() const { return code_; }

 private:
  CURL* easy_;
  CURLcode code_ = CURLE_OK;
};

}  // namespace

// ---- One exchange.

CurlExchange::CurlExchange(HttpRequest request, std::shared_ptr<ResponseSink> sink,
                           std::weak_ptr<CurlMulti> multi, std::weak_ptr<IoLoop::Handle> loop)
    : request_(std::move(request)),
      sink_(std::move(sink)),
      multi_(std::move(multi)),
      loop_(std::move(loop)) {}

CurlExchange::~CurlExchange() {
  curl_slist_free_all(fields_);
}

void CurlExchange::resume() {
  IoLoop::post(loop_, [self = shared_from_this()] {
    self->paused_ = false;
    if (self->easy_ != nullptr) curl_easy_pause(self->easy_, CURLPAUSE_CONT);
  });
}

void CurlExchange::cancel() {
  if (cancelled_.exchange(true)) return;
  IoLoop::post(loop_, [self = shared_from_this()] {
    if (const std::shared_ptr<CurlMulti> multi = self->multi_.lock()) multi->remove(self);
  });
}

CURLcode CurlExchange::set_up(const NetworkOptions& options) {
  const CURLcode network = set_network(options);
  return network == CURLE_OK ? set_request() : network;
}

CURLcode CurlExchange::set_network(const NetworkOptions& options) {
  Setter setter(easy_);
  setter.set(CURLOPT_NOSIGNAL, 1L);
  setter.set(CURLOPT_TCP_KEEPALIVE, 1L);
  setter.set(CURLOPT_HTTP_VERSION, version_of(options.http_version));
  // A connection that may turn out to be HTTP/2 is waited for, so that it can be shared.
  const bool shares = options.http_version != HttpVersion::http1;
  setter.set(CURLOPT_PIPEWAIT, shares && request_.url.starts_with("https") ? 1L : 0L);
  if (options.idle_connections == 0) setter.set(CURLOPT_FORBID_REUSE, 1L);
  setter.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  setter.set_text(CURLOPT_PROXY, options.proxy);
  setter.set_text(CURLOPT_NOPROXY, options.no_proxy);
  // A proxy that the environment names for the network has no business with this machine.
  if (options.proxy.empty() && is_loopback_host(host_of(request_.url))) {
    setter.set(CURLOPT_NOPROXY, "*");
  }
  setter.set_text(CURLOPT_CAINFO, options.ca_file);
  setter.set_text(CURLOPT_CAPATH, options.ca_path);
  setter.set_text(CURLOPT_SSLCERT, options.client_cert);
  setter.set_text(CURLOPT_SSLKEY, options.client_key);
  setter.set_text(CURLOPT_KEYPASSWD, options.client_key_password);
  setter.set_text(CURLOPT_UNIX_SOCKET_PATH, options.unix_socket);
  if (options.insecure_accept_any_certificate) {
    setter.set(CURLOPT_SSL_VERIFYPEER, 0L);
    setter.set(CURLOPT_SSL_VERIFYHOST, 0L);
  }
  return setter.code();
}

CURLcode CurlExchange::set_request() {
  constexpr std::chrono::milliseconds kNoLimit = std::chrono::hours(24);
  Setter setter(easy_);
  setter.set(CURLOPT_ERRORBUFFER, problem_);
  setter.set_text(CURLOPT_URL, request_.url);
#if LIBCURL_VERSION_NUM >= 0x075500
  setter.set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
  setter.set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  setter.set(CURLOPT_FOLLOWLOCATION, 0L);
  setter.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  setter.set(
      CURLOPT_CONNECTTIMEOUT_MS,
      milliseconds_of(request_.connect_timeout.count() == 0 ? kNoLimit : request_.connect_timeout));
  for (const auto& [name, value] : request_.headers) {
    // An empty value is spelled with a semicolon; a colon would remove the field.
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    fields_ = curl_slist_append(fields_, line.c_str());
  }
  fields_ = curl_slist_append(fields_, "Expect:");  // no waiting for "100 Continue"
  setter.set(CURLOPT_HTTPHEADER, fields_);
  if (request_.method == "POST" || !request_.body.empty()) {
    setter.set(CURLOPT_POST, 1L);
    setter.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    setter.set(CURLOPT_POSTFIELDS, request_.body.data());
  }
  if (request_.method != "POST" && request_.method != "GET") {
    setter.set_text(CURLOPT_CUSTOMREQUEST, request_.method);
  }
  setter.set(CURLOPT_HEADERFUNCTION, &CurlExchange::on_header);
  setter.set(CURLOPT_HEADERDATA, this);
  setter.set(CURLOPT_WRITEFUNCTION, &CurlExchange::on_write);
  setter.set(CURLOPT_WRITEDATA, this);
  setter.set(CURLOPT_PRIVATE, this);
  return setter.code();
}

std::size_t CurlExchange::on_header(char* data, std::size_t size, std::size_t count,
                                    void* self) noexcept {
  auto& exchange = *static_cast<CurlExchange*>(self);
  if (exchange.cancelled_) return 0;
  return exchange.take_header({data, size * count}) ? size * count : 0;
}

// A status line, a field, or the empty line behind them. What comes after the head are trailers.
bool CurlExchange::take_header(std::string_view line) {
  if (has_head_) return true;
  head_bytes_ += line.size();
  if (head_bytes_ > kHeadBytesMax) return false;
  if (line.starts_with("HTTP/")) {
    head_ = {};
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return false;
    const std::string_view status = line.substr(space + 1, 3);
    std::from_chars(status.data(), status.data() + status.size(), head_.status);
    return true;
  }
  const std::string_view text = trimmed(line);
  if (!text.empty()) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return true;
    head_.headers.add(std::string(text.substr(0, colon)),
                      std::string(trimmed(text.substr(colon + 1))));
    return true;
  }
  return end_head();
}

bool CurlExchange::end_head() {
  if (head_.status < 200) return true;  // informational; another head follows
  has_head_ = true;
  sink_->on_head(std::move(head_));
  return true;
}

std::size_t CurlExchange::on_write(char* data, std::size_t size, std::size_t count,
                                   void* self) noexcept {
  auto& exchange = *static_cast<CurlExchange*>(self);
  if (exchange.cancelled_) return 0;
  if (exchange.paused_) return CURL_WRITEFUNC_PAUSE;
  exchange.paused_ = !exchange.sink_->on_body({data, size * count});
  return size * count;
}

Result<void> CurlExchange::outcome_of(CURLcode code) const {
  if (code == CURLE_OK) return {};
  const std::string what =
      without_credentials(problem_[0] != '\0' ? problem_ : curl_easy_strerror(code));
  const std::string url = request_.url.substr(0, request_.url.find('?'));
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return Error(ErrorKind::timeout, "no connection to " + url + " within " +
                                         std::to_string(request_.connect_timeout.count()) +
                                         " ms (timeouts.connect): " + what)
        .with_code("connect");
  }
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ||
      code == CURLE_UNKNOWN_OPTION || code == CURLE_NOT_BUILT_IN) {
    return Error(ErrorKind::config, "this libcurl cannot send to " + url + ": " + what);
  }
  if (code == CURLE_SSL_CACERT_BADFILE) {
    return Error(ErrorKind::config, "ca_file or ca_path cannot be read: " + what)
        .with_param("network.ca_file");
  }
  if (code == CURLE_SSL_CERTPROBLEM) {
    return Error(ErrorKind::config, "client_cert and client_key cannot be used: " + what)
        .with_param("network.client_cert");
  }
  if (head_bytes_ > kHeadBytesMax) {
    return Error(ErrorKind::malformed, "the head of the answer from " + url + " is larger than " +
                                           std::to_string(kHeadBytesMax) + " bytes");
  }
  if (code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_BAD_CONTENT_ENCODING) {
    return Error(ErrorKind::malformed, "the answer from " + url + " is not HTTP: " + what);
  }
  const bool lacks_trust = code == CURLE_PEER_FAILED_VERIFICATION;
  return Error(ErrorKind::connection,
               "no complete answer from " + url + ": " + what +
                   (lacks_trust ? "; network.ca_file names the certificates to trust" : ""))
      .with_code("curl_" + std::to_string(static_cast<int>(code)));
}

// ---- All of them.

CurlMulti::CurlMulti(NetworkOptions options)
    : options_(std::move(options)), multi_(curl_is_ready() ? curl_multi_init() : nullptr) {
  if (multi_ == nullptr) return;
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, count_of(options_.idle_connections));
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, count_of(options_.connections_max));
}

CurlMulti::~CurlMulti() {
  for (CURL* easy : spare_) curl_easy_cleanup(easy);
  if (multi_ != nullptr) curl_multi_cleanup(multi_);
}

void CurlMulti::add(const std::shared_ptr<CurlExchange>& exchange) {
  if (exchange->cancelled_) return;
  exchanges_.insert(exchange);
  if (multi_ != nullptr && !spare_.empty()) {
    exchange->easy_ = spare_.back();
    spare_.pop_back();
  } else if (multi_ != nullptr) {
    exchange->easy_ = curl_easy_init();
  }
  if (exchange->easy_ == nullptr) {
    finish(exchange, Error(ErrorKind::connection, "libcurl cannot be set up: out of memory"));
    return;
  }
  const CURLcode code = exchange->set_up(options_);
  if (code != CURLE_OK) {
    finish(exchange, exchange->outcome_of(code));
    return;
  }
  if (const CURLMcode added = curl_multi_add_handle(multi_, exchange->easy_); added != CURLM_OK) {
    finish(exchange, Error(ErrorKind::connection,
                           std::string("libcurl cannot begin: ") + curl_multi_strerror(added)));
  }
}

void CurlMulti::remove(const std::shared_ptr<CurlExchange>& exchange) {
  if (exchanges_.erase(exchange) == 0) return;
  release(*exchange);
}

void CurlMulti::release(CurlExchange& exchange) {
  CURL* easy = std::exchange(exchange.easy_, nullptr);
  if (easy == nullptr) return;
  curl_multi_remove_handle(multi_, easy);
  if (spare_.size() < kSpareMax) {
    curl_easy_reset(easy);  // it points into the exchange, which goes
    spare_.push_back(easy);
  } else {
    curl_easy_cleanup(easy);
  }
}

void CurlMulti::finish(const std::shared_ptr<CurlExchange>& exchange, Result<void> outcome) {
  const std::shared_ptr<CurlExchange> held = exchange;
  exchanges_.erase(held);
  release(*held);
  if (!held->cancelled_) held->sink_->on_end(std::move(outcome));
}

void CurlMulti::take_results() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* self = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
    CurlExchange& exchange = *reinterpret_cast<CurlExchange*>(self);
    finish(exchange.shared_from_this(), exchange.outcome_of(message->data.result));
  }
}

void CurlMulti::wait(std::optional<Clock::time_point> until) {
  constexpr std::chrono::milliseconds kLongest = std::chrono::hours(1);
  if (multi_ == nullptr) return without_curl_->wait(until);
  int running = 0;
  curl_multi_perform(multi_, &running);
  take_results();
  std::chrono::milliseconds limit = kLongest;
  if (until == Clock::time_point::min()) {
    limit = std::chrono::milliseconds(0);
  } else if (until) {
    limit = std::clamp(std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now()),
                       std::chrono::milliseconds(0), kLongest);
  }
  curl_multi_poll(multi_, nullptr, 0, static_cast<int>(limit.count()), nullptr);
}

void CurlMulti::wake() {
  if (multi_ == nullptr) return without_curl_->wake();
  curl_multi_wakeup(multi_);
}

void CurlMulti::stopped() {
  while (!exchanges_.empty()) {
    finish(*exchanges_.begin(), Error(ErrorKind::cancelled, "the client has gone"));
  }
}

}  // namespace retort::transport
