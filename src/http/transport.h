// The bytes of one connection, plain or TLS: the one place where the two differ.
//
// For one that was accepted, ByteStream above it adds deadlines and notices when the client leaves;
// ClientConnection does the same for one that was made. Nothing here throws; every
// call is made on the socket's executor. One read and one write may be under way at a time.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <retort/result.h>

#include "base/async.h"

namespace retort::http {

struct ReadResult {
  enum class State { bytes, end, failed } state;  // end: the client sends no more
  std::size_t bytes = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // Before anything else; a client's checks the server's certificate. False: there will be no
  // connection.
  virtual base::Awaitable<bool> handshake() = 0;
  virtual base::Awaitable<ReadResult> read_some(std::span<char> buffer) = 0;
  // False where the client has gone.
  virtual base::Awaitable<bool> write_all(std::string_view bytes) = 0;
  // Tells the client that nothing more comes; it may still send. Completes even where it does not
  // answer, once close() is called.
  virtual base::Awaitable<> end_output() = 0;
  // Ends every operation under way with an error. May be called again.
  virtual void close() noexcept = 0;
  // Nothing waits to be read, and the other side has not closed. What TLS sends on its own counts:
  // rarely is it only that.
  virtual bool quiet() noexcept = 0;
};

std::unique_ptr<Transport> make_plain_transport(boost::asio::ip::tcp::socket socket);

// A server's certificate and key, read once. Copies share them.
class TlsContext {
 public:
  // A config error, naming the file and why, where one cannot be read, is no PEM, or the two do
  // not belong together. TLS 1.2 and 1.3.
  static Result<TlsContext> load(const std::string& certificate_file, const std::string& key_file);

  std::unique_ptr<Transport> make_transport(boost::asio::ip::tcp::socket socket) const;

 private:
  struct Loaded;
  explicit TlsContext(std::shared_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}

  std::shared_ptr<Loaded> loaded_;  // shared by the copies and by every connection made from it
};

// What a client trusts, read once. Copies share it.
class TlsClientContext {
 public:
  // `ca_file` is PEM; empty: what the system trusts. A config error where it cannot be read.
  static Result<TlsClientContext> load(const std::string& ca_file);

  // The certificate must be for `host`, a name or an address.
  std::unique_ptr<Transport> make_transport(boost::asio::ip::tcp::socket socket,
                                            const std::string& host) const;

 private:
  struct Loaded;
  explicit TlsClientContext(std::shared_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}

  std::shared_ptr<Loaded> loaded_;  // shared by the copies and by every connection made from it
};

}  // namespace retort::http
