// Retries: the formula of the wait, what a server says about it, and the decision.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include <retort/retry.h>

#include "client/retry_decision.h"

namespace retort {

std::chrono::milliseconds RetryPolicy::wait_before(int retry, double uniform) const {
  using Milliseconds = std::chrono::duration<double, std::milli>;
  constexpr double kLongestMs = 1e12;  // thirty years, within any integer
  // Grown beyond all numbers, nothing is still nothing.
  const double steps = std::min(std::pow(factor, retry), std::numeric_limits<double>::max());
  const double grown =
      static_cast<double>(initial.count()) * steps + uniform * static_cast<double>(jitter.count());
  const double bounded = std::min({grown, static_cast<double>(longest.count()), kLongestMs});
  return std::chrono::round<std::chrono::milliseconds>(
      Milliseconds(std::max(bounded * (1 - uniform * jitter_share), 0.0)));
}

}  // namespace retort

namespace retort::client {
namespace {

using std::chrono::milliseconds;

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number value{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size())
    return std::nullopt;
  return value;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::optional<milliseconds> wait_of(std::optional<double> number, double unit_ms) {
  constexpr double kLongestMs = 1e12;  // thirty years: beyond any cap, within any integer
  if (!number || !std::isfinite(*number) || *number < 0) return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(std::min(*number * unit_ms, kLongestMs)));
}

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that is still to be written (RFC 9110, 5.6.7).
std::optional<std::chrono::system_clock::time_point> http_date(std::string_view text) {
  constexpr std::size_t kSize = 29;
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != kSize || !text.ends_with(" GMT")) return std::nullopt;
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  const auto day = number_in<unsigned>(text.substr(5, 2));
  const auto year = number_in<int>(text.substr(12, 4));
  const auto hours = number_in<int>(text.substr(17, 2));
  const auto minutes = number_in<int>(text.substr(20, 2));
  const auto seconds = number_in<int>(text.substr(23, 2));
  if (month == kMonths.end() || !day || !year || !hours || !minutes || !seconds)
    return std::nullopt;
  const std::chrono::year_month_day date(
      std::chrono::year(*year),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(*day));
  // Further away than the clock's own type reaches.
  constexpr std::chrono::year kFirst{1900}, kLast{2200};
  if (!date.ok() || date.year() < kFirst || date.year() > kLast) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hours) + std::chrono::minutes(*minutes) +
         std::chrono::seconds(*seconds);
}

// What the server itself says: x-should-retry.
std::optional<bool> verdict(const FailedAttempt& failed) {
  const std::string* said = failed.head ? failed.head->headers.find("x-should-retry") : nullptr;
  if (said == nullptr) return std::nullopt;
  if (*said == "true") return true;
  if (*said == "false") return false;
  return std::nullopt;
}

bool is_retried(const RetryPolicy& policy, const FailedAttempt& failed) {
  if (const std::optional<bool> said = verdict(failed)) return *said;
  const int status = failed.error.status();
  if (failed.head != nullptr && status != 0) {
    if (failed.error.code() == "insufficient_quota" ||
        failed.error.type() == "insufficient_quota") {
      return false;
    }
    return (policy.every_server_error && status >= 500) ||
           std::find(policy.statuses.begin(), policy.statuses.end(), status) !=
               policy.statuses.end();
  }
  if (failed.error.kind() == ErrorKind::timeout) return policy.on_timeout;
  return failed.error.kind() == ErrorKind::connection && policy.on_connection_error;
}

}  // namespace

std::optional<milliseconds> retry_wait(const RetryPolicy& policy, const FailedAttempt& failed) {
  if (failed.retries >= policy.retries_max || !is_retried(policy, failed)) return std::nullopt;
  if (policy.elapsed_max && failed.elapsed > *policy.elapsed_max) return std::nullopt;
  if (const std::optional<milliseconds> asked = failed.error.retry_after()) {
    if (*asked > policy.retry_after_max) return std::nullopt;
    return asked;
  }
  return policy.wait_before(failed.retries, failed.uniform);
}

std::optional<milliseconds> retry_after(const Headers& headers,
                                        std::chrono::system_clock::time_point now) {
  if (const std::string* text = headers.find("retry-after-ms")) {
    if (const auto wait = wait_of(number_in<double>(trimmed(*text)), 1)) return wait;
  }
  const std::string* text = headers.find("retry-after");
  if (text == nullptr) return std::nullopt;
  if (const auto wait = wait_of(number_in<double>(trimmed(*text)), 1000)) return wait;
  const auto date = http_date(trimmed(*text));
  if (!date) return std::nullopt;
  return std::max(std::chrono::ceil<milliseconds>(*date - now), milliseconds(0));
}

}  // namespace retort::client
