#include "http/exchange.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <optional>
#include <vector>

#include "base/log.h"
#include "http/exchange_state.h"

namespace retort::http {
namespace {

using base::SteadyClock;
using Phase = ExchangeState::Phase;

Error client_gone() {
  return Error(ErrorKind::connection, "The client has closed the connection.");
}

bool is_head_only(const ExchangeState& state) {
  return state.request.head.method == "HEAD";
}

bool is_allowed_origin(const std::vector<std::string>& origins, std::string_view origin) {
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

// The fields an answer to `request` gets by the Fetch standard, 3.2. None where its Origin is not
// in `origins`, which may hold "*" for any. Credentials are never allowed: keys travel in
// Authorization, not in cookies.
Headers cors_headers(const std::vector<std::string>& origins, const RequestHead& request) {
  Headers headers;
  if (origins.empty()) return headers;
  // The answer differs by Origin, also where there is none: caches must know.
  headers.add("vary", "origin");
  const std::optional<std::string_view> origin = request.headers.find("origin");
  if (!origin || !is_allowed_origin(origins, *origin)) return headers;
  headers.add("access-control-allow-origin", std::string(*origin));
  headers.add("access-control-expose-headers", "x-request-id, x-retort-ignored, retry-after");
  return headers;
}

// The further fields of an answer to a preflight (OPTIONS with Access-Control-Request-Method) for a
// path with these methods. None where `request` is no preflight or its origin not allowed.
Headers preflight_headers(const std::vector<std::string>& origins, const RequestHead& request,
                          const std::string& methods) {
  Headers headers;
  const std::optional<std::string_view> origin = request.headers.find("origin");
  if (!origin || !is_allowed_origin(origins, *origin)) return headers;
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

// A body that nobody read but that is here already does not cost the connection.
void skip_received_body(ExchangeState& state) {
  if (state.body.done() || state.body_refused) return;
  std::string skipped;
  const Result<std::size_t> used =
      state.body.feed(state.stream.input(), skipped, state.context.options.body_bytes_max);
  if (used) {
    state.stream.consume(*used);
  } else {
    state.body_refused = true;
  }
}

// The fields the server sets itself; decides whether the connection goes on behind the answer.
Headers own_headers(ExchangeState& state) {
  skip_received_body(state);
  state.closes = !state.request.keep_alive || !state.body.done() || state.body_refused ||
                 state.last_request || state.context.draining;
  Headers own = common_headers(state.request.head.request_id);
  if (state.closes) {
    own.add("connection", "close");
  } else if (!state.request.http_1_1) {
    own.add("connection", "keep-alive");
  }
  for (const auto& [name, value] :
       cors_headers(state.context.options.cors_origins, state.request.head)) {
    own.add(name, value);
  }
  for (const auto& [name, value] : state.added) own.add(name, value);
  return own;
}

Result<void> check_may_answer(const ExchangeState& state, const Headers& headers) {
  if (state.phase != Phase::reading) {
    return Error(ErrorKind::internal, "This request has been answered already.");
  }
  if (Result<void> checked = check_headers(headers); !checked) return checked;
  return check_headers(state.added);
}

// RFC 9112, 7.1: the size in hexadecimal digits, the data, each with a line end behind it.
std::string frame_chunk(std::string_view data) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), data.size(), 16).ptr;
  std::string framed(digits.begin(), end);
  framed.append("\r\n").append(data).append("\r\n");
  return framed;
}

}  // namespace

Headers common_headers(const std::string& request_id) {
  return {{"date", http_date(std::time(nullptr))}, {"x-request-id", request_id}};
}

Response error_response(const ServerOptions& options, const Error& error) {
  Response response;
  response.status = error.status() == 0 ? 500 : error.status();
  response.headers.add("content-type", "application/json");
  if (error.retry_after()) {
    const auto wait = std::chrono::ceil<std::chrono::seconds>(*error.retry_after());
    response.headers.add("retry-after", std::to_string(std::max<long>(1, wait.count())));
  }
  const bool ours = response.status == 500;
  response.body = options.render_error(
      ours ? Error(ErrorKind::internal, "The server had an error while answering this request.")
           : error);
  return response;
}

const RequestHead& Exchange::head() const {
  return state_.request.head;
}
bool Exchange::disconnected() const {
  return state_.stream.ended();
}
bool Exchange::responded() const {
  return state_.phase != Phase::reading;
}
bool Exchange::draining() const {
  return state_.context.draining;
}
base::Executor Exchange::executor() const {
  return state_.context.executor;
}
void Exchange::set_route(std::string_view route) {
  state_.route = route;
}

void Exchange::add_header(std::string name, std::string value) {
  state_.added.add(std::move(name), std::move(value));
}

void Exchange::on_disconnect(std::function<void()> callback) {
  if (state_.stream.ended() && callback) return callback();
  state_.stream.on_end(std::move(callback));
}

