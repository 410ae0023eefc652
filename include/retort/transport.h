// Transport: how the client's requests reach a server, and what time it is meanwhile.
//
// The client speaks HTTP through this interface and keeps every timer in it. curl_transport() is
// the one for the network; in_process_transport() calls a handler in this program; MockTransport
// answers from a script, in virtual time, and records what was asked. Another HTTP library fits in
// by overriding start().
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <retort/result.h>

#pragma GCC visibility push(default)

namespace retort {

// The fields of a head, in their order. Names are compared without regard to case.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  // The first value of that name; null where there is none.
  const std::string* find(std::string_view name) const;
  // Replaces every field of that name, or adds one.
  void set(std::string_view name, std::string value);
  void add(std::string name, std::string value);
  void remove(std::string_view name);

  bool empty() const { return fields_.empty(); }
  std::size_t size() const { return fields_.size(); }
  std::vector<Field>::const_iterator begin() const { return fields_.begin(); }
  std::vector<Field>::const_iterator end() const { return fields_.end(); }

  friend bool operator==(const Headers&, const Headers&) = default;

 private:
  std::vector<Field> fields_;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  Headers headers;
  std::string body;
  // How long name look-up, TCP and TLS may take together; 0: no limit.
  std::chrono::milliseconds connect_timeout{0};
};

struct HttpHead {
  int status = 0;
  Headers headers;
};

// Who receives an answer. The calls come one after another, from any thread, perhaps from within
// Transport::start().
class ResponseSink {
 public:
  virtual ~ResponseSink() = default;
  // Once, before any body. Informational heads (1xx) are not passed on.
  virtual void on_head(HttpHead head) = 0;
  // Takes `bytes`. False asks for a pause: no more until Exchange::resume().
  virtual bool on_body(std::string_view bytes) = 0;
  // The last call, once: the answer is complete, or what kept it from being so
  // (ErrorKind::connection, timeout, malformed).
  virtual void on_end(Result<void> outcome) = 0;
};

// A request under way. Thread-safe; both return at once. Destroying it changes nothing.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // After on_body() returned false.
  virtual void resume() = 0;
  // Ends the exchange and gives its connection back or closes it. Calls to the sink may still come
  // while this runs; on_end() may or may not.
  virtual void cancel() = 0;
};

// Thread-safe.
class Transport {
 public:
  using Clock = std::chrono::steady_clock;
  using TimerId = std::uint64_t;

  Transport();
  virtual ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Sends the request, without waiting for anything. The transport keeps the sink until its
  // on_end(). Redirects are not followed.
  virtual std::shared_ptr<Exchange> start(HttpRequest request,
                                          std::shared_ptr<ResponseSink> sink) = 0;

  // Time, in which the client's limits and the waits between attempts are counted. What stands here
  // uses the steady clock and a thread of its own, begun with the first timer.
  virtual Clock::time_point now() const;
  virtual TimerId call_at(Clock::time_point when, std::function<void()> task);
  // A timer that has begun to run, or has run, is left alone.
  virtual void cancel_timer(TimerId id);
  // Whoever waits for a call asks this first. A transport without threads does its next piece of
  // work and says true; false: there is none, it comes from elsewhere.
  virtual bool run_one() { return false; }

 private:
  class Timers;
  std::unique_ptr<Timers> timers_;
};

// ----------------------------------------------------------------------------------- the network

enum class HttpVersion : std::uint8_t {
  automatic,   // HTTP/2 where TLS agrees on it, else HTTP/1.1
  http1,       // HTTP/1.1 always
  http2,       // HTTP/2 with TLS, where the server has it
  http2_clear  // HTTP/2 at once, without TLS too: for a server known to speak it
};

// Certificates are always verified, but for the one option that says so loudly.
struct NetworkOptions {
  std::string proxy{};        // a URL: http, https, socks5, socks5h; empty: http_proxy & co. decide
  std::string no_proxy{};     // hosts that are reached directly, by commas; "*": all
  std::string ca_file{};      // certificates to trust, in PEM, instead of the system's
  std::string ca_path{};      // the same, a folder of hashed files
  std::string client_cert{};  // a file in PEM
  std::string client_key{};   // its key, in PEM
  std::string client_key_password{};
  std::string unix_socket{};  // connect to this path, whatever the URL's host
  HttpVersion http_version = HttpVersion::automatic;
  std::size_t connections_max = 0;    // open at once; further requests wait; 0: no limit
  std::size_t idle_connections = 64;  // kept open for the next request
  bool insecure_accept_any_certificate = false;
};

// libcurl's multi interface on one thread, which every request of every client that shares this
// transport goes through. The thread ends with the transport. A file that cannot be used fails each
// request, by its name.
std::shared_ptr<Transport> curl_transport(NetworkOptions options = {});

// --------------------------------------------------------------------------------- in this program

// What a handler answers with. Thread-safe; may outlive the handler's call.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;
  // Each returns false once the client has left.
  virtual bool head(HttpHead head) = 0;
  virtual bool body(std::string_view bytes) = 0;
  virtual void end() = 0;
};

using RequestHandler =
    std::function<void(const HttpRequest& request, const std::shared_ptr<ResponseWriter>& writer)>;

// Calls `handler` for each request on one of `threads` threads of its own.
std::shared_ptr<Transport> in_process_transport(RequestHandler handler, std::size_t threads = 4);

// ----------------------------------------------------------------------------------- for your
// tests

// What MockTransport answers one request with.
struct MockAnswer {
  int status = 200;
  Headers headers{};
  std::vector<std::string> body{};  // in these pieces
  // Virtual time that passes before the head, and before each piece of the body.
  std::chrono::milliseconds head_delay{0};
  std::chrono::milliseconds piece_delay{0};
  // Instead of the orderly end: after everything above, or instead of it where status is 0.
  std::optional<Error> failure{};

  static MockAnswer json(std::string body, int status = 200);
  // A stream of these data lines and [DONE].
  static MockAnswer events(const std::vector<std::string>& data);
  static MockAnswer fail(ErrorKind kind, std::string message);
  // The body cut into pieces of that many bytes.
  MockAnswer split_every(std::size_t bytes) &&;
};

// Answers from a script, in the order of the requests, and in virtual time: waiting costs nothing,
// and a schedule of waits can be read off exactly. It has no thread: everything happens within the
// call that waits, or in run_one().
class MockTransport final : public Transport {
 public:
  struct Recorded {
    HttpRequest request;
    std::chrono::milliseconds at{0};  // virtual time since the mock began
  };

  MockTransport();
  ~MockTransport() override;

  // A request beyond the script fails as a refused connection.
  void add(MockAnswer answer);
  std::vector<Recorded> requests() const;
  // How many exchanges were cancelled before their end.
  std::size_t cancelled() const;

  // A script from what recording_transport() wrote.
  static Result<std::shared_ptr<MockTransport>> from_recording(std::string_view lines);

  std::shared_ptr<Exchange> start(HttpRequest request, std::shared_ptr<ResponseSink> sink) override;
  Clock::time_point now() const override;
  TimerId call_at(Clock::time_point when, std::function<void()> task) override;
  void cancel_timer(TimerId id) override;
  bool run_one() override;

 private:
  class State;
  std::shared_ptr<State> state_;
};

// Passes everything on to `transport` and hands `write` one line of JSON for each exchange that
// came to its end: the request without its headers, which hold secrets, and the answer.
std::shared_ptr<Transport> recording_transport(std::shared_ptr<Transport> transport,
                                               std::function<void(std::string_view line)> write);

}  // namespace retort

#pragma GCC visibility pop
