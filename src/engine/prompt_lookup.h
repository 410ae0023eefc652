// Prompt lookup: guesses what comes next from where the sequence has said the same before.
//
// Answers repeat their prompts (quotes, code, names) and themselves. Where the last few tokens
// stood before, what followed them there is a guess that costs no computing (Saxena, "Prompt Lookup
// Decoding", 2023). Speculation has the model check the guess.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "model/batch.h"

namespace retort::engine {

using model::TokenId;

inline constexpr std::size_t kLookupMatchMin = 2;  // tokens that must stand alike
inline constexpr std::size_t kLookupMatchMax = 8;  // a match of so many is as good as a longer one

// Fills `guess` with the `count` tokens that would follow `tokens` if they went on as behind the
// longest earlier match of their end, the latest of equal ones; where that runs into the end, it
// goes on with the guess itself. Returns the match's length; 0, and an empty guess, where there is
// none. Cost: one pass over the tokens, about a nanosecond each.
std::size_t look_up(std::span<const TokenId> tokens, std::size_t count,
                    std::vector<TokenId>& guess);

}  // namespace retort::engine
