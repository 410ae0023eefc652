// The HTTP/1.1 server: listens, accepts, and runs connections on a few I/O threads.
//
// A connection lives on one thread from accept to close, so nothing in it needs a lock; thousands
// of open streams are coroutines on those threads. main builds one Server last and drains it first.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <retort/result.h>

#include "base/async.h"
#include "http/router.h"
#include "http/server_options.h"

namespace retort::http {

class Server {
 public:
  // Binds and listens; serves from run() on. A config error in one line names the setting: a host
  // that cannot be resolved, a port in use or not allowed, a TLS file that cannot be read or does
  // not fit, a limit out of range.
  static Result<std::unique_ptr<Server>> listen(ServerOptions options, Router router);

  // Cuts every connection and ends the threads (drain() first is polite).
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The port it listens on: the one asked for, or the one the system chose for 0.
  std::uint16_t port() const noexcept;

  // Starts the I/O threads and returns. Once.
  void run();

  // Stops accepting, closes idle connections, and lets the others finish their answer until
  // `deadline`; then cuts the rest and ends the threads. Blocks; from a thread that is not an I/O
  // thread, once. Returns how many connections were cut.
  std::size_t drain(base::SteadyClock::time_point deadline);

  // Open connections now. Thread-safe.
  std::size_t connections() const noexcept;

  // The I/O threads' executors, for work that should run beside the connections. They run from
  // run() until drain() or destruction.
  std::vector<base::Executor> executors() const;

 private:
  class Implementation;
  explicit Server(std::unique_ptr<Implementation> implementation);

  std::unique_ptr<Implementation> implementation_;
};

}  // namespace retort::http
