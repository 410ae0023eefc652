// A client for the tests of src/http that sends exactly the bytes it is given, over a blocking
// socket, and reads answers strictly. Only *_test.cc include it.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/request.h"

namespace retort::http::test {

struct Answer {
  int status = 0;  // 0: no whole answer came
  Headers headers;
  std::string body;
  std::vector<std::string> chunks;  // of a chunked body, as framed
  bool complete = false;            // the body ended as its framing says
  std::string header(std::string_view name) const {
    return std::string(headers.find(name).value_or(""));
  }
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    if (receive_buffer_bytes > 0) {
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                   sizeof receive_buffer_bytes);
    }
    // Long enough for a loaded machine, short enough to end a test that hangs.
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connect(port);
  }
  RawClient(RawClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)),
        connected_(other.connected_),
        received_(std::move(other.received_)) {}
  ~RawClient() { close(); }

  bool connected() const { return connected_; }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  void shut_down_sending() { ::shutdown(socket_, SHUT_WR); }
  // Closes with a reset instead of an end.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }

  // False where the server does not take them.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void get(const std::string& path, const std::string& fields = "") {
    send("GET " + path + " HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n");
  }
  void post(const std::string& path, const std::string& body) {
    send("POST " + path + " HTTP/1.1\r\nHost: test\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  // Whether something, if only the end, can be read without waiting.
  bool readable() const {
    pollfd one{socket_, POLLIN, 0};
    return !received_.empty() || ::poll(&one, 1, 0) == 1;
  }
  // Everything up to the server's closing.
  std::string read_to_end() {
    while (receive()) continue;
    return std::exchange(received_, {});
  }
  // Whether the server has closed, with nothing left to read.
  bool at_end() { return received_.empty() && !receive(); }

  std::optional<std::string> read_line() {
    std::size_t end = 0;
    while ((end = received_.find("\r\n")) == std::string::npos) {
      if (!receive()) return std::nullopt;
    }
    std::string line = received_.substr(0, end);
    received_.erase(0, end + 2);
    return line;
  }
  std::optional<std::string> read_bytes(std::size_t count) {
    while (received_.size() < count) {
      if (!receive()) return std::nullopt;
    }
    std::string bytes = received_.substr(0, count);
    received_.erase(0, count);
    return bytes;
  }

  // One answer's head only.
  Answer read_head() {
    Answer answer;
    const std::optional<std::string> status = read_line();
    if (!status || !status->starts_with("HTTP/1.1 ")) return answer;
    for (;;) {
      const std::optional<std::string> line = read_line();
      if (!line) return answer;
      if (line->empty()) break;
      const std::size_t colon = line->find(": ");
      if (colon == std::string::npos) {
        ADD_FAILURE() << "malformed header: " << *line;
        return answer;
      }
      answer.headers.add(line->substr(0, colon), line->substr(colon + 2));
    }
    answer.status = std::stoi(status->substr(9, 3));
    return answer;
  }
  // One chunk of a chunked body; nothing at a cut. Empty: the last one.
  std::optional<std::string> read_chunk() {
    const std::optional<std::string> size_line = read_line();
    if (!size_line) return std::nullopt;
    std::size_t size = 0;
    std::from_chars(size_line->data(), size_line->data() + size_line->size(), size, 16);
    std::optional<std::string> data = read_bytes(size + 2);
    if (!data || !data->ends_with("\r\n")) return std::nullopt;
    data->resize(size);
    return data;
  }
  Answer read_answer(bool head_only = false) {
    Answer answer = read_head();
    if (answer.status == 0 || head_only || answer.status == 204) {
      answer.complete = answer.status != 0;
      return answer;
    }
    if (answer.header("transfer-encoding") == "chunked") {
      while (const std::optional<std::string> chunk = read_chunk()) {
        if (chunk->empty()) {
          answer.complete = true;
          break;
        }
        answer.chunks.push_back(*chunk);
        answer.body += *chunk;
      }
    } else if (answer.headers.contains("content-length")) {
      const std::optional<std::string> body =
          read_bytes(std::stoul(answer.header("content-length")));
      answer.complete = body.has_value();
      answer.body = body.value_or("");
    } else {
      answer.body = read_to_end();
      answer.complete = true;
    }
    return answer;
  }

 private:
  void connect(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_storage storage{};
    std::copy_n(reinterpret_cast<const char*>(&address), sizeof address,
                reinterpret_cast<char*>(&storage));
    connected_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&storage), sizeof address) == 0;
  }
  bool receive() {
    char buffer[4096];
    const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    received_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  int socket_ = -1;
  bool connected_ = false;
  std::string received_;
};

}  // namespace retort::http::test
