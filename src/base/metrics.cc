#include "base/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace retort::base {
namespace {

// The exposition format's escapes: backslash and line feed, in label values the double quote too.
std::string escape(std::string_view text, bool quotes) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\\\";
    } else if (c == '\n') {
      escaped += "\\n";
    } else if (c == '"' && quotes) {
      escaped += "\\\"";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// The shortest text that reads back as the same number.
std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

// name="value",name="value"
std::string render_labels(const Labels& labels, bool as_other) {
  std::string text;
  for (const auto& [name, value] : labels) {
    if (!text.empty()) text += ',';
    text += fmt::format("{}=\"{}\"", name, as_other ? "other" : escape(value, true));
  }
  return text;
}

std::string braced(const std::string& labels) {
  return labels.empty() ? "" : "{" + labels + "}";
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)),
      buckets_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds_.size() + 1)) {}

void Histogram::observe(double value) noexcept {
  const auto bound = std::ranges::lower_bound(bounds_, value);
  const auto index = static_cast<std::size_t>(bound - bounds_.begin());
  buckets_[index].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t Histogram::bucket(std::size_t index) const noexcept {
  return buckets_[index].load(std::memory_order_relaxed);
}

Metrics::Series& Metrics::find(std::string_view name, std::string_view help, Kind kind,
                               const Labels& labels, const std::vector<double>& bounds) {
  const std::lock_guard lock(mutex_);
  auto family = families_.find(name);
  if (family == families_.end()) {
    family =
        families_.emplace(std::string(name), Family{kind, std::string(help), bounds, {}}).first;
  }
  Family& found = family->second;
  std::map<std::string, Series>& all = found.kind == kind ? found.series : misplaced_;
  std::string key = render_labels(labels, false);
  if (!all.contains(key) && all.size() >= series_max_) key = render_labels(labels, true);
  Series& series = all[key];
  if (kind == Kind::counter && !series.counter) series.counter = std::make_unique<Counter>();
  if (kind == Kind::gauge && !series.gauge) series.gauge = std::make_unique<Gauge>();
  if (kind == Kind::histogram && !series.histogram) {
    series.histogram = std::make_unique<Histogram>(found.kind == kind ? found.bounds : bounds);
  }
  return series;
}

Counter& Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  return *find(name, help, Kind::counter, labels, {}).counter;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  return *find(name, help, Kind::gauge, labels, {}).gauge;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help,
                              const std::vector<double>& bounds, const Labels& labels) {
  return *find(name, help, Kind::histogram, labels, bounds).histogram;
}

// Bucket counts of the format are cumulative, and the last one equals _count.
void Metrics::render_histogram(std::string& text, const std::string& name,
                               const std::string& labels, const Histogram& histogram) {
  const std::string comma = labels.empty() ? "" : ",";
  std::uint64_t count = 0;
  for (std::size_t i = 0; i <= histogram.bounds().size(); ++i) {
    count += histogram.bucket(i);
    const std::string bound =
        i < histogram.bounds().size() ? number(histogram.bounds()[i]) : "+Inf";
    text += fmt::format("{}_bucket{{{}{}le=\"{}\"}} {}\n", name, labels, comma, bound, count);
  }
  text += fmt::format("{}_sum{} {}\n", name, braced(labels), number(histogram.sum()));
  text += fmt::format("{}_count{} {}\n", name, braced(labels), count);
}

std::string Metrics::render() const {
  static constexpr std::string_view kKinds[] = {"counter", "gauge", "histogram"};
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& [name, family] : families_) {
    text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, escape(family.help, false), name,
                        kKinds[static_cast<std::size_t>(family.kind)]);
    for (const auto& [labels, series] : family.series) {
      if (series.histogram) {
        render_histogram(text, name, labels, *series.histogram);
        continue;
      }
      const double value = series.counter ? series.counter->value() : series.gauge->value();
      text += fmt::format("{}{} {}\n", name, braced(labels), number(value));
    }
  }
  return text;
}

}  // namespace retort::base
