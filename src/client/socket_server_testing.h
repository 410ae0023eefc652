// A server of plain sockets for the tests of src/client: each connection runs a script of the
// test's, so that answers can be cut, delayed and broken at will. Only *_test.cc include it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace retort::client::test {

class Connection {
 public:
  explicit Connection(int socket) : socket_(socket) {}

  // Head and body of the next request; nothing once the client has left.
  std::optional<std::string> read_request() {
    while (true) {
      const std::size_t head = text_.find("\r\n\r\n");
      if (head != std::string::npos) {
        const std::size_t size = head + 4 + body_size(text_.substr(0, head));
        if (text_.size() >= size) {
          std::string request = text_.substr(0, size);
          text_.erase(0, size);
          return request;
        }
      }
      if (!receive()) return std::nullopt;
    }
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void send_answer(std::string_view body, std::string_view type = "application/json") {
    send("HTTP/1.1 200 OK\r\ncontent-type: " + std::string(type) +
         "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }
  void begin_stream() {
    send(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
  }
  void send_chunk(std::string_view bytes) {
    char size[17];
    const auto end = std::to_chars(size, size + sizeof size, bytes.size(), 16).ptr;
    send(std::string(size, end) + "\r\n" + std::string(bytes) + "\r\n");
  }
  void send_event(const std::string& data) { send_chunk("data: " + data + "\n\n"); }
  // Until the client closes its end.
  void wait_closed() {
    while (receive()) {
    }
  }

 private:
  bool receive() {
    char bytes[4096];
    const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    text_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }
  static std::size_t body_size(std::string_view head) {
    constexpr std::string_view kName = "Content-Length: ";
    const std::size_t at = head.find(kName);
    if (at == std::string_view::npos) return 0;
    std::size_t size = 0;
    std::from_chars(head.data() + at + kName.size(), head.data() + head.size(), size);
    return size;
  }

  const int socket_;
  std::string text_;
};

class SocketServer {
 public:
  using Script = std::function<void(Connection&)>;

  explicit SocketServer(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_, 4096);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
  }
  ~SocketServer() {
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    for (const int socket : sockets_) ::close(socket);
    ::close(listener_);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  std::atomic<int> connections{0};

 private:
  void accept_all() {
    while (true) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      ++connections;
      const std::lock_guard lock(mutex_);
      sockets_.push_back(socket);
      threads_.emplace_back([this, socket] {
        Connection connection(socket);
        script_(connection);
        ::shutdown(socket, SHUT_RDWR);
      });
    }
  }

  const Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::mutex mutex_;
  std::list<int> sockets_;
  std::list<std::thread> threads_;
  std::thread accepting_;
};

}  // namespace retort::client::test
