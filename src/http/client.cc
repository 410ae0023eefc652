#include "http/client.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <optional>
#include <utility>

#include "http/client_connection.h"
#include "http/response.h"

namespace retort::http {
namespace {

using base::SteadyClock;

constexpr std::size_t kTargetBytesMax = 8'192;

Result<void> check_request(const ClientRequest& request) {
  const bool method = !request.method.empty() && std::ranges::all_of(request.method, [](char c) {
    return c >= 'A' && c <= 'Z';
  });
  const bool target =
      request.target.starts_with('/') && request.target.size() <= kTargetBytesMax &&
      std::ranges::all_of(request.target, [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
  if (!method || !target) {
    return Error(ErrorKind::internal, "a request's method or target would not be one word");
  }
  if (request.headers.contains("host")) {
    return Error(ErrorKind::internal, "the host header is the client's own");
  }
  return check_headers(request.headers);
}

std::string render(const Origin& origin, const ClientRequest& request) {
  std::string out;
  out.reserve(512 + request.body.size());
  out.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\nhost: ");
  out.append(origin.authority()).append("\r\n");
  for (const auto& [name, value] : request.headers) {
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (!request.body.empty() || request.method == "POST") {
    out.append("content-length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  return out.append("\r\n").append(request.body);
}

}  // namespace

// A concurrency hint of 1: one thread runs the loop.
struct EventLoop::Implementation {
  boost::asio::io_context context{1};
};

EventLoop::EventLoop() : implementation_(std::make_unique<Implementation>()) {}
EventLoop::~EventLoop() = default;

base::Executor EventLoop::executor() {
  return implementation_->context.get_executor();
}

void EventLoop::run() {
  implementation_->context.restart();
  implementation_->context.run();
}

// The pool: which connections are open, and which of them wait for a request.
class Client::Implementation {
 public:
  Implementation(base::Executor executor, ClientOptions options,
                 std::optional<TlsClientContext> tls)
      : executor_(std::move(executor)), options_(std::move(options)), tls_(std::move(tls)) {}

  // The one used last, which is the likeliest to be open still; null where none is kept.
  std::shared_ptr<ClientConnection> take_idle(const Origin& origin) {
    drop_old();
    for (std::size_t i = idle_.size(); i-- > 0;) {
      if (idle_[i]->origin() != origin) continue;
      std::shared_ptr<ClientConnection> connection = std::move(idle_[i]);
      idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
      if (connection->still_idle()) return connection;
      remove(*connection);
    }
    return nullptr;
  }

  std::shared_ptr<ClientConnection> make(const Origin& origin) {
    if (open_ >= options_.connections_max && !idle_.empty()) {
      remove(*idle_.front());
      idle_.pop_front();
    }
    if (open_ >= options_.connections_max) return nullptr;
    ++open_;
    return std::make_shared<ClientConnection>(
        executor_, origin,
        HeadLimits{.request_line_bytes_max = options_.header_bytes_max,
                   .header_bytes_max = options_.header_bytes_max,
                   .header_count_max = options_.header_count_max});
  }

  // A call is done with it: kept where another request may follow.
  void give_back(std::shared_ptr<ClientConnection> connection) {
    if (!connection->reusable() || options_.idle_connections_max == 0) {
      remove(*connection);
      return;
    }
    if (idle_.size() >= options_.idle_connections_max) {
      remove(*idle_.front());
      idle_.pop_front();
    }
    connection->idle_since = SteadyClock::now();
    idle_.push_back(std::move(connection));
  }

  void remove(ClientConnection& connection) {
    connection.close();
    --open_;
  }

  const TlsClientContext* tls(const Origin& origin) const { return origin.tls ? &*tls_ : nullptr; }
  std::size_t open() const noexcept { return open_; }
  std::size_t idle() const noexcept { return idle_.size(); }

 private:
  void drop_old() {
    const SteadyClock::time_point now = SteadyClock::now();
    while (!idle_.empty() && now - idle_.front()->idle_since > options_.keep_idle) {
      remove(*idle_.front());
      idle_.pop_front();
    }
  }

  const base::Executor executor_;
  const ClientOptions options_;
  const std::optional<TlsClientContext> tls_;
  std::size_t open_ = 0;                                // idle ones and those of calls
  std::deque<std::shared_ptr<ClientConnection>> idle_;  // the one waiting longest first
};

Result<std::unique_ptr<Client>> Client::make(const base::Executor& executor,
                                             ClientOptions options) {
  Result<TlsClientContext> tls = TlsClientContext::load(options.ca_file);
  if (!tls) return std::move(tls).error();
  return std::unique_ptr<Client>(
      new Client(std::make_unique<Implementation>(executor, std::move(options), std::move(*tls))));
}

Client::Client(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
Client::~Client() = default;

std::size_t Client::open_connections() const noexcept {
  return implementation_->open();
}
std::size_t Client::idle_connections() const noexcept {
  return implementation_->idle();
}

Call::Call(Client& client, const CallLimits& limits) : client_(client), limits_(limits) {}

Call::~Call() {
  let_go();
}

void Call::let_go() {
  if (connection_) client_.implementation_->give_back(std::exchange(connection_, nullptr));
}

void Call::cancel() {
  cancelled_ = true;
  if (connection_) connection_->close();
}

base::Awaitable<Result<ResponseHead>> Call::send(const Origin& origin,
                                                 const ClientRequest& request) {
  if (const Result<void> checked = check_request(request); !checked) co_return checked.error();
  deadline_ = SteadyClock::now() + limits_.total_timeout;
  connection_ = client_.implementation_->take_idle(origin);
  if (connection_) {
    const Result<ResponseHead> head = co_await try_send(origin, request, false);
    const bool stale = !head && head.error().kind() == ErrorKind::connection && !cancelled_ &&
                       !connection_->answer_began();
    if (!stale) co_return head;
    let_go();
  }
  co_return co_await try_send(origin, request, true);
}

base::Awaitable<Result<ResponseHead>> Call::try_send(const Origin& origin,
                                                     const ClientRequest& request, bool fresh) {
  const auto ended = [this](const Error& error) {
    return cancelled_ ? Error(ErrorKind::cancelled, "the call was cancelled") : error;
  };
  if (cancelled_) co_return ended(Error(ErrorKind::cancelled, ""));
  if (fresh) {
    connection_ = client_.implementation_->make(origin);
    if (!connection_) {
      co_return Error(ErrorKind::unavailable, "all connections to other servers are in use");
    }
    const Result<void> opened = co_await connection_->open(
        client_.implementation_->tls(origin),
        std::min(deadline_, SteadyClock::now() + limits_.connect_timeout));
    if (!opened) co_return ended(opened.error());
  }
  const SteadyClock::time_point until =
      std::min(deadline_, SteadyClock::now() + limits_.first_byte_timeout);
  const Result<void> sent = co_await connection_->send(render(origin, request), until);
  if (!sent) co_return ended(sent.error());
  Result<ResponseHead> head = co_await connection_->read_head(request.method == "HEAD", until);
  if (!head) co_return ended(head.error());
  co_return head;
}

base::Awaitable<Result<std::string_view>> Call::read() {
  piece_.clear();
  if (!connection_) co_return std::string_view();
  // What the piece before brought is past: the limit is on all of them together.
  const Result<void> got = co_await connection_->read_body(
      piece_, limits_.body_bytes_max - body_bytes_,
      std::min(deadline_, SteadyClock::now() + limits_.idle_timeout));
  if (!got) {
    co_return cancelled_ ? Error(ErrorKind::cancelled, "the call was cancelled") : got.error();
  }
  body_bytes_ += piece_.size();
  if (piece_.empty()) let_go();
  co_return std::string_view(piece_);
}

base::Awaitable<Result<std::string>> Call::read_all() {
  std::string body;
  for (;;) {
    const Result<std::string_view> piece = co_await read();
    if (!piece) co_return piece.error();
    if (piece->empty()) co_return body;
    body += *piece;
  }
}

}  // namespace retort::http
