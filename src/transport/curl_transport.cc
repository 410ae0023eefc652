// The transport for the network: libcurl's multi interface on the I/O loop.
#include <utility>

#include <retort/transport.h>

#include "transport/curl_multi.h"

namespace retort::transport {
namespace {

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(NetworkOptions options)
      : multi_(std::make_shared<CurlMulti>(std::move(options))), loop_(multi_) {}

  std::shared_ptr<Exchange> start(HttpRequest request,
                                  std::shared_ptr<ResponseSink> sink) override {
    auto exchange =
        std::make_shared<CurlExchange>(std::move(request), std::move(sink), multi_, loop_.handle());
    loop_.post([multi = std::weak_ptr<CurlMulti>(multi_), exchange] {
      if (const auto held = multi.lock()) held->add(exchange);
    });
    return exchange;
  }

  TimerId call_at(Clock::time_point when, std::function<void()> task) override {
    return loop_.call_at(when, std::move(task));
  }
  void cancel_timer(TimerId id) override { loop_.cancel_timer(id); }

 private:
  const std::shared_ptr<CurlMulti> multi_;
  IoLoop loop_;
};

}  // namespace
}  // namespace retort::transport

namespace retort {

std::shared_ptr<Transport> curl_transport(NetworkOptions options) {
  return std::make_shared<transport::CurlTransport>(std::move(options));
}

}  // namespace retort
