#include "http/transport.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace retort::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

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

  void close() noexcept override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  asio::ip::tcp::socket socket_;
};

}  // namespace

std::unique_ptr<Transport> make_plain_transport(asio::ip::tcp::socket socket) {
  return std::make_unique<PlainTransport>(std::move(socket));
}

}  // namespace retort::http
