// What the handlers of all routes work with. Built by main, outlives the server.
#pragma once

#include "api/auth.h"
#include "api/chat_metrics.h"
#include "base/log.h"
#include "base/metrics.h"
#include "provider/provider_pool.h"

namespace retort::api {

struct Services {
  const provider::ProviderPool& models;
  const KeyRing& keys;
  base::Metrics& metrics;
  ChatMetrics& chat_metrics;
  const base::Log& log;
};

}  // namespace retort::api
