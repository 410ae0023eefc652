// One client's connection: reads request after request within limits, has each answered by the
// router, and decides when to close.
//
// http/server accepts and calls run(); everything happens on one I/O thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <retort/result.h>

#include "base/async.h"
#include "http/byte_stream.h"
#include "http/exchange_state.h"

namespace retort::http {

class Connection {
 public:
  Connection(std::unique_ptr<Transport> transport, std::string remote_address,
             const ConnectionContext& context);

  // Serves until the connection is closed. The caller keeps `this` until then.
  base::Awaitable<> run();

  // Answers 503 instead, without reading a request.
  base::Awaitable<> refuse();

  // Closes the connection now if it waits for a request; otherwise it closes behind its answer.
  // After context.draining was set.
  void drain();
  // Closes it at once, whatever it does.
  void cut() { stream_->cut(); }

 private:
  // A request, the error to answer before closing, or nothing: the client has left or is idle.
  using Received = std::optional<Result<ParsedHead>>;

  base::Awaitable<> serve_requests();
  base::Awaitable<Received> read_head(bool first);
  Result<ParsedHead> take_head(std::size_t bytes);
  // Whether another request may follow.
  base::Awaitable<bool> answer(ParsedHead head, bool last);
  base::Awaitable<> answer_error(const Error& error);
  void record(const ExchangeState& state, base::SteadyClock::time_point began) const;

  const ConnectionContext& context_;
  const std::string remote_address_;
  const std::shared_ptr<ByteStream> stream_;  // shared with its own reading coroutine
  bool idle_ = false;                         // waits for a request of which nothing has come
};

}  // namespace retort::http
