#include "http/http_metrics.h"

#include <array>
#include <string>

namespace retort::http {
namespace {

// From a health check to a long stream.
const std::vector<double>& seconds_bounds() {
  static const std::vector<double> bounds = {0.001, 0.005, 0.02, 0.1, 0.5, 1,
                                             2.5,   5,     10,   30,  60,  300};
  return bounds;
}

// A client may send any token as method.
std::string_view known_method(std::string_view method) {
  static constexpr std::array<std::string_view, 7> kMethods = {"GET",   "HEAD",   "POST",   "PUT",
                                                               "PATCH", "DELETE", "OPTIONS"};
  for (const std::string_view known : kMethods) {
    if (method == known) return known;
  }
  return "other";
}

}  // namespace

HttpMetrics::HttpMetrics(base::Metrics& metrics)
    : connections_open(metrics.gauge("retort_http_connections_open", "Open client connections.")),
      connections_accepted(metrics.counter("retort_http_connections_accepted_total",
                                           "Connections taken since the start.")),
      connections_refused(metrics.counter("retort_http_connections_refused_total",
                                          "Connections answered 503 for being too many.")),
      accept_errors(metrics.counter("retort_http_accept_errors_total",
                                    "Connections the system could not hand over.")),
      malformed(metrics.counter("retort_http_malformed_requests_total",
                                "Requests refused before they reached a route.")),
      disconnects(metrics.counter("retort_http_disconnects_total",
                                  "Clients that left before their answer was complete.")),
      received_bytes(metrics.counter("retort_http_received_bytes_total", "Bytes received.")),
      sent_bytes(metrics.counter("retort_http_sent_bytes_total", "Bytes sent.")),
      metrics_(metrics) {}

void HttpMetrics::count_request(std::string_view route, std::string_view method, int status,
                                std::chrono::duration<double> time) {
  const std::string label(route.empty() ? "none" : route);
  metrics_
      .counter("retort_http_requests_total", "Requests by route, method and status.",
               {{"route", label},
                {"method", std::string(known_method(method))},
                {"status", std::to_string(status)}})
      .add();
  metrics_
      .histogram("retort_http_request_seconds",
                 "Time from the end of a request's head to the end of its answer.",
                 seconds_bounds(), {{"route", label}})
      .observe(time.count());
}

}  // namespace retort::http
