#include "http/server.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/metrics.h"
#include "http/http_metrics.h"
#include "http/worker.h"

namespace retort::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using base::SteadyClock;
using boost::system::error_code;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

// So many connections beyond max_connections get a 503; further ones are closed without a word, so
// that refusing costs no more than it saves.
constexpr std::size_t kRefusalsMax = 128;
// Waits between failed accepts, doubled from the first to the last while they fail.
constexpr std::chrono::milliseconds kAcceptWaitMin{5};
constexpr std::chrono::milliseconds kAcceptWaitMax{1'000};
// How long connections that were cut may take to notice.
constexpr std::chrono::milliseconds kCutWait{1'000};

Error config_error(std::string message) {
  return Error(ErrorKind::config, std::move(message));
}

Result<void> check_options(const ServerOptions& options) {
  if (!options.render_error) return config_error("the server has no render_error");
  if (options.io_threads < 1 || options.io_threads > 64) {
    return config_error("io_threads " + std::to_string(options.io_threads) + ": must be 1 to 64");
  }
  if (options.max_connections < 1) return config_error("max_connections: must be 1 or more");
  if (options.tls_certificate_file.empty() != options.tls_key_file.empty()) {
    return config_error("--tls-cert and --tls-key go together: one of them is missing");
  }
  return {};
}

Result<tcp::endpoint> resolve(asio::io_context& loop, const ServerOptions& options) {
  error_code error;
  const asio::ip::address address = asio::ip::make_address(options.host, error);
  if (!error) return tcp::endpoint(address, options.port);
  tcp::resolver resolver(loop);
  const auto found =
      resolver.resolve(options.host, std::to_string(options.port), tcp::resolver::passive, error);
  if (error || found.empty()) {
    return config_error("--host " + options.host + ": cannot be resolved: " + error.message());
  }
  return found.begin()->endpoint();
}

Error listen_error(const ServerOptions& options, const error_code& error) {
  const std::string where = "--port " + std::to_string(options.port) + " on " + options.host;
  if (error == asio::error::address_in_use) {
    return config_error(where + ": the port is in use by another program");
  }
  if (error == asio::error::access_denied) {
    return config_error(where + ": not allowed to listen there");
  }
  return config_error(where + ": " + error.message());
}

Result<tcp::acceptor> open_acceptor(asio::io_context& loop, const ServerOptions& options) {
  const Result<tcp::endpoint> endpoint = resolve(loop, options);
  if (!endpoint) return endpoint.error();
  tcp::acceptor acceptor(loop);
  error_code error;
  acceptor.open(endpoint->protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && endpoint->protocol() == tcp::v6()) {
    acceptor.set_option(asio::ip::v6_only(false), error);
  }
  if (!error) acceptor.bind(*endpoint, error);
  if (!error) acceptor.listen(options.listen_backlog, error);
  if (error) return listen_error(options, error);
  return acceptor;
}

}  // namespace

// Accepting happens on a loop and a thread of its own, so that it neither waits for connections'
// work nor ties the workers' lifetimes together.
class Server::Implementation {
 public:
  Implementation(ServerOptions options, Router router, std::optional<TlsContext> tls)
      : options_(std::move(options)),
        router_(std::move(router)),
        tls_(std::move(tls)),
        metrics_(options_.metrics == nullptr ? own_metrics_ : *options_.metrics),
        accept_loop_(1) {
    for (std::size_t i = 0; i < options_.io_threads; ++i) {
      workers_.push_back(
          std::make_unique<Worker>(options_, router_, metrics_, tls_ ? &*tls_ : nullptr, open_));
    }
  }

  ~Implementation() { drain(SteadyClock::now()); }

  Result<void> listen() {
    Result<tcp::acceptor> acceptor = open_acceptor(accept_loop_, options_);
    if (!acceptor) return std::move(acceptor).error();
    error_code error;
    const tcp::endpoint endpoint = acceptor->local_endpoint(error);
    if (error) return listen_error(options_, error);
    port_ = endpoint.port();
    acceptor_.emplace(std::move(*acceptor));
    return {};
  }

  void run() {
    for (const std::unique_ptr<Worker>& worker : workers_) worker->start();
    base::spawn(accept_loop_.get_executor(), accept_connections());
    accept_thread_ = std::thread([this]() noexcept { accept_loop_.run(); });
  }

  std::size_t drain(SteadyClock::time_point deadline);

  std::uint16_t port() const { return port_; }
  std::size_t connections() const { return open_.count(); }
  std::vector<base::Executor> executors() const {
    std::vector<base::Executor> all;
    for (const std::unique_ptr<Worker>& worker : workers_) all.push_back(worker->executor());
    return all;
  }

 private:
  base::Awaitable<> accept_connections();
  void place(tcp::socket socket, Worker& worker);
  void stop_accepting();

  const ServerOptions options_;
  const Router router_;
  const std::optional<TlsContext> tls_;
  base::Metrics own_metrics_;
  HttpMetrics metrics_;
  OpenConnections open_;
  std::vector<std::unique_ptr<Worker>> workers_;
  asio::io_context accept_loop_;
  std::optional<tcp::acceptor> acceptor_;  // the accept thread's, once it runs
  std::thread accept_thread_;
  std::uint16_t port_ = 0;
  bool drained_ = false;
};

base::Awaitable<> Server::Implementation::accept_connections() {
  std::chrono::milliseconds wait = kAcceptWaitMin;
  for (std::size_t next = 0;; next = (next + 1) % workers_.size()) {
    Worker& worker = *workers_[next];
    auto [error, socket] = co_await acceptor_->async_accept(worker.executor(), kNoThrow);
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
    if (!error) {
      wait = kAcceptWaitMin;
      place(std::move(socket), worker);
      continue;
    }
    // Out of descriptors or memory, or a client that left before it was accepted: trying again at
    // once would spin, since the connection that failed is still first in the queue.
    metrics_.accept_errors.add();
    if (wait == kAcceptWaitMin && options_.log != nullptr) {
      options_.log->warning("a connection could not be accepted: " + error.message());
    }
    co_await base::sleep_for(wait);
    wait = std::min(wait * 2, kAcceptWaitMax);
  }
}

void Server::Implementation::place(tcp::socket socket, Worker& worker) {
  const std::size_t count = open_.add();
  const bool refuse = count > options_.max_connections;
  if (refuse) metrics_.connections_refused.add();
  if (count > options_.max_connections + kRefusalsMax) {
    error_code ignored;
    socket.close(ignored);
    open_.remove();
    return;
  }
  if (!refuse) metrics_.connections_accepted.add();
  worker.adopt(std::move(socket), refuse);
}

void Server::Implementation::stop_accepting() {
  if (!accept_thread_.joinable()) {
    acceptor_.reset();
    return;
  }
  base::post(accept_loop_.get_executor(), [this] {
    error_code ignored;
    acceptor_->close(ignored);
  });
  accept_thread_.join();  // the loop ends when accept_connections() does
}

std::size_t Server::Implementation::drain(SteadyClock::time_point deadline) {
  if (std::exchange(drained_, true)) return 0;
  stop_accepting();
  for (const std::unique_ptr<Worker>& worker : workers_) worker->drain();
  std::size_t left = 0;
  if (!open_.wait_for_none(deadline)) {
    left = open_.count();
    for (const std::unique_ptr<Worker>& worker : workers_) worker->cut();
    if (!open_.wait_for_none(SteadyClock::now() + kCutWait) && options_.log != nullptr) {
      options_.log->warning(std::to_string(open_.count()) +
                            " requests did not end when they were cut");
    }
  }
  for (const std::unique_ptr<Worker>& worker : workers_) worker->stop();
  return left;
}

Result<std::unique_ptr<Server>> Server::listen(ServerOptions options, Router router) {
  if (Result<void> checked = check_options(options); !checked) return std::move(checked).error();
  std::optional<TlsContext> tls;
  if (!options.tls_certificate_file.empty()) {
    Result<TlsContext> loaded =
        TlsContext::load(options.tls_certificate_file, options.tls_key_file);
    if (!loaded) return std::move(loaded).error();
    tls = std::move(*loaded);
  }
  auto implementation =
      std::make_unique<Implementation>(std::move(options), std::move(router), std::move(tls));
  if (Result<void> listening = implementation->listen(); !listening) {
    return std::move(listening).error();
  }
  return std::unique_ptr<Server>(new Server(std::move(implementation)));
}

Server::Server(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
Server::~Server() = default;

std::uint16_t Server::port() const noexcept {
  return implementation_->port();
}
void Server::run() {
  implementation_->run();
}
std::size_t Server::drain(SteadyClock::time_point deadline) {
  return implementation_->drain(deadline);
}
std::size_t Server::connections() const noexcept {
  return implementation_->connections();
}
std::vector<base::Executor> Server::executors() const {
  return implementation_->executors();
}

}  // namespace retort::http
