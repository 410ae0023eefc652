// One I/O thread: its event loop and the connections that live on it.
//
// http/server makes a few of them and hands each accepted socket to one. Only adopt(), drain(),
// cut() and the loop's own machinery may be called from other threads; they post.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>

#include "base/async.h"
#include "http/connection.h"
#include "http/transport.h"

namespace retort::http {

// How many connections are open on all threads together, and a wait for none. Thread-safe.
class OpenConnections {
 public:
  // Counts one more and returns how many that makes.
  std::size_t add();
  void remove();
  std::size_t count() const noexcept { return count_.load(std::memory_order_relaxed); }
  // Blocks until none is open or `deadline`; whether none is.
  bool wait_for_none(base::SteadyClock::time_point deadline);

 private:
  std::atomic<std::size_t> count_{0};
  std::mutex mutex_;
  std::condition_variable none_;
};

class Worker {
 public:
  // All must outlive the worker; `tls` is null for plain HTTP.
  Worker(const ServerOptions& options, const Router& router, HttpMetrics& metrics,
         const TlsContext* tls, OpenConnections& open);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  base::Executor executor() { return loop_.get_executor(); }

  // Starts the thread. Once.
  void start();
  // Serves `socket`, which was accepted for executor() and counted as open, or answers it 503.
  void adopt(boost::asio::ip::tcp::socket socket, bool refuse);
  // Connections close behind their answers from now on; those that wait for a request, at once.
  void drain();
  // Closes all connections at once.
  void cut();
  // Ends the loop and joins the thread. Coroutines that still wait are destroyed with the worker.
  void stop();

 private:
  base::Awaitable<> serve(boost::asio::ip::tcp::socket socket, bool refuse);
  void run() noexcept;

  const TlsContext* const tls_;
  OpenConnections& open_;
  ConnectionContext context_;
  std::unordered_set<Connection*> connections_;  // each owned by its serve() coroutine
  boost::asio::io_context loop_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::thread thread_;
};

}  // namespace retort::http
