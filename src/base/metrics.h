// Counters, gauges and histograms, and their text in the Prometheus exposition format 0.0.4.
//
// No globals: main makes one Metrics and hands it down; GET /metrics renders it. Finding a series
// takes a lock, so long-lived objects keep the reference; counting never does.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace retort::base {

// Only grows. Thread-safe, lock-free.
class Counter {
 public:
  void add(double amount = 1) noexcept { value_.fetch_add(amount, std::memory_order_relaxed); }
  double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Goes up and down. Thread-safe, lock-free.
class Gauge {
 public:
  void set(double value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(double amount) noexcept { value_.fetch_add(amount, std::memory_order_relaxed); }
  double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Counts observations by size. Thread-safe, lock-free.
class Histogram {
 public:
  // `bounds` are the buckets' inclusive upper bounds, rising; a last bucket without bound is added.
  explicit Histogram(std::vector<double> bounds);

  void observe(double value) noexcept;

  const std::vector<double>& bounds() const noexcept { return bounds_; }
  // Observations in bucket `index` alone, 0 to bounds().size().
  std::uint64_t bucket(std::size_t index) const noexcept;
  double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }

 private:
  const std::vector<double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> buckets_;  // [bounds + 1]
  std::atomic<double> sum_{0};
};

// Label names and values, in the order they are written.
using Labels = std::vector<std::pair<std::string, std::string>>;

// The registry. A family is one name with one help text and one kind; a series is a family with
// label values. References stay valid as long as the Metrics. Thread-safe.
class Metrics {
 public:
  // A family holds at most `series_max` series; further label values are counted together in one
  // series whose label values are all "other", so that no client can grow the registry.
  explicit Metrics(std::size_t series_max = 500) : series_max_(series_max) {}

  // Finds or makes a series. `name` and label names must be valid metric and label names, a
  // family's label names always the same. Asked for with another kind than the family has, it
  // gives a series that is not rendered: a mistake of ours that must not stop a server.
  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  // The first caller's `bounds` hold for the whole family.
  Histogram& histogram(std::string_view name, std::string_view help,
                       const std::vector<double>& bounds, const Labels& labels = {});

  // Everything, families by name and series in label order. Content type:
  // text/plain; version=0.0.4; charset=utf-8.
  std::string render() const;

 private:
  enum class Kind : std::uint8_t { counter, gauge, histogram };
  struct Series {
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Gauge> gauge;
    std::unique_ptr<Histogram> histogram;
  };
  struct Family {
    Kind kind;
    std::string help;
    std::vector<double> bounds;
    std::map<std::string, Series> series;  // by rendered labels
  };

  Series& find(std::string_view name, std::string_view help, Kind kind, const Labels& labels,
               const std::vector<double>& bounds);
  static void render_histogram(std::string& text, const std::string& name,
                               const std::string& labels, const Histogram& histogram);

  const std::size_t series_max_;
  mutable std::mutex mutex_;
  std::map<std::string, Family, std::less<>> families_;  // under mutex_
  std::map<std::string, Series> misplaced_;              // under mutex_: see counter()
};

}  // namespace retort::base
