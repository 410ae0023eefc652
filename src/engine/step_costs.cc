#include "engine/step_costs.h"

#include <algorithm>

namespace retort::engine {

// A quarter of the way to what is new: a step that something held up is forgotten within a few.
void StepCosts::observe(std::size_t rows, double seconds) {
  if (rows > kRowsMax) return;
  Cost& cost = costs_[rows];
  constexpr double kWeight = 0.25;
  ++observations_;
  cost.seconds = fresh(rows) ? cost.seconds + kWeight * (seconds - cost.seconds) : seconds;
  cost.seen = observations_;
}

bool StepCosts::fresh(std::size_t rows) const {
  return costs_[rows].seen > 0 && observations_ - costs_[rows].seen < kFresh;
}

std::optional<double> StepCosts::measured(std::size_t rows) const {
  if (rows > kRowsMax || !fresh(rows)) return std::nullopt;
  return costs_[rows].seconds;
}

double StepCosts::seconds(std::size_t rows) const {
  std::size_t below = rows < kRowsMax ? rows : kRowsMax;
  while (below > 0 && !fresh(below)) --below;
  std::size_t above = rows;
  while (above <= kRowsMax && !fresh(above)) ++above;
  if (above > kRowsMax) return costs_[below].seconds;
  if (below == 0 || below == above) return costs_[above].seconds;
  const double share = static_cast<double>(rows - below) / static_cast<double>(above - below);
  return costs_[below].seconds + share * (costs_[above].seconds - costs_[below].seconds);
}

std::size_t PromptPace::tokens(std::size_t rows) const {
  // A stream that waited for one step now waits for 1.8: the rest to 2 is for what varies.
  constexpr double kMore = 0.8;
  constexpr std::size_t kTokensMin = 8;  // whatever the measurements say, prompts go on
  constexpr std::size_t kTokensFirst = 32;
  constexpr std::size_t kTokensMost = 1 << 16;  // beyond every step's budget
  if (rows <= StepCosts::kRowsMax && !costs_.measured(rows)) return 0;
  if (token_seconds_ <= 0) return kTokensFirst;
  const double tokens = kMore * costs_.seconds(rows) / token_seconds_;
  if (tokens >= static_cast<double>(kTokensMost)) return kTokensMost;
  return std::max(kTokensMin, static_cast<std::size_t>(tokens));
}

// What the tokens cost beyond the others' rows. A step that took less than it could have says
// nothing.
void PromptPace::observe(std::size_t rows, std::size_t tokens, double seconds) {
  const double more = seconds - (rows > 0 ? costs_.seconds(rows) : 0);
  if (tokens == 0 || more <= 0) return;
  const double each = more / static_cast<double>(tokens);
  constexpr double kWeight = 0.25;
  token_seconds_ = token_seconds_ == 0 ? each : token_seconds_ + kWeight * (each - token_seconds_);
}

}  // namespace retort::engine
