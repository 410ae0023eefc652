#include "api/status.h"

namespace retort::api {

base::Awaitable<> answer_health(http::Exchange& exchange, bool ready) {
  if (!ready) {
    (void)co_await exchange.respond_error(
        Error(ErrorKind::unavailable, "The server is not ready: it starts or drains.")
            .with_retry_after(std::chrono::seconds(1)));
    co_return;
  }
  (void)co_await exchange.respond({.status = 200,
                                   .headers = {{"content-type", "application/json"}},
                                   .body = R"({"status":"ok","message":"ok"})"});
}

base::Awaitable<> answer_metrics(const Services& services, http::Exchange& exchange) {
  (void)co_await exchange.respond(
      {.status = 200,
       .headers = {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}},
       .body = services.metrics.render()});
}

}  // namespace retort::api
