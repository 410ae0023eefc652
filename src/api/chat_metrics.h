// What chat completions count: tokens, times, outcomes, by model.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <retort/chat.h>

#include "base/async.h"
#include "base/metrics.h"

namespace retort::api {

// How an admitted request ended.
enum class Outcome : std::uint8_t { completed, refused, failed, disconnected };

// "completed", "refused", ...: a label of the metrics and a word of the log.
std::string_view outcome_name(Outcome outcome) noexcept;

// Times and counts one request; made when its provider is picked, finished exactly once.
class ChatMetrics {
 public:
  explicit ChatMetrics(base::Metrics& metrics) : metrics_(metrics) {}

  // Seconds from a request's head to the first piece of its answer.
  void first_token(const std::string& model, base::SteadyClock::duration time);
  // Seconds from one chunk to the next.
  void next_token(const std::string& model, base::SteadyClock::duration time);
  void finished(const std::string& model, Outcome outcome, base::SteadyClock::duration time);
  void used(const std::string& model, const Usage& usage);

 private:
  base::Metrics& metrics_;
};

}  // namespace retort::api
