#include "tensor/machine_limits.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>

#include "tensor/buffer.h"

namespace retort::tensor {
namespace {

constexpr int kPasses = 5;

template <typename Work>
double best_seconds(const Work& work) {
  double best = 1e9;
  for (int pass = 0; pass < kPasses; ++pass) {
    const auto began = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    best = std::min(best, took.count());
  }
  return best;
}

// Reads every word once; eight sums side by side, so that the loads, not the additions, are the
// limit.
std::uint64_t read_words(const std::uint64_t* words, std::size_t count) {
  std::array<std::uint64_t, 32> sums{};
  for (std::size_t i = 0; i + sums.size() <= count; i += sums.size()) {
    for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += words[i + j];
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t part : sums) sum += part;
  return sum;
}

// Kernels::int8_loop for the class that has none of its own.
int portable_loop(std::size_t rounds, std::size_t& operations) {
  constexpr std::size_t kLanes = 64;
  std::array<std::int8_t, kLanes> left{};
  std::array<std::int8_t, kLanes> right{};
  for (std::size_t i = 0; i < kLanes; ++i) {
    left[i] = static_cast<std::int8_t>(i);
    right[i] = static_cast<std::int8_t>(3 * i);
  }
  int sum = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    left[round % kLanes] = static_cast<std::int8_t>(round);
    for (std::size_t i = 0; i < kLanes; ++i) sum += left[i] * right[i];
  }
  operations = 2 * kLanes;
  return sum;
}

}  // namespace

double measure_read_bandwidth(ThreadPool& pool, std::size_t bytes) {
  Result<Buffer> buffer = Buffer::make(bytes);
  if (!buffer) return 0;
  std::memset(buffer->data(), 1, bytes);
  const auto* words = buffer->as<std::uint64_t>();
  std::atomic<std::uint64_t> sum = 0;  // keeps the reads from being left out
  ThreadPool::Step step = pool.begin_step();
  const double seconds = best_seconds([&] {
    step.split(bytes / sizeof(std::uint64_t), 4'096, [&](std::size_t begin, std::size_t end) {
      sum += read_words(words + begin, end - begin);
    });
  });
  return sum.load() == 0 ? 0 : static_cast<double>(bytes) / seconds;
}

double measure_int8_operations(const Kernels& kernels, ThreadPool& pool) {
  constexpr std::size_t kRounds = 2'000'000;
  const auto loop = kernels.int8_loop != nullptr ? kernels.int8_loop : portable_loop;
  std::atomic<std::size_t> operations = 0;
  std::atomic<int> sum = 0;  // keeps the loop from being left out
  ThreadPool::Step step = pool.begin_step();
  const double seconds = best_seconds([&] {
    operations = 0;
    step.run(step.threads(), [&](int, int) {
      std::size_t round_operations = 0;
      sum += loop(kRounds, round_operations);
      operations += round_operations * kRounds;
    });
  });
  return static_cast<double>(operations.load()) / seconds;
}

}  // namespace retort::tensor
