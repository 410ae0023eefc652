#include "http/client_connection.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace retort::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr int kInterimAnswersMax = 8;  // 1xx before the answer

}  // namespace

// A host's name on its way to addresses. The system's look-up cannot be broken off: where time runs
// out first it ends by itself, and nobody looks at what it found.
struct ClientConnection::Lookup {
  explicit Lookup(const base::Executor& executor) : resolver(executor), done(executor) {}

  tcp::resolver resolver;
  base::Event done;
  error_code error;
  tcp::resolver::results_type found;
};

ClientConnection::ClientConnection(const base::Executor& executor, Origin origin,
                                   const HeadLimits& limits)
    : origin_(std::move(origin)), limits_(limits), timer_(executor), socket_(executor) {}

ClientConnection::~ClientConnection() {
  close();
}

void ClientConnection::close() noexcept {
  closed_ = true;
  timer_.cancel();
  if (lookup_) lookup_->done.set();
  error_code ignored;
  socket_.close(ignored);
  if (transport_) transport_->close();
}

Error ClientConnection::failure(std::string_view what, const error_code& why) const {
  const std::string message = origin_.authority() + ": " + std::string(what);
  if (timed_out_) return Error(ErrorKind::timeout, message + " in time");
  return Error(ErrorKind::connection, why ? message + ": " + why.message() : message);
}

// One timer serves all deadlines of a connection. It is moved only where a deadline comes before
// the one it waits for; otherwise it fires, sees that there is time left, and waits on. So a
// request that goes well costs no timer operation.
void ClientConnection::watch(Deadline deadline) {
  watch_until_ = deadline;
  if (deadline < armed_until_) arm();
}

void ClientConnection::arm() {
  armed_until_ = watch_until_;
  if (armed_until_ == Deadline::max()) return;
  timer_.expires_at(armed_until_);
  timer_.async_wait([weak = weak_from_this(), mine = armed_until_](const error_code& error) {
    const std::shared_ptr<ClientConnection> self = weak.lock();
    if (error || !self || self->armed_until_ != mine) return;
    if (base::SteadyClock::now() >= self->watch_until_) {
      self->armed_until_ = Deadline::max();
      self->timed_out_ = true;
      self->close();
      return;
    }
    self->arm();
  });
}

base::Awaitable<Result<std::vector<tcp::endpoint>>> ClientConnection::look_up() {
  error_code no_address;
  const asio::ip::address address = asio::ip::make_address(origin_.host, no_address);
  if (!no_address) co_return std::vector{tcp::endpoint(address, origin_.port)};
  const auto lookup = std::make_shared<Lookup>(socket_.get_executor());
  lookup_ = lookup;
  lookup->resolver.async_resolve(
      origin_.host, std::to_string(origin_.port), tcp::resolver::numeric_service,
      [lookup](const error_code& error, tcp::resolver::results_type found) {
        lookup->error = error;
        lookup->found = std::move(found);
        lookup->done.set();
      });
  co_await lookup->done.wait();
  lookup_.reset();
  if (closed_ || lookup->error) co_return failure("the host was not found", lookup->error);
  std::vector<tcp::endpoint> endpoints;
  for (const auto& entry : lookup->found) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

base::Awaitable<Result<void>> ClientConnection::connect_socket() {
  const Result<std::vector<tcp::endpoint>> endpoints = co_await look_up();
  if (!endpoints) co_return endpoints.error();
  const auto [failed, endpoint] = co_await asio::async_connect(socket_, *endpoints, kNoThrow);
  if (failed || closed_) co_return failure("no connection was made", failed);
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);  // decides nothing
  co_return Result<void>();
}

