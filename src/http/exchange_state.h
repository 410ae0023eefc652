// What an Exchange works on: one request, how far its answer is, and the connection beneath.
// Internal to src/http: connection.cc makes one a request, exchange.cc works with it.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "base/async.h"
#include "http/byte_stream.h"
#include "http/http_metrics.h"
#include "http/request_parser.h"
#include "http/router.h"
#include "http/server_options.h"

namespace retort::http {

// What all connections of one I/O thread share. Lives as long as the server.
struct ConnectionContext {
  base::Executor executor;
  const ServerOptions& options;
  const Router& router;
  HttpMetrics& metrics;
  bool draining = false;  // this thread's alone
};

struct ExchangeState {
  ExchangeState(ByteStream& client, const ConnectionContext& surroundings, ParsedHead head)
      : stream(client),
        context(surroundings),
        request(std::move(head)),
        body(request.chunked, request.content_length) {}
  // What a handler gave to on_disconnect() must not outlive it, however it ends.
  ~ExchangeState() { stream.on_end({}); }
  ExchangeState(const ExchangeState&) = delete;
  ExchangeState& operator=(const ExchangeState&) = delete;

  enum class Phase {
    reading,    // nothing has been answered
    streaming,  // the head of a stream has been sent
    answered,   // the answer is complete, or will never be (the client has gone)
  };

  ByteStream& stream;
  const ConnectionContext& context;
  ParsedHead request;
  BodyDecoder body;
  bool body_taken = false;    // read_body() was called
  bool body_refused = false;  // reading it failed: where the next request begins is not known
  bool last_request = false;  // the connection's limit of requests is reached
  bool closes = false;        // the answer said, or implies, that the connection closes behind it
  Phase phase = Phase::reading;
  bool chunked_answer = false;  // the stream is in chunked coding, not ended by closing
  int status = 0;               // of the answer; 0 before it begins
  Headers added;                // by Exchange::add_header()
  std::string route;
};

// The answer to `error`: its status (500 where it has none), JSON body and retry-after. What an
// internal error says stays inside.
Response error_response(const ServerOptions& options, const Error& error);

// The fields every answer carries, whatever its request.
Headers common_headers(const std::string& request_id);

}  // namespace retort::http
