#include "load/histogram.h"

#include <algorithm>
#include <cmath>

namespace retort::load {
namespace {

constexpr double kShortest = 1e-6;  // seconds
constexpr double kLongest = 86'400;
constexpr double kStep = 1.001;

// The smallest i with kShortest * kStep^i >= seconds.
std::size_t bucket_of(double seconds) {
  const double steps = std::log(std::clamp(seconds, kShortest, kLongest) / kShortest);
  return static_cast<std::size_t>(std::ceil(steps / std::log(kStep)));
}

}  // namespace

Histogram::Histogram() : buckets_(bucket_of(kLongest) + 1) {}

void Histogram::add(std::chrono::duration<double> time) {
  ++buckets_[std::min(bucket_of(time.count()), buckets_.size() - 1)];
  ++count_;
}

double Histogram::percentile_ms(double share) const {
  if (count_ == 0) return 0;
  const double wanted = std::clamp(share, 0.0, 1.0) * static_cast<double>(count_);
  std::uint64_t seen = 0;
  std::size_t bucket = 0;
  for (; bucket + 1 < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen > 0 && static_cast<double>(seen) >= wanted) break;
  }
  return 1e3 * kShortest * std::pow(kStep, static_cast<double>(bucket));
}

}  // namespace retort::load
