#include "http/worker.h"

#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "base/log.h"

namespace retort::http {
namespace {

std::string address_of(const boost::asio::ip::tcp::socket& socket) {
  boost::system::error_code error;
  const boost::asio::ip::tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return "unknown";
  const boost::asio::ip::address address = peer.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6())
        .to_string();
  }
  return address.to_string();
}

void set_socket_options(boost::asio::ip::tcp::socket& socket) {
  boost::system::error_code ignored;  // none of them decides whether the connection works
  socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  socket.set_option(boost::asio::socket_base::keep_alive(true), ignored);
}

// Keeps a connection among its worker's for as long as its coroutine lives, and closes it behind.
class Membership {
 public:
  Membership(std::unordered_set<Connection*>& all, Connection& one, base::Gauge& open)
      : all_(all), one_(one), open_(open) {
    all_.insert(&one_);
    open_.add(1);
  }
  ~Membership() {
    one_.cut();
    all_.erase(&one_);
    open_.add(-1);
  }
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

 private:
  std::unordered_set<Connection*>& all_;
  Connection& one_;
  base::Gauge& open_;
};

}  // namespace

std::size_t OpenConnections::add() {
  return count_.fetch_add(1, std::memory_order_relaxed) + 1;
}

void OpenConnections::remove() {
  // Under the mutex, so that a waiter cannot miss the last one between its look and its sleep.
  const std::lock_guard lock(mutex_);
  if (count_.fetch_sub(1, std::memory_order_relaxed) == 1) none_.notify_all();
}

bool OpenConnections::wait_for_none(base::SteadyClock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return none_.wait_until(lock, deadline, [this] { return count() == 0; });
}

// A concurrency hint of 1: one thread runs the loop, others only post to it.
Worker::Worker(const ServerOptions& options, const Router& router, HttpMetrics& metrics,
               const TlsContext* tls, OpenConnections& open)
    : tls_(tls),
      open_(open),
      context_{.executor = {}, .options = options, .router = router, .metrics = metrics},
      loop_(1) {
  context_.executor = loop_.get_executor();
}

Worker::~Worker() {
  stop();
}

void Worker::start() {
  work_.emplace(loop_.get_executor());
  thread_ = std::thread([this] { run(); });
}

void Worker::run() noexcept {
  loop_.run();
}

void Worker::stop() {
  work_.reset();
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

void Worker::adopt(boost::asio::ip::tcp::socket socket, bool refuse) {
  base::spawn(context_.executor, serve(std::move(socket), refuse));
}

base::Awaitable<> Worker::serve(boost::asio::ip::tcp::socket socket, bool refuse) {
  set_socket_options(socket);
  std::string address = address_of(socket);
  try {
    Connection connection(tls_ == nullptr ? make_plain_transport(std::move(socket))
                                          : tls_->make_transport(std::move(socket)),
                          std::move(address), context_);
    const Membership membership(connections_, connection, context_.metrics.connections_open);
    co_await (refuse ? connection.refuse() : connection.run());
  } catch (const std::exception& failure) {
    // Out of memory, at most: this connection ends, the others go on.
    if (context_.options.log != nullptr) context_.options.log->error(failure.what());
  }
  open_.remove();
}

void Worker::drain() {
  boost::asio::post(loop_, [this] {
    context_.draining = true;
    // A connection that closes leaves the set later, in its own coroutine.
    for (Connection* connection : connections_) connection->drain();
  });
}

void Worker::cut() {
  boost::asio::post(loop_, [this] {
    for (Connection* connection : connections_) connection->cut();
  });
}

}  // namespace retort::http
