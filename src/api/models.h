// GET /v1/models and GET /v1/models/{id}.
#pragma once

#include <string_view>

#include "api/services.h"
#include "base/async.h"
#include "http/exchange.h"

namespace retort::api {

base::Awaitable<> list_models(const Services& services, http::Exchange& exchange);

// `id` lives until the coroutine ends. 404 with code model_not_found where it is not served.
base::Awaitable<> show_model(const Services& services, http::Exchange& exchange,
                             std::string_view id);

}  // namespace retort::api
