// Times in the order of their length, to 0.1 %: what percentiles are read from.
//
// A run may see a hundred million gaps between tokens; this takes the same memory for any number.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace retort::load {

// One thread at a time.
class Histogram {
 public:
  Histogram();

  // Below a microsecond counts as one, above a day as a day.
  void add(std::chrono::duration<double> time);

  std::uint64_t count() const noexcept { return count_; }
  // The smallest time, in milliseconds, that at least `share` (0 to 1) of all do not exceed; to
  // 0.1 %. 0 where there is none.
  double percentile_ms(double share) const;

 private:
  std::vector<std::uint64_t> buckets_;  // bucket i: times up to 1 us * 1.001^i
  std::uint64_t count_ = 0;
};

}  // namespace retort::load