base::Awaitable<Result<void>> ClientConnection::open(const TlsClientContext* tls,
                                                     Deadline deadline) {
  watch(deadline);
  const Result<void> connected = co_await connect_socket();
  if (!connected) co_return connected.error();
  transport_ = tls == nullptr ? make_plain_transport(std::move(socket_))
                              : tls->make_transport(std::move(socket_), origin_.host);
  const bool greeted = co_await transport_->handshake();
  if (timed_out_) co_return failure("TLS was not agreed on");
  if (!greeted || closed_) {
    co_return failure("TLS was not agreed on: is its certificate trusted, and made for this host?");
  }
  watch(Deadline::max());
  co_return Result<void>();
}

base::Awaitable<Result<void>> ClientConnection::send(std::string_view bytes, Deadline deadline) {
  watch(deadline);
  answer_began_ = false;
  body_.reset();
  const bool sent = co_await transport_->write_all(bytes);
  // A server may answer before it has read all, and close: what it says comes first.
  if (timed_out_) co_return failure("the request was not taken");
  if (!sent && closed_) co_return failure("the connection was closed");
  co_return Result<void>();
}

// False: the server has closed its side.
base::Awaitable<Result<bool>> ClientConnection::receive() {
  if (closed_) co_return failure("the connection was closed");
  const ReadResult read = co_await transport_->read_some(buffer_);
  if (timed_out_) co_return failure("nothing came");
  if (closed_ || read.state == ReadResult::State::failed) {
    co_return failure("the connection was cut");
  }
  if (read.state == ReadResult::State::end) co_return false;
  input_.append(buffer_.data(), read.bytes);
  answer_began_ = true;
  co_return true;
}

base::Awaitable<Result<ResponseHead>> ClientConnection::read_head(bool to_head_request,
                                                                  Deadline deadline) {
  const auto bad = [this](const Error& error) {
    return Error(ErrorKind::malformed, origin_.authority() + ": " + error.message());
  };
  watch(deadline);
  for (int interim = 0; interim <= kInterimAnswersMax; ++interim) {
    HeadScanner scanner(limits_);
    std::size_t bytes = 0;
    while (bytes == 0) {
      const Result<std::size_t> scanned = scanner.scan(input_);
      if (!scanned) {
        co_return bad(Error(ErrorKind::malformed,
                            "the server's answer has a head that is too long "
                            "or malformed"));
      }
      bytes = *scanned;
      if (bytes > 0) break;
      const Result<bool> received = co_await receive();
      if (!received) co_return received.error();
      if (!*received) co_return failure("the server closed the connection without an answer");
    }
    const Result<ResponseHead> head =
        parse_response_head(std::string_view(input_).substr(0, bytes), to_head_request);
    if (!head) co_return bad(head.error());
    input_.erase(0, bytes);
    if (head->status == 101) break;
    if (head->status < 200) continue;
    body_.emplace(*head);
    keep_alive_ = head->keep_alive;
    watch(Deadline::max());
    co_return *head;
  }
  co_return Error(ErrorKind::malformed,
                  origin_.authority() + ": the server's answer never gets past 1xx");
}

base::Awaitable<Result<void>> ClientConnection::read_body(std::string& body, std::size_t bytes_max,
                                                          Deadline deadline) {
  watch(deadline);
  for (;;) {
    // Before anything is waited for: a body that says it is too long is refused by its length.
    const Result<std::size_t> used = body_->feed(input_, body, bytes_max);
    if (!used) {
      co_return Error(ErrorKind::malformed, origin_.authority() + ": " + used.error().message());
    }
    input_.erase(0, *used);
    if (!body.empty() || body_->done()) break;
    const Result<bool> received = co_await receive();
    if (!received) co_return received.error();
    if (*received) continue;
    const Result<void> ended = body_->end();
    if (!ended) co_return failure(ended.error().message());
    break;
  }
  watch(Deadline::max());
  co_return Result<void>();
}

bool ClientConnection::reusable() const noexcept {
  return !closed_ && keep_alive_ && body_ && body_->done() && input_.empty();
}

bool ClientConnection::still_idle() noexcept {
  return !closed_ && transport_ && transport_->quiet();
}

}  // namespace retort::http
