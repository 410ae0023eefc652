// The answer's way to the client: chunks as server-sent events, or folded into one document.
#pragma once

#include <string>

#include <retort/chat.h>

#include "api/chat_metrics.h"
#include "base/async.h"
#include "http/exchange.h"
#include "protocol/chat_writer.h"
#include "provider/provider.h"

namespace retort::api {

struct ChatAnswer {
  http::Exchange& exchange;
  provider::ChatStream& chunks;
  protocol::WireStyle style;
  ChatMetrics& metrics;
  std::string model;  // for metrics: as the request spelled it, and known to be served
  base::SteadyClock::time_point began;
};

// Each sends the whole answer and says how the request ended.
base::Awaitable<Outcome> send_stream(ChatAnswer& answer);
base::Awaitable<Outcome> send_document(ChatAnswer& answer);

}  // namespace retort::api
