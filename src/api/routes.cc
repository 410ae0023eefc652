#include "api/routes.h"

#include <string>
#include <utility>

#include "api/chat_completions.h"
#include "api/models.h"
#include "api/openapi.h"
#include "api/status.h"

namespace retort::api {
namespace {

using http::Exchange;
using http::Handler;
using http::PathParameters;

struct Route {
  const char* method;
  const char* pattern;
  Handler handler;
};

base::Awaitable<> not_found(Exchange& exchange) {
  const http::RequestHead& head = exchange.head();
  (void)co_await exchange.respond_error(
      Error(ErrorKind::not_found, "Invalid URL (" + head.method + " " + head.path +
                                      "). Retort answers chat completions: "
                                      "POST /v1/chat/completions, GET /v1/models."));
}

// What clients of these services may try; Retort does chat completions only.
base::Awaitable<> not_served(Exchange& exchange, const char* what) {
  (void)co_await exchange.respond_error(
      Error(ErrorKind::not_found, std::string("Retort does chat completions; ") + what +
                                      " are not part of it. Use POST /v1/chat/completions."));
}

}  // namespace

Result<http::Router> make_router(const Services& services, const Status& status) {
  const Handler chat = [&services](Exchange& exchange, const PathParameters&) {
    return chat_completions(services, exchange);
  };
  const auto refuse = [](const char* what) -> Handler {
    return [what](Exchange& exchange, const PathParameters&) { return not_served(exchange, what); };
  };
  const Handler health = [status](Exchange& exchange, const PathParameters&) {
    return answer_health(exchange, status.ready());
  };
  const Route routes[] = {
      {"POST", "/v1/chat/completions", chat},
      {"POST", "/chat/completions", chat},
      {"POST", "/api/v1/chat/completions", chat},
      {"GET", "/v1/models",
       [&services](Exchange& exchange, const PathParameters&) {
         return list_models(services, exchange);
       }},
      {"GET", "/v1/models/{id...}",
       [&services](Exchange& exchange, const PathParameters& path) {
         return show_model(services, exchange, path["id"]);
       }},
      {"GET", "/health", health},
      {"GET", "/health/ready", health},
      {"GET", "/health/live",
       [](Exchange& exchange, const PathParameters&) { return answer_health(exchange, true); }},
      {"GET", "/metrics",
       [&services, status](Exchange& exchange, const PathParameters&) {
         status.refresh_gauges();
         return answer_metrics(services, exchange);
       }},
      {"GET", "/openapi.json",
       [](Exchange& exchange, const PathParameters&) { return answer_openapi(exchange); }},
      {"POST", "/v1/completions", refuse("text completions")},
      {"POST", "/v1/embeddings", refuse("embeddings")},
      {"POST", "/v1/images/generations", refuse("images")},
      {"POST", "/v1/audio/speech", refuse("audio")},
      {"POST", "/v1/audio/transcriptions", refuse("audio")},
      {"POST", "/v1/confidential/chat/completions", refuse("confidential chat completions")},
  };
  http::Router router;
  for (const Route& route : routes) {
    if (Result<void> added = router.add(route.method, route.pattern, route.handler); !added) {
      return std::move(added).error();
    }
  }
  router.set_not_found(
      [](Exchange& exchange, const PathParameters&) { return not_found(exchange); });
  return router;
}

}  // namespace retort::api
