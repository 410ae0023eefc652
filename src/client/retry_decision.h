// Whether a failed attempt is followed by another, and after what wait.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include <retort/error.h>
#include <retort/retry.h>
#include <retort/transport.h>

namespace retort::client {

struct FailedAttempt {
  const Error& error;
  const HttpHead* head = nullptr;        // of the refusal; null where no answer came
  int retries = 0;                       // made before this attempt
  std::chrono::milliseconds elapsed{0};  // since the call began
  double uniform = 0;                    // in [0, 1)
};

// Nothing: the call ends with the attempt's error.
std::optional<std::chrono::milliseconds> retry_wait(const RetryPolicy& policy,
                                                    const FailedAttempt& failed);

// How long a server asks to wait: retry-after-ms, or Retry-After in seconds (a fraction is allowed)
// or as an HTTP date, counted from `now`; a date that is past is no wait at all. Nothing where
// neither can be read.
std::optional<std::chrono::milliseconds> retry_after(const Headers& headers,
                                                     std::chrono::system_clock::time_point now);

}  // namespace retort::client
