#include "http/connection.h"

#include <cmath>
#include <exception>

#include "base/crypto.h"
#include "base/log.h"

namespace retort::http {
namespace {

using base::SteadyClock;
using Phase = ExchangeState::Phase;

constexpr std::size_t kReadBytes = 4096;  // a read may overshoot the head by as much

// What the log and the metrics say of a request that was never answered, as nginx does.
constexpr int kClientGone = 499;

HeadLimits head_limits(const ServerOptions& options) {
  return {options.request_line_bytes_max, options.header_bytes_max, options.header_count_max};
}

ByteStream::Limits stream_limits(const ServerOptions& options) {
  return {options.request_line_bytes_max + options.header_bytes_max + kReadBytes,
          options.write_timeout, options.linger_timeout, options.linger_bytes_max};
}

std::string make_request_id() {
  return "req_" + base::random_alphanumeric(24);
}

// The client's, where it sent one that can be echoed.
std::string request_id_of(const Headers& headers) {
  const std::optional<std::string_view> sent = headers.find("x-request-id");
  return sent && is_sane_request_id(*sent) ? std::string(*sent) : make_request_id();
}

// Why a handler failed, where it threw what it must not: the process goes on, the request does not.
base::Awaitable<std::optional<Error>> dispatch(const Router& router, Exchange& exchange) {
  try {
    co_await router.dispatch(exchange);
  } catch (const std::exception& failure) {
    co_return Error(ErrorKind::internal, std::string("the handler threw: ") + failure.what());
  } catch (...) {
    co_return Error(ErrorKind::internal, "the handler threw");
  }
  // With the client gone there is nobody to answer.
  if (exchange.responded() || exchange.disconnected()) co_return std::nullopt;
  co_return Error(ErrorKind::internal, "the handler did not answer");
}

}  // namespace

Connection::Connection(std::unique_ptr<Transport> transport, std::string remote_address,
                       const ConnectionContext& context)
    : context_(context),
      remote_address_(std::move(remote_address)),
      stream_(std::make_shared<ByteStream>(
          std::move(transport), context.executor, stream_limits(context.options),
          ByteStream::Traffic{&context.metrics.received_bytes, &context.metrics.sent_bytes})) {}

base::Awaitable<> Connection::run() {
  if (!co_await stream_->handshake(context_.options.header_timeout)) {
    stream_->cut();
    co_return;
  }
  stream_->start_reading();
  co_await serve_requests();
}

base::Awaitable<> Connection::refuse() {
  if (!co_await stream_->handshake(context_.options.linger_timeout)) {
    stream_->cut();
    co_return;
  }
  stream_->start_reading();
  co_await answer_error(Error(ErrorKind::unavailable, "Too many connections are open; try again.")
                            .with_retry_after(std::chrono::seconds(1)));
}

void Connection::drain() {
  if (idle_) stream_->cut();
}

base::Awaitable<> Connection::serve_requests() {
  const std::size_t requests_max = context_.options.requests_per_connection_max;
  for (std::size_t count = 1;; ++count) {
    Received received = co_await read_head(count == 1);
    if (!received) break;
    if (!*received) {
      context_.metrics.malformed.add();
      co_await answer_error(received->error());
      co_return;
    }
    if (!co_await answer(std::move(**received), count >= requests_max)) break;
  }
  co_await stream_->close_gently();
}

base::Awaitable<Connection::Received> Connection::read_head(bool first) {
  const ServerOptions& options = context_.options;
  HeadScanner scanner(head_limits(options));
  // A new connection has something to say; one that has been answered may take its time.
  bool begun = first || !stream_->input().empty();
  SteadyClock::time_point deadline =
      SteadyClock::now() + (begun ? options.header_timeout : options.idle_timeout);
  for (;;) {
    const Result<std::size_t> head = scanner.scan(stream_->input());
    if (!head) co_return Received(head.error());
    if (*head > 0) co_return Received(take_head(*head));
    idle_ = stream_->input().empty();
    if (idle_ && context_.draining) co_return std::nullopt;
    const ByteStream::Arrival arrival = co_await stream_->wait_input(deadline);
    const bool nothing_came = std::exchange(idle_, false) && arrival != ByteStream::Arrival::bytes;
    if (arrival == ByteStream::Arrival::end || nothing_came) co_return std::nullopt;
    if (arrival == ByteStream::Arrival::timeout) {
      co_return Received(
          Error(ErrorKind::request_timeout, "The request's head did not arrive in time."));
    }
    if (!std::exchange(begun, true)) deadline = SteadyClock::now() + options.header_timeout;
  }
}

Result<ParsedHead> Connection::take_head(std::size_t bytes) {
  Result<ParsedHead> parsed = parse_request_head(stream_->input().substr(0, bytes));
  stream_->consume(bytes);
  if (!parsed) return parsed;
  parsed->head.remote_address = remote_address_;
  parsed->head.request_id = request_id_of(parsed->head.headers);
  return parsed;
}

base::Awaitable<bool> Connection::answer(ParsedHead head, bool last) {
  const SteadyClock::time_point began = SteadyClock::now();
  ExchangeState state(*stream_, context_, std::move(head));
  state.last_request = last;
  Exchange exchange(state);
  const std::optional<Error> failure = co_await dispatch(context_.router, exchange);
  stream_->on_end({});
  if (failure && state.phase == Phase::reading) {
    (void)co_await exchange.respond_error(*failure);  // fails only where the client has gone
  } else if (failure && context_.options.log != nullptr) {
    context_.options.log->error(state.request.head.request_id + " " + state.route + ": " +
                                failure->message());
  }
  if (state.phase != Phase::answered) {
    // Cut, and not closed politely: a stream that ends early must not look complete (HTTP/1.0).
    if (state.status == 0) state.status = kClientGone;
    stream_->cut();
  }
  if (stream_->broken()) context_.metrics.disconnects.add();
  record(state, began);
  co_return !state.closes && !stream_->broken();
}

void Connection::record(const ExchangeState& state, SteadyClock::time_point began) const {
  const RequestHead& head = state.request.head;
  const std::chrono::duration<double> time = SteadyClock::now() - began;
  context_.metrics.count_request(state.route, head.method, state.status, time);
  const base::Log* log = context_.options.log;
  if (log == nullptr || !log->debugs()) return;
  log->debug(head.request_id + " " + remote_address_ + " " + head.method + " " + head.path + " " +
             std::to_string(state.status) + " " + std::to_string(std::llround(time.count() * 1e6)) +
             " us");
}

base::Awaitable<> Connection::answer_error(const Error& error) {
  const Response response = error_response(context_.options, error);
  Headers own = common_headers(make_request_id());
  own.add("connection", "close");
  own.add("content-length", std::to_string(response.body.size()));
  const Result<void> sent =
      co_await stream_->write(render_head(response.status, own, response.headers) + response.body);
  if (sent) co_await stream_->close_gently();
}

}  // namespace retort::http