base::Awaitable<Result<std::string>> Exchange::read_body(std::size_t limit) {
  ExchangeState& state = state_;
  if (std::exchange(state.body_taken, true)) {
    co_return Error(ErrorKind::internal, "The body of this request has been read already.");
  }
  limit = std::min(limit, state.context.options.body_bytes_max);
  state.body_refused = true;  // until it is here
  if (state.request.content_length > limit) {
    co_return Error(ErrorKind::too_large,
                    "The request body has " + std::to_string(state.request.content_length) +
                        " bytes; at most " + std::to_string(limit) + " are taken.");
  }
  if (state.request.expects_continue && !state.body.done() && state.stream.input().empty()) {
    const Result<void> asked = co_await state.stream.write("HTTP/1.1 100 Continue\r\n\r\n");
    if (!asked) co_return asked.error();
  }
  const SteadyClock::time_point deadline = SteadyClock::now() + state.context.options.body_timeout;
  std::string body;
  for (;;) {
    const Result<std::size_t> used = state.body.feed(state.stream.input(), body, limit);
    if (!used && used.error().kind() == ErrorKind::too_large) {
      co_return Error(ErrorKind::too_large,
                      "The request body has more than " + std::to_string(limit) + " bytes.");
    }
    if (!used) co_return used.error();
    state.stream.consume(*used);
    if (state.body.done()) break;
    const ByteStream::Arrival arrival = co_await state.stream.wait_input(deadline);
    if (arrival == ByteStream::Arrival::end) co_return client_gone();
    if (arrival == ByteStream::Arrival::timeout) {
      co_return Error(ErrorKind::request_timeout, "The request body did not arrive in time.");
    }
  }
  state.body_refused = false;
  co_return body;
}

base::Awaitable<Result<void>> Exchange::respond(Response response) {
  ExchangeState& state = state_;
  const Result<void> may = check_may_answer(state, response.headers);
  if (!may) co_return may.error();
  state.phase = Phase::answered;
  state.status = response.status;
  Headers own = own_headers(state);
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless) own.add("content-length", std::to_string(response.body.size()));
  std::string bytes = render_head(response.status, own, response.headers);
  if (!bodiless && !is_head_only(state)) bytes += response.body;
  co_return co_await state.stream.write(bytes);
}

base::Awaitable<Result<void>> Exchange::respond_error(const Error& error) {
  if (error.kind() == ErrorKind::connection && state_.stream.ended()) co_return client_gone();
  Response response = error_response(state_.context.options, error);
  if (response.status == 500 && state_.context.options.log != nullptr) {
    state_.context.options.log->error(state_.request.head.request_id + " " + state_.route + ": " +
                                      error.message());
  }
  co_return co_await respond(std::move(response));
}

base::Awaitable<Result<void>> Exchange::respond_options(const std::string& methods) {
  Response response{.status = 204, .headers = {{"allow", methods}}, .body = {}};
  for (const auto& [name, value] :
       preflight_headers(state_.context.options.cors_origins, state_.request.head, methods)) {
    response.headers.add(name, value);
  }
  co_return co_await respond(std::move(response));
}

base::Awaitable<Result<void>> Exchange::start_stream(int status, Headers headers) {
  ExchangeState& state = state_;
  const Result<void> may = check_may_answer(state, headers);
  if (!may) co_return may.error();
  if (state.stream.ended()) co_return client_gone();
  state.phase = Phase::streaming;
  state.status = status;
  state.chunked_answer = state.request.http_1_1;
  // HTTP/1.0 knows no chunks: the end of such a stream is the end of the connection.
  if (!state.chunked_answer) state.request.keep_alive = false;
  Headers own = own_headers(state);
  if (state.chunked_answer) own.add("transfer-encoding", "chunked");
  co_return co_await state.stream.write(render_head(status, own, headers));
}

base::Awaitable<Result<void>> Exchange::write(std::string_view chunk) {
  ExchangeState& state = state_;
  if (state.phase != Phase::streaming) {
    co_return Error(ErrorKind::internal, "write() outside a stream.");
  }
  if (chunk.empty() || is_head_only(state)) co_return Result<void>();
  if (state.stream.ended()) co_return client_gone();
  std::string framed;
  if (state.chunked_answer) {
    framed = frame_chunk(chunk);
    chunk = framed;
  }
  co_return co_await state.stream.write(chunk);
}

base::Awaitable<Result<void>> Exchange::finish() {
  ExchangeState& state = state_;
  if (state.phase != Phase::streaming) {
    co_return Error(ErrorKind::internal, "finish() outside a stream.");
  }
  state.phase = Phase::answered;
  if (!state.chunked_answer || is_head_only(state)) co_return Result<void>();
  co_return co_await state.stream.write("0\r\n\r\n");
}

}  // namespace retort::http
