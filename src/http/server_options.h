// Every limit of the HTTP server, named, with its default. Filled by main from the configuration.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <retort/error.h>

namespace retort::base {
class Log;
class Metrics;
}  // namespace retort::base

namespace retort::http {

struct ServerOptions {
  std::string host = "127.0.0.1";  // an address or a name; "0.0.0.0" and "::" for all interfaces
  std::uint16_t port = 8080;       // 0: any free one, see Server::port()
  std::size_t io_threads = 2;      // 1 to 64
  int listen_backlog = 1024;

  // Connections beyond this are answered 503 with Retry-After and closed.
  std::size_t max_connections = 12'000;
  std::size_t requests_per_connection_max = 10'000;

  std::size_t request_line_bytes_max = 8 * 1024;  // beyond: 414
  std::size_t header_bytes_max = 32 * 1024;       // all fields together; beyond: 431
  std::size_t header_count_max = 100;             // beyond: 431
  std::size_t body_bytes_max = 8 * 1024 * 1024;   // beyond: 413

  std::chrono::milliseconds header_timeout{10'000};  // first byte to end of head; TLS handshake
  std::chrono::milliseconds body_timeout{60'000};    // the whole body, once the handler asks
  std::chrono::milliseconds idle_timeout{75'000};    // between two requests
  std::chrono::milliseconds write_timeout{30'000};   // one write that the client does not take
  std::chrono::milliseconds linger_timeout{1'000};   // reading on behind a last answer, see
  std::size_t linger_bytes_max = 1024 * 1024;        // ByteStream::close_gently

  // Origins that browsers may call from, as sent in Origin ("https://example.org"), or "*". None:
  // no CORS headers at all.
  std::vector<std::string> cors_origins;

  // Both PEM files or neither. The certificate file may hold its chain.
  std::string tls_certificate_file;
  std::string tls_key_file;

  // The JSON body of an error answer. Must be set. Called on all I/O threads.
  std::function<std::string(const Error&)> render_error;

  const base::Log* log = nullptr;    // where to write; nowhere if null. Must outlive the server
  base::Metrics* metrics = nullptr;  // what to count in; nothing if null. Must outlive the server
};

}  // namespace retort::http
