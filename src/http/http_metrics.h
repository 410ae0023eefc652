// What the HTTP server counts. Made once a server; the I/O threads share it.
#pragma once

#include <chrono>
#include <string_view>

#include "base/metrics.h"

namespace retort::http {

class HttpMetrics {
 public:
  // `metrics` must outlive this.
  explicit HttpMetrics(base::Metrics& metrics);

  // One answered request. `route` is the route's pattern, never the path, so that clients cannot
  // make series.
  void count_request(std::string_view route, std::string_view method, int status,
                     std::chrono::duration<double> time);

  base::Gauge& connections_open;
  base::Counter& connections_accepted;
  base::Counter& connections_refused;  // over max_connections
  base::Counter& accept_errors;
  base::Counter& malformed;    // requests that could not be read: 4xx and 5xx before any route
  base::Counter& disconnects;  // clients that left while their request was being answered
  base::Counter& received_bytes;
  base::Counter& sent_bytes;

 private:
  base::Metrics& metrics_;
};

}  // namespace retort::http
