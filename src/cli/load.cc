#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "cli/commands.h"
#include "cli/descriptor_limit.h"
#include "load/load_run.h"

namespace retort::cli {
namespace {

constexpr const char* kDefaultUrl = "http://127.0.0.1:8080";

struct CountFlag {
  const char* name;
  std::size_t load::LoadPlan::* member;
  std::size_t min;
  std::size_t max;
};

constexpr auto kCountFlags = std::to_array<CountFlag>({
    {"concurrency", &load::LoadPlan::concurrency, 1, 65'536},
    {"requests", &load::LoadPlan::requests, 1, 1'000'000'000},
    {"prompt-tokens", &load::LoadPlan::prompt_tokens, 1, 1 << 20},
    {"shared-prefix-tokens", &load::LoadPlan::shared_prefix_tokens, 0, 1 << 20},
    {"output-tokens", &load::LoadPlan::output_tokens, 1, 1 << 20},
});

template <typename Number>
std::optional<Number> read_number(const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Error bad_flag(const std::string& flag, const std::string& wanted) {
  return Error(ErrorKind::config, "--" + flag + " takes " + wanted).with_param(flag);
}

// A base URL gets /v1 unless its path ends so.
Result<http::Url> read_base_url(const Arguments& arguments) {
  const char* variable = std::getenv("RETORT_BASE_URL");
  const std::string otherwise = variable != nullptr && *variable != '\0' ? variable : kDefaultUrl;
  Result<http::Url> url = http::parse_url(arguments.find("base-url").value_or(otherwise));
  if (url && !url->path.ends_with("/v1")) url->path += "/v1";
  return url;
}

Result<void> read_counts(const Arguments& arguments, load::LoadPlan& plan) {
  for (const CountFlag& flag : kCountFlags) {
    const std::optional<std::string> text = arguments.find(flag.name);
    if (!text) continue;
    const std::optional<std::size_t> count = read_number<std::size_t>(*text);
    if (!count || *count < flag.min || *count > flag.max) {
      return bad_flag(flag.name, "a whole number from " + std::to_string(flag.min) + " to " +
                                     std::to_string(flag.max));
    }
    plan.*flag.member = *count;
  }
  return {};
}

Result<void> read_rate_and_timeout(const Arguments& arguments, load::LoadPlan& plan) {
  if (const std::optional<std::string> text = arguments.find("rate")) {
    plan.rate = read_number<double>(*text);
    if (!plan.rate || !(*plan.rate >= 1e-3) || *plan.rate > 1e6) {
      return bad_flag("rate", "requests a second, from 0.001 to 1000000");
    }
    // An open loop is bounded by what a machine can hold open, unless told otherwise.
    if (!arguments.has("concurrency")) plan.concurrency = 4'096;
  }
  std::size_t seconds = 600;
  if (const std::optional<std::string> text = arguments.find("timeout")) {
    seconds = read_number<std::size_t>(*text).value_or(0);
    if (seconds < 1 || seconds > 86'400) return bad_flag("timeout", "seconds, from 1 to 86400");
  }
  const std::chrono::milliseconds limit = std::chrono::seconds(seconds);
  plan.limits.first_byte_timeout = plan.limits.idle_timeout = plan.limits.total_timeout = limit;
  return {};
}

Result<load::LoadPlan> read_plan(const Arguments& arguments) {
  load::LoadPlan plan;
  Result<http::Url> url = read_base_url(arguments);
  if (!url)
    return Error(ErrorKind::config, "--base-url or RETORT_BASE_URL: " + url.error().message());
  plan.base = std::move(*url);
  plan.model = arguments.find("model").value_or("");
  const char* key = std::getenv("RETORT_API_KEY");
  plan.api_key = arguments.find("api-key").value_or(key == nullptr ? "" : key);
  if (!std::ranges::all_of(plan.api_key, [](char c) { return c > ' ' && c < '\x7f'; })) {
    return Error(ErrorKind::config,
                 "the key of --api-key or RETORT_API_KEY holds a space, a line break or another "
                 "character that no header may");
  }
  if (Result<void> read = read_counts(arguments, plan); !read) return std::move(read).error();
  if (Result<void> read = read_rate_and_timeout(arguments, plan); !read) {
    return std::move(read).error();
  }
  return plan;
}

// Null where there was no such time: no answer, or none of two pieces of text.
boost::json::object percentiles(const load::Histogram& times) {
  const auto at = [&](double share) {
    return times.count() == 0 ? boost::json::value() : times.percentile_ms(share);
  };
  return {{"p50", at(0.50)}, {"p95", at(0.95)}, {"p99", at(0.99)}};
}

double per_second(double count, double seconds) {
  return seconds > 0 ? count / seconds : 0;
}

boost::json::object to_json(const load::LoadReport& report) {
  boost::json::object kinds;
  for (const auto& [kind, count] : report.error_kinds) kinds[kind] = count;
  const auto answered = static_cast<double>(report.requests - report.errors);
  return {{"requests", report.requests},
          {"errors", report.errors},
          {"duration_s", report.duration_s},
          {"requests_per_s", per_second(answered, report.duration_s)},
          {"output_tokens_per_s",
           per_second(static_cast<double>(report.output_tokens), report.duration_s)},
          {"ttft_ms", percentiles(report.ttft)},
          {"itl_ms", percentiles(report.itl)},
          {"tpot_ms", percentiles(report.tpot)},
          {"latency_ms", percentiles(report.latency)},
          {"own_delay_ms", percentiles(report.own_delay)},
          {"prompt_tokens", report.prompt_tokens},
          {"output_tokens", report.output_tokens},
          {"error_kinds", std::move(kinds)}};
}

void print_times(const char* what, const load::Histogram& times) {
  if (times.count() == 0) return;
  std::printf("%s p50 %.2f ms, p95 %.2f ms, p99 %.2f ms\n", what, times.percentile_ms(0.50),
              times.percentile_ms(0.95), times.percentile_ms(0.99));
}

void print(const load::LoadReport& report) {
  const std::size_t answered = report.requests - report.errors;
  std::printf("requests     %zu in %.2f s, %zu of them with errors\n", report.requests,
              report.duration_s, report.errors);
  for (const auto& [kind, count] : report.error_kinds) {
    std::printf("             %zu: %s\n", count, kind.c_str());
  }
  std::printf("throughput   %.1f requests/s, %.1f output tokens/s\n",
              per_second(static_cast<double>(answered), report.duration_s),
              per_second(static_cast<double>(report.output_tokens), report.duration_s));
  if (answered > 0) {
    std::printf("prompts      %.1f tokens on average\n",
                static_cast<double>(report.prompt_tokens) / static_cast<double>(answered));
  }
  print_times("first text  ", report.ttft);
  print_times("between text", report.itl);
  print_times("a token     ", report.tpot);
  print_times("whole answer", report.latency);
  print_times("own delay   ", report.own_delay);
}

int run(const Arguments& arguments) {
  const Result<load::LoadPlan> plan = read_plan(arguments);
  if (!plan) {
    complain(plan.error().message());
    return kWrongUsage;
  }
  std::signal(SIGPIPE, SIG_IGN);  // a server that has gone is an error code, not a signal
  raise_descriptor_limit();
  const Result<load::LoadReport> report = load::run_load(*plan);
  if (!report) {
    complain(report.error().message());
    return kFailed;
  }
  if (arguments.has("json")) {
    std::printf("%s\n", boost::json::serialize(to_json(*report)).c_str());
  } else {
    print(*report);
  }
  return report->errors == 0 ? kDone : kFailed;
}

}  // namespace

Command load_command() {
  return {
      .name = "load",
      .help = "Drive any OpenAI-compatible server with many chats at once, and measure it.",
      .flags = {{"base-url", "URL", "the server (default RETORT_BASE_URL, or port 8080 here)"},
                {"model", "ID", "the model to ask for", true},
                {"api-key", "KEY", "bearer key (default RETORT_API_KEY)"},
                {"concurrency", "N", "requests under way at once (default 8; with --rate 4096)"},
                {"requests", "N", "requests in all (default 64)"},
                {"rate", "R", "begin R requests a second at random times, not one behind another"},
                {"prompt-tokens", "N", "tokens of each prompt (default 128), of which"},
                {"shared-prefix-tokens", "N", "so many are the same in all (default 0)"},
                {"output-tokens", "N", "tokens of each answer (default 64)"},
                {"timeout", "SECONDS", "how long one request may take (default 600)"},
                {"json", "", "print one JSON object"}},
      .positional = "",
      .run = run};
}

}  // namespace retort::cli
