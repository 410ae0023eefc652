// POST /v1/chat/completions: the request's way from top to bottom.
#pragma once

#include "api/services.h"
#include "base/async.h"
#include "http/exchange.h"

namespace retort::api {

// Answers one request: authenticates from the headers, reads and checks the body, asks the model's
// provider, and sends the answer as one JSON document or as a stream of events, as the request
// asks. Every error becomes an error answer, or the last event of a stream that has begun.
base::Awaitable<> chat_completions(const Services& services, http::Exchange& exchange);

}  // namespace retort::api
