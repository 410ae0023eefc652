// The client's half of HTTP/1.1: asks other servers, streams their answers, keeps connections for
// the next request.
//
// What stands in front of other inference services (src/provider), and what `retort load` drives
// servers with. One Client an I/O thread: everything happens on its executor and nothing is locked.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <retort/result.h>

#include "base/async.h"
#include "http/request.h"
#include "http/response_parser.h"
#include "http/url.h"

namespace retort::http {

// Runs coroutines on the thread that calls run(): for a program that is a client and serves nobody.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  base::Executor executor();
  // Returns when nothing is left to do.
  void run();

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

struct ClientOptions {
  std::size_t connections_max = 1'024;          // open at once, to all servers together
  std::size_t idle_connections_max = 256;       // of these, kept for later
  std::chrono::milliseconds keep_idle{20'000};  // below what servers usually allow
  std::size_t header_bytes_max = std::size_t{64} << 10;
  std::size_t header_count_max = 256;
  std::string ca_file;  // PEM: who may sign servers' certificates; empty: who the system trusts
};

// How long each part of one call may take, and how much it may bring. Each is an error of kind
// timeout or malformed that says which.
struct CallLimits {
  std::chrono::milliseconds connect_timeout{5'000};      // to find, reach and greet the server
  std::chrono::milliseconds first_byte_timeout{60'000};  // from the request to the answer's head
  std::chrono::milliseconds idle_timeout{60'000};        // between two pieces of the body
  std::chrono::milliseconds total_timeout{600'000};
  std::size_t body_bytes_max = std::size_t{64} << 20;
};

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";  // path and query, encoded
  Headers headers;           // host, content-length and connection are the client's
  std::string body;
};

class ClientConnection;

class Client {
 public:
  // A config error where ca_file cannot be read.
  static Result<std::unique_ptr<Client>> make(const base::Executor& executor,
                                              ClientOptions options);
  // No call may be under way.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  std::size_t open_connections() const noexcept;
  std::size_t idle_connections() const noexcept;

 private:
  friend class Call;
  class Implementation;
  explicit Client(std::unique_ptr<Implementation> implementation);

  std::unique_ptr<Implementation> implementation_;
};

// One request and its answer. One operation at a time, which it must outlive; cancel() at any time,
// on the same executor.
class Call {
 public:
  Call(Client& client, const CallLimits& limits);
  // A body that was not read to its end closes the connection: the server sees that nobody listens.
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // Sends the request and waits for the answer's head; once. Where a connection that was kept turns
  // out to be closed before anything came back, a fresh one is tried, once.
  // Errors: connection, timeout, malformed (the answer), cancelled, unavailable (connections_max),
  // internal (a header or target that would not be one line). They name the server.
  base::Awaitable<Result<ResponseHead>> send(const Origin& origin, const ClientRequest& request);

  // The next piece of the body as it arrives; empty at its end. Valid until the next call here.
  // After an error nothing more may be read.
  base::Awaitable<Result<std::string_view>> read();
  // The rest of the body.
  base::Awaitable<Result<std::string>> read_all();

  // Ends what is under way with an error of kind cancelled.
  void cancel();

 private:
  base::Awaitable<Result<ResponseHead>> try_send(const Origin& origin, const ClientRequest& request,
                                                 bool fresh);
  void let_go();

  Client& client_;
  const CallLimits limits_;
  base::SteadyClock::time_point deadline_;
  std::shared_ptr<ClientConnection> connection_;  // shared with its watchdog's timer
  bool cancelled_ = false;
  std::size_t body_bytes_ = 0;
  std::string piece_;
};

}  // namespace retort::http
