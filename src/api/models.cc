#include "api/models.h"

#include <utility>

#include "protocol/model_list.h"

namespace retort::api {
namespace {

http::Response json(std::string body) {
  return {
      .status = 200, .headers = {{"content-type", "application/json"}}, .body = std::move(body)};
}

}  // namespace

base::Awaitable<> list_models(const Services& services, http::Exchange& exchange) {
  if (Result<void> allowed = services.keys.authenticate(exchange.head().headers); !allowed) {
    (void)co_await exchange.respond_error(allowed.error());
    co_return;
  }
  (void)co_await exchange.respond(json(protocol::model_list_body(services.models.models())));
}

base::Awaitable<> show_model(const Services& services, http::Exchange& exchange,
                             std::string_view id) {
  if (Result<void> allowed = services.keys.authenticate(exchange.head().headers); !allowed) {
    (void)co_await exchange.respond_error(allowed.error());
    co_return;
  }
  const Result<provider::ProviderPool::Pick> pick = services.models.pick(id);
  if (!pick) {
    (void)co_await exchange.respond_error(pick.error());
    co_return;
  }
  (void)co_await exchange.respond(json(protocol::model_body(pick->model)));
}

}  // namespace retort::api
