// GET /openapi.json: the interface, described for programs (OpenAPI 3.1).
//
// The request's members come from the table of request_fields.h; the answers and errors are what
// docs/http-api.md says of them.
#pragma once

#include <string>

#include "base/async.h"
#include "http/exchange.h"

namespace retort::api {

// The document. The same each time.
std::string openapi_document();

base::Awaitable<> answer_openapi(http::Exchange& exchange);

}  // namespace retort::api
