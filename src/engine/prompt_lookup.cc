#include "engine/prompt_lookup.h"

#include <algorithm>

namespace retort::engine {
namespace {

// How many tokens before `end` equal those before the end of all.
std::size_t match_before(std::span<const TokenId> tokens, std::size_t end) {
  const std::size_t most = std::min(end, kLookupMatchMax);
  std::size_t length = 0;
  while (length < most && tokens[end - 1 - length] == tokens[tokens.size() - 1 - length]) ++length;
  return length;
}

}  // namespace

std::size_t look_up(std::span<const TokenId> tokens, std::size_t count,
                    std::vector<TokenId>& guess) {
  guess.clear();
  std::size_t longest = kLookupMatchMin - 1;
  std::size_t next = 0;  // behind the longest match
  for (std::size_t end = tokens.size(); end-- > kLookupMatchMin && longest < kLookupMatchMax;) {
    if (tokens[end - 1] != tokens.back()) continue;
    const std::size_t length = match_before(tokens, end);
    if (length <= longest) continue;
    longest = length;
    next = end;
  }
  if (next == 0) return 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = next + i;
    guess.push_back(at < tokens.size() ? tokens[at] : guess[at - tokens.size()]);
  }
  return longest;
}

}  // namespace retort::engine
