// RetryPolicy and Timeouts: how often a call is tried, and how long it may take.
//
// Nothing is retried unless a policy is chosen, and never once the first event of a stream has
// come: then a second attempt would say things twice.
#pragma once

#include <chrono>
#include <limits>
#include <optional>
#include <vector>

#pragma GCC visibility push(default)

namespace retort {

// The wait before retry k (from 0) is
//
//   min(initial * factor^k + U * jitter, longest) * (1 - U * jitter_share),   U uniform in [0, 1)
//
// A server that says Retry-After (or retry-after-ms) is obeyed instead, up to retry_after_max;
// where it asks for more the call fails at once, its error saying how long. `x-should-retry: false`
// forbids a retry, `true` asks for one whatever the status. A 429 with the code insufficient_quota
// is final: waiting does not fill an account.
struct RetryPolicy {
  int retries_max = 0;
  std::chrono::milliseconds initial{500};
  std::chrono::milliseconds longest{8'000};
  double factor = 2.0;
  std::chrono::milliseconds jitter{0};
  double jitter_share = 0.0;
  // No retry once this much time has passed since the call began.
  std::optional<std::chrono::milliseconds> elapsed_max{};
  std::chrono::milliseconds retry_after_max{60'000};
  std::vector<int> statuses{};
  bool every_server_error = false;  // all of 500 to 599, beside `statuses`
  bool on_connection_error = false;
  // A limit of Timeouts that an attempt passed (connect, first_byte, idle, attempt). A server that
  // was too slow is still at work on it.
  bool on_timeout = false;

  // One attempt.
  static RetryPolicy none() { return {}; }

  // As Atoma's SDK backs off: 500 ms, 1.5 times more each time and up to a second on top, at most
  // 60 s, for an hour; 429, 500, 502, 503 and 504. `on_connection_error` and `on_timeout` are off,
  // as there.
  static RetryPolicy atoma() {
    RetryPolicy policy;
    policy.retries_max = std::numeric_limits<int>::max();
    policy.longest = std::chrono::minutes(1);
    policy.factor = 1.5;
    policy.jitter = std::chrono::seconds(1);
    policy.elapsed_max = std::chrono::hours(1);
    policy.statuses = {429, 500, 502, 503, 504};
    return policy;
  }

  // As OpenAI's clients do: twice, 500 ms and 1 s (8 s at most), up to a quarter less; 408, 409,
  // 429, 500 and above, connection errors and timeouts.
  static RetryPolicy openai() {
    RetryPolicy policy;
    policy.retries_max = 2;
    policy.jitter_share = 0.25;
    policy.retry_after_max = std::chrono::minutes(2);
    policy.statuses = {408, 409, 429};
    policy.every_server_error = true;
    policy.on_connection_error = true;
    policy.on_timeout = true;
    return policy;
  }

  // The formula above, for retry `retry` from 0 and a `uniform` in [0, 1).
  std::chrono::milliseconds wait_before(int retry, double uniform) const;
};

// Limits of one call. What is not set is not limited, but for connect.
struct Timeouts {
  // Name look-up, TCP and TLS of an attempt together. 10 s where not set, 0: none.
  std::optional<std::chrono::milliseconds> connect{};
  // From the beginning of an attempt to the first byte of the answer's body.
  std::optional<std::chrono::milliseconds> first_byte{};
  // Between two reads of the body, after the first.
  std::optional<std::chrono::milliseconds> idle{};
  // The whole call: attempts, the waits between them, and the stream to its end.
  std::optional<std::chrono::milliseconds> total{};
  // One attempt, the stream to its end.
  std::optional<std::chrono::milliseconds> attempt{};
};

}  // namespace retort

#pragma GCC visibility pop
