// One connection to another server: opened, asked, answered, each step with its deadline.
//
// Internal to src/http: client.cc keeps these and hands them to calls.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <retort/result.h>

#include "base/async.h"
#include "http/response_parser.h"
#include "http/transport.h"
#include "http/url.h"

namespace retort::http {

class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  using Deadline = base::SteadyClock::time_point;

  ClientConnection(const base::Executor& executor, Origin origin, const HeadLimits& limits);
  ~ClientConnection();
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  // `tls` is there where the origin wants it.
  base::Awaitable<Result<void>> open(const TlsClientContext* tls, Deadline deadline);
  base::Awaitable<Result<void>> send(std::string_view bytes, Deadline deadline);
  // The head of the next answer that is no 1xx.
  base::Awaitable<Result<ResponseHead>> read_head(bool to_head_request, Deadline deadline);
  // Appends what comes next of the body, at most `bytes_max`; nothing at its end.
  base::Awaitable<Result<void>> read_body(std::string& body, std::size_t bytes_max,
                                          Deadline deadline);

  // Ends what is under way.
  void close() noexcept;

  // The answer was read to its end, and another request may follow.
  bool reusable() const noexcept;
  // Nothing has come, and the server has not closed: asked before a kept connection is used again.
  bool still_idle() noexcept;
  // Something has come of the answer that is being waited for.
  bool answer_began() const noexcept { return answer_began_; }
  const Origin& origin() const noexcept { return origin_; }

  Deadline idle_since{};  // the pool's

 private:
  struct Lookup;

  base::Awaitable<Result<std::vector<boost::asio::ip::tcp::endpoint>>> look_up();
  base::Awaitable<Result<void>> connect_socket();
  base::Awaitable<Result<bool>> receive();
  void watch(Deadline deadline);
  void arm();
  Error failure(std::string_view what, const boost::system::error_code& why = {}) const;

  const Origin origin_;
  const HeadLimits limits_;
  boost::asio::steady_timer timer_;
  Deadline watch_until_ = Deadline::max();  // max: nothing is under way
  Deadline armed_until_ = Deadline::max();  // when the timer fires; max: it does not run
  bool timed_out_ = false;
  std::shared_ptr<Lookup> lookup_;       // while the host is looked up; shared with its handler
  boost::asio::ip::tcp::socket socket_;  // until the transport has it
  std::unique_ptr<Transport> transport_;
  bool closed_ = false;
  std::array<char, 8 * 1024> buffer_;
  std::string input_;  // received and not consumed
  bool answer_began_ = false;
  bool keep_alive_ = false;
  std::optional<ResponseBody> body_;  // of the answer that is being read
};

}  // namespace retort::http
