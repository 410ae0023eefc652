// TLS: the same server behind a certificate made here, spoken to by OpenSSL's own client.
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "http/test_identity.h"
#include "http/test_server.h"

namespace retort::http::test {
namespace {

// Speaks TLS over a blocking connection.
class TlsClient {
 public:
  TlsClient(std::uint16_t port, int version)
      : context_(SSL_CTX_new(TLS_client_method())),
        connection_(BIO_new_ssl_connect(context_.get())) {
    SSL_CTX_set_max_proto_version(context_.get(), version);
    SSL_CTX_set_min_proto_version(context_.get(), 0);
    SSL_CTX_set_security_level(context_.get(), 0);
    connection_.reset(BIO_new_ssl_connect(context_.get()));
    BIO_set_conn_hostname(connection_.get(), ("127.0.0.1:" + std::to_string(port)).c_str());
    connected_ = BIO_do_connect(connection_.get()) == 1;
    ERR_clear_error();
  }
  bool connected() const { return connected_; }
  void send(const std::string& bytes) {
    BIO_write(connection_.get(), bytes.data(), static_cast<int>(bytes.size()));
  }
  // Up to `mark`, or to the end.
  std::string read_until(const std::string& mark) {
    std::string text;
    char buffer[4096];
    while (mark.empty() || text.find(mark) == std::string::npos) {
      const int count = BIO_read(connection_.get(), buffer, sizeof buffer);
      if (count <= 0) break;
      text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
  }
  // Whether the server said that it has ended, instead of just closing.
  bool ended_properly() {
    SSL* ssl = nullptr;
    BIO_get_ssl(connection_.get(), &ssl);
    return (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
  }

 private:
  std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>> context_;
  std::unique_ptr<BIO, Deleter<BIO_free_all>> connection_;
  bool connected_ = false;
};

ServerOptions tls_options(const Identity& identity) {
  ServerOptions options;
  options.tls_certificate_file = identity.certificate_file();
  options.tls_key_file = identity.key_file();
  return options;
}

TEST(Tls, ServesRequestsAndStreamsAndEndsProperly) {
  const Identity identity("tls_serves");
  TestServer server(tls_options(identity));
  server.start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(server.server->port(), version);
    ASSERT_TRUE(client.connected());
    client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nsecret");
    EXPECT_TRUE(client.read_until("secret").starts_with("HTTP/1.1 200 OK\r\n"));
    client.send("GET /three HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_NE(client.read_until("").find("data: [DONE]\n\n\r\n0\r\n\r\n"), std::string::npos);
    EXPECT_TRUE(client.ended_properly());
  }
}

TEST(Tls, SeesTheClientLeaveWhileTheHandlerWaits) {
  const Identity identity("tls_leaves");
  TestServer server(tls_options(identity));
  server.start();
  {
    TlsClient client(server.server->port(), TLS1_3_VERSION);
    client.send("GET /gated HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_NE(client.read_until("before").find("before"), std::string::npos);
    ASSERT_TRUE(server.gate.await_waiting(1));
  }
  server.server->drain(base::SteadyClock::now() + std::chrono::seconds(20));
  EXPECT_EQ(server.gate.disconnects, 1);
}

TEST(Tls, OldVersionsAndPlainTextGetNothing) {
  const Identity identity("tls_old");
  ServerOptions options = tls_options(identity);
  options.header_timeout = std::chrono::milliseconds(50);
  TestServer server(std::move(options));
  server.start();
  EXPECT_FALSE(TlsClient(server.server->port(), TLS1_1_VERSION).connected());
  RawClient plain = server.client();
  plain.get("/hello");
  EXPECT_EQ(plain.read_to_end().find("HTTP/"), std::string::npos);
  RawClient silent = server.client();  // never begins the handshake
  EXPECT_TRUE(silent.at_end());
}

TEST(Tls, UnusableFilesAreNamed) {
  const Identity good("tls_good");
  const Identity other("tls_other");
  const auto failure = [](const std::string& certificate, const std::string& key) {
    ServerOptions options{.port = 0};
    options.tls_certificate_file = certificate;
    options.tls_key_file = key;
    options.render_error = render_error;
    const Result<std::unique_ptr<Server>> server = Server::listen(std::move(options), Router());
    return server ? "" : server.error().message();
  };
  EXPECT_EQ(failure(good.certificate_file(), good.key_file()), "");
  const std::string missing = good.folder() + "/missing.pem";
  EXPECT_TRUE(failure(missing, good.key_file()).starts_with("--tls-cert " + missing + ": "));
  EXPECT_TRUE(failure(good.certificate_file(), missing).starts_with("--tls-key " + missing + ": "));
  EXPECT_TRUE(failure(good.key_file(), good.key_file()).starts_with("--tls-cert "));
  EXPECT_TRUE(failure(good.certificate_file(), other.key_file()).starts_with("--tls-key "));
  EXPECT_EQ(failure(good.certificate_file(), ""),
            "--tls-cert and --tls-key go together: one of them is missing");
}

}  // namespace
}  // namespace retort::http::test
