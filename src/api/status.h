// GET /health, /health/live, /health/ready and /metrics: what operators and probes ask. No key
// needed.
#pragma once

#include "api/services.h"
#include "base/async.h"
#include "http/exchange.h"

namespace retort::api {

// 200 {"status":"ok","message":"ok"}, which Atoma's clients read, or 503 while starting or
// draining.
base::Awaitable<> answer_health(http::Exchange& exchange, bool ready);

// The metrics in Prometheus' text format.
base::Awaitable<> answer_metrics(const Services& services, http::Exchange& exchange);

}  // namespace retort::api
