// What a step costs by its number of rows, as measured on this machine with this model, now.
//
// More rows in a step are nearly free while reading the weights is what takes the time, and cost in
// full once arithmetic does. Where that changes depends on model, machine and neighbours, so nobody
// says it: the engine measures each step. Only how work is cut depends on it, never a result.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace retort::engine {

// Not thread-safe: the engine's thread owns it.
class StepCosts {
 public:
  static constexpr std::size_t kRowsMax = 64;  // steps of more rows are not kept

  // A step of `rows` rows (at least 1) took `seconds`.
  void observe(std::size_t rows, double seconds);

  // What was measured at exactly `rows`; nothing where that is long ago or was never.
  std::optional<double> measured(std::size_t rows) const;

  // What a step of `rows` rows would take: measured, else between the nearest measured neighbours,
  // else what fewer rows take, else what more take; 0 where nothing is known. So what was not tried
  // looks cheap, and is tried.
  double seconds(std::size_t rows) const;

 private:
  static constexpr std::uint64_t kFresh = 256;  // observations for which one counts

  struct Cost {
    double seconds = 0;
    std::uint64_t seen = 0;  // the observation's number; 0: never
  };

  bool fresh(std::size_t rows) const;

  std::array<Cost, kRowsMax + 1> costs_;  // by rows
  std::uint64_t observations_ = 0;
};

// How much of long prompts a step may read beside sequences that generate, so that their tokens
// keep coming at more than half the pace. Not thread-safe: the engine's thread owns it.
class PromptPace {
 public:
  // `costs` are those of steps that read no prompt, and outlive it.
  explicit PromptPace(const StepCosts& costs) : costs_(costs) {}

  // Tokens of prompts beside `rows` (at least 1) rows of others. None where it is not known what
  // those cost alone: the next step then shows it.
  std::size_t tokens(std::size_t rows) const;

  // A step with `rows` rows of others (perhaps none) and `tokens` of prompts took `seconds`.
  void observe(std::size_t rows, std::size_t tokens, double seconds);

 private:
  const StepCosts& costs_;
  double token_seconds_ = 0;  // 0: not known yet
};

}  // namespace retort::engine
