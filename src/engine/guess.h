// Guess: what a sequence may say next, and how often guesses like it came true.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/batch.h"

namespace retort::engine {

using model::TokenId;

// Where guesses come from; each has its own record.
enum class GuessSource : std::uint8_t {
  forced,        // the grammar leaves no choice, and log probabilities are wanted
  short_lookup,  // stood behind a few tokens that the sequence ends with
  long_lookup,   // stood behind more of them
  draft_model,
};
inline constexpr std::size_t kGuessSources = 4;

struct Guess {
  GuessSource source = GuessSource::short_lookup;
  std::vector<TokenId> tokens;  // empty: none
  // By source, the share of guessed tokens that came true, of those whose forerunners did; the
  // latest count most. It begins with what is worth a try.
  std::array<double, kGuessSources> hit_rate = {0.99, 0.3, 0.6, 0.7};

  double rate() const { return hit_rate[static_cast<std::size_t>(source)]; }

  // `taken` is what came. Guesses that were not computed are judged too: a record costs nothing.
  void judge(std::span<const TokenId> taken) {
    constexpr double kWeight = 0.1;  // so about ten tokens decide
    double& rate = hit_rate[static_cast<std::size_t>(source)];
    for (std::size_t i = 0; i < taken.size() && i < tokens.size(); ++i) {
      const bool hit = taken[i] == tokens[i];
      rate += kWeight * ((hit ? 1.0 : 0.0) - rate);
      if (!hit) break;
    }
    tokens.clear();
  }
};

}  // namespace retort::engine
