#include "http/transport.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <exception>

namespace retort::http {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

// Open, and a read would have to wait.
bool is_quiet(asio::ip::tcp::socket& socket) noexcept {
  if (!socket.is_open()) return false;
  char byte = 0;
  const ssize_t count = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

  base::Awaitable<bool> handshake() override { co_return true; }

  base::Awaitable<ReadResult> read_some(std::span<char> buffer) override {
    const auto [error, bytes] =
        co_await socket_.async_read_some(asio::buffer(buffer.data(), buffer.size()), kNoThrow);
    if (!error) co_return ReadResult{ReadResult::State::bytes, bytes};
    co_return ReadResult{error == asio::error::eof ? ReadResult::State::end
                                                   : ReadResult::State::failed};
  }

  base::Awaitable<bool> write_all(std::string_view bytes) override {
    const auto [error, written] =
        co_await asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()), kNoThrow);
    co_return !error;
  }

  base::Awaitable<> end_output() override {
    error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    co_return;
  }

  bool quiet() noexcept override { return is_quiet(socket_); }

  void close() noexcept override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  asio::ip::tcp::socket socket_;
};

class TlsTransport final : public Transport {
 public:
  TlsTransport(asio::ip::tcp::socket socket, std::shared_ptr<ssl::context> context,
               ssl::stream_base::handshake_type side)
      : context_(std::move(context)), stream_(std::move(socket), *context_), side_(side) {}

  SSL* native() { return stream_.native_handle(); }

  base::Awaitable<bool> handshake() override {
    const auto [error] = co_await stream_.async_handshake(side_, kNoThrow);
    co_return !error;
  }

  base::Awaitable<ReadResult> read_some(std::span<char> buffer) override {
    const auto [error, bytes] =
        co_await stream_.async_read_some(asio::buffer(buffer.data(), buffer.size()), kNoThrow);
    if (!error) co_return ReadResult{ReadResult::State::bytes, bytes};
    // HTTP frames its messages itself, so an end without close_notify is an end all the same.
    const bool end = error == asio::error::eof || error == ssl::error::stream_truncated;
    co_return ReadResult{end ? ReadResult::State::end : ReadResult::State::failed};
  }

  base::Awaitable<bool> write_all(std::string_view bytes) override {
    const auto [error, written] =
        co_await asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()), kNoThrow);
    co_return !error;
  }

  base::Awaitable<> end_output() override {
    co_await stream_.async_shutdown(kNoThrow);
    error_code ignored;
    stream_.next_layer().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }

  bool quiet() noexcept override { return is_quiet(stream_.next_layer()); }

  void close() noexcept override {
    error_code ignored;
    stream_.next_layer().close(ignored);
  }

 private:
  std::shared_ptr<ssl::context> context_;  // shared with the TlsContext and the other connections
  ssl::stream<asio::ip::tcp::socket> stream_;
  const ssl::stream_base::handshake_type side_;
};

Error tls_error(std::string_view flag, const std::string& file, const error_code& error) {
  return Error(ErrorKind::config, std::string(flag) + " " + file + ": " + error.message());
}

}  // namespace

std::unique_ptr<Transport> make_plain_transport(asio::ip::tcp::socket socket) {
  return std::make_unique<PlainTransport>(std::move(socket));
}

// OpenSSL is reached through Asio, whose constructors throw; nothing leaves this file.
struct TlsContext::Loaded {
  std::shared_ptr<ssl::context> context;  // shared with each connection
};

Result<TlsContext> TlsContext::load(const std::string& certificate_file,
                                    const std::string& key_file) {
  try {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    error_code error;
    context->set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 |
                             ssl::context::no_sslv3 | ssl::context::no_tlsv1 |
                             ssl::context::no_tlsv1_1 | ssl::context::no_compression,
                         error);
    if (error) return tls_error("--tls-cert", certificate_file, error);
    // A client must not make the server spend its time on handshakes within one connection.
    SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION);
    // A passphrase cannot be asked for; without this OpenSSL would ask on the terminal.
    context->set_password_callback(
        [](std::size_t, ssl::context::password_purpose) { return std::string(); }, error);
    context->use_certificate_chain_file(certificate_file, error);
    if (error) return tls_error("--tls-cert", certificate_file, error);
    context->use_private_key_file(key_file, ssl::context::pem, error);
    if (error) return tls_error("--tls-key", key_file, error);
    if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
      return Error(
          ErrorKind::config,
          "--tls-key " + key_file + ": does not belong to the certificate in " + certificate_file);
    }
    return TlsContext(std::make_shared<Loaded>(Loaded{std::move(context)}));
  } catch (const std::exception& failure) {
    return Error(ErrorKind::config, std::string("TLS cannot be set up: ") + failure.what());
  }
}

std::unique_ptr<Transport> TlsContext::make_transport(asio::ip::tcp::socket socket) const {
  return std::make_unique<TlsTransport>(std::move(socket), loaded_->context,
                                        ssl::stream_base::server);
}

struct TlsClientContext::Loaded {
  std::shared_ptr<ssl::context> context;  // shared with each connection
};

Result<TlsClientContext> TlsClientContext::load(const std::string& ca_file) {
  try {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
    error_code error;
    context->set_verify_mode(ssl::verify_peer, error);
    if (!error && ca_file.empty()) context->set_default_verify_paths(error);
    if (!error && !ca_file.empty()) context->load_verify_file(ca_file, error);
    if (error) {
      return Error(ErrorKind::config, (ca_file.empty() ? "the system's certificates" : ca_file) +
                                          ": " + error.message());
    }
    return TlsClientContext(std::make_shared<Loaded>(Loaded{std::move(context)}));
  } catch (const std::exception& failure) {
    return Error(ErrorKind::config, std::string("TLS cannot be set up: ") + failure.what());
  }
}

std::unique_ptr<Transport> TlsClientContext::make_transport(asio::ip::tcp::socket socket,
                                                            const std::string& host) const {
  auto transport =
      std::make_unique<TlsTransport>(std::move(socket), loaded_->context, ssl::stream_base::client);
  // A name is sent, so that a server of many hosts finds its certificate; an address must not be
  // (RFC 6066, 3). Either is held against the certificate.
  X509_VERIFY_PARAM* checks = SSL_get0_param(transport->native());
  error_code error;
  asio::ip::make_address(host, error);
  if (!error) {
    X509_VERIFY_PARAM_set1_ip_asc(checks, host.c_str());
  } else {
    X509_VERIFY_PARAM_set_hostflags(checks, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM_set1_host(checks, host.c_str(), host.size());
    SSL_set_tlsext_host_name(transport->native(), host.c_str());
  }
  return transport;
}

}  // namespace retort::http
