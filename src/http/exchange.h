// One request and its answer: what a handler gets.
//
// A handler is one coroutine on its connection's executor. It reads head(), may read the body once
// (after it has authenticated from the headers), and answers once: respond(), or start_stream(),
// write()... and finish(). Nothing here may be called from another thread; go through
// base::post(executor(), ...). One operation at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <retort/result.h>

#include "base/async.h"
#include "http/request.h"
#include "http/response.h"

namespace retort::http {

struct ExchangeState;

class Exchange {
 public:
  explicit Exchange(ExchangeState& state) : state_(state) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  const RequestHead& head() const;

  // The whole body, at most `limit` bytes or the server's body_bytes_max, whichever is less. Asks
  // for it first where the client waits for "100 Continue". Once only.
  // Errors, each to be given to respond_error(): too_large (413), request_timeout (408) when it
  // has not come within body_timeout, invalid_request (400) for broken chunked coding, connection
  // when the client has gone. After an error the connection closes behind the answer.
  base::Awaitable<Result<std::string>> read_body(std::size_t limit);

  // Sends the whole answer. A connection error when the client has gone; internal when an answer
  // has begun already or a header is not allowed (then nothing is sent).
  base::Awaitable<Result<void>> respond(Response response);

  // Sends `error` as the rendered JSON body with its status (500 where it has none) and
  // retry-after. An internal error is logged under its request id; the client reads only that
  // there was one.
  base::Awaitable<Result<void>> respond_error(const Error& error);

  // Answers OPTIONS: 204 with Allow and, to a browser's preflight from an allowed origin, what it
  // may do. The router calls it.
  base::Awaitable<Result<void>> respond_options(const std::string& methods);

  // Sends the status and headers at once. The body follows by write() and finish().
  base::Awaitable<Result<void>> start_stream(int status, Headers headers);
  // Sends one HTTP chunk by one write to the socket; completes when the socket has taken it, so a
  // slow reader slows its own handler only. Empty chunks are not sent. A connection error: the
  // client has gone, or has read nothing for write_timeout.
  base::Awaitable<Result<void>> write(std::string_view chunk);
  // Ends the body. A stream that its handler leaves unfinished is cut, so that the client sees it
  // is not complete.
  base::Awaitable<Result<void>> finish();

  // `callback` runs on executor(), once, as soon as the client is seen to be gone while the
  // handler runs: on a reset, and on end of file after its request, since a client that still
  // wants an answer keeps its side open (so do nginx and uvicorn). At once, inside this call, where
  // it is gone already. Dropped when the handler returns. A later call replaces the earlier one;
  // an empty function takes it back.
  void on_disconnect(std::function<void()> callback);
  bool disconnected() const;

  // Whether an answer, or a stream, has begun.
  bool responded() const;

  // Adds a field to whatever is answered later (for instance x-retort-ignored, or the rate limit
  // headers). Before the answer begins.
  void add_header(std::string name, std::string value);

  // The server is shutting down: the answer should come to its end.
  bool draining() const;

  base::Executor executor() const;

  // The pattern of the route, for metrics and the log; set by the router.
  void set_route(std::string_view route);

 private:
  ExchangeState& state_;
};

}  // namespace retort::http
