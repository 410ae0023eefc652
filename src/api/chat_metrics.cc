#include "api/chat_metrics.h"

#include <vector>

namespace retort::api {
namespace {

const std::vector<double>& seconds_buckets() {
  static const std::vector<double> kBuckets = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                               0.5,   1,      2.5,   5,    10,    30,   60,  300};
  return kBuckets;
}

double seconds(base::SteadyClock::duration time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

std::string_view outcome_name(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::completed:
      return "completed";
    case Outcome::refused:
      return "refused";
    case Outcome::failed:
      return "failed";
    case Outcome::disconnected:
      return "disconnected";
  }
  return "failed";
}

void ChatMetrics::first_token(const std::string& model, base::SteadyClock::duration time) {
  metrics_
      .histogram("retort_time_to_first_token_seconds",
                 "From a request's head to the first piece of its answer.", seconds_buckets(),
                 {{"model", model}})
      .observe(seconds(time));
}

void ChatMetrics::next_token(const std::string& model, base::SteadyClock::duration time) {
  metrics_
      .histogram("retort_inter_token_seconds", "From one piece of an answer to the next.",
                 seconds_buckets(), {{"model", model}})
      .observe(seconds(time));
}

void ChatMetrics::finished(const std::string& model, Outcome outcome,
                           base::SteadyClock::duration time) {
  metrics_
      .counter("retort_chat_completions_total", "Chat completions that ended, by outcome.",
               {{"model", model}, {"outcome", std::string(outcome_name(outcome))}})
      .add();
  metrics_
      .histogram("retort_chat_completion_seconds",
                 "From a request's head to the end of its answer.", seconds_buckets(),
                 {{"model", model}})
      .observe(seconds(time));
}

void ChatMetrics::used(const std::string& model, const Usage& usage) {
  metrics_
      .counter("retort_prompt_tokens_total", "Prompt tokens of chat completions.",
               {{"model", model}})
      .add(static_cast<double>(usage.prompt_tokens));
  metrics_
      .counter("retort_completion_tokens_total", "Tokens generated for chat completions.",
               {{"model", model}})
      .add(static_cast<double>(usage.completion_tokens));
}

}  // namespace retort::api
