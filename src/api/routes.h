// The one table of routes.
#pragma once

#include <atomic>
#include <functional>

#include <retort/result.h>

#include "api/services.h"
#include "http/router.h"

namespace retort::api {

// What the health routes tell, and what /metrics asks for just before it answers. The functions are
// called on the I/O threads.
struct Status {
  std::function<bool()> ready;           // models are loaded and the server is not draining
  std::function<void()> refresh_gauges;  // writes the engines' numbers into the metrics
};

// All routes. `services` and what `status` uses outlive the router.
Result<http::Router> make_router(const Services& services, const Status& status);

}  // namespace retort::api
