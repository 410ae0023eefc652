// The sampler: from one row of logits to one token.
//
// A pure function of the logits, the parameters, the tokens so far and the position: nothing else
// moves the outcome. Order of the steps (docs/numerics.md): raw log probabilities for the report;
// end tokens held back below min_tokens; logit_bias; repetition, frequency and presence penalties;
// temperature; top_k; softmax; top_p; min_p; the draw. Ties go to the lower token id everywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/sampling_params.h"

namespace retort::engine {

struct TokenLogprob {
  TokenId token = 0;
  float logprob = 0;
};

struct SampledToken {
  TokenId token = 0;
  float logprob = 0;              // filled when asked for: raw, before bias, penalties, temperature
  std::vector<TokenLogprob> top;  // the most likely tokens, falling, at most top_logprobs
};

// The tokens a sequence holds, as the penalties count them.
class TokenCounts {
 public:
  void add_prompt(std::span<const TokenId> tokens);
  void add_output(TokenId token);

  struct Count {
    int output = 0;
    bool in_prompt = false;
  };
  const std::unordered_map<TokenId, Count>& counts() const noexcept { return counts_; }

 private:
  std::unordered_map<TokenId, Count> counts_;
};

// What the choice of one token is held to.
struct SampleLimits {
  std::span<const TokenId> banned;         // end tokens below min_tokens, or ignored ones
  std::span<const std::uint64_t> allowed;  // one bit a token: a constraint's mask; empty: all
  std::optional<TokenId> forced;           // the one way to go on: only its logprob is wanted
};

class Sampler {
 public:
  // Chooses the token at output position `position` (0 for the first).
  //   logits  [vocab_size] f32, finite or -inf; overwritten.
  //   limits  leave at least one token.
  // Not thread-safe: it keeps its working memory between calls. Cost: one pass over the vocabulary,
  // and a partial sort of what top_p or top_k needs.
  SampledToken sample(std::span<float> logits, const SamplingParams& params,
                      const TokenCounts& counts, const SampleLimits& limits,
                      std::uint64_t position);

 private:
  struct Candidate {
    float logit;
    TokenId token;
  };

  void fill_candidates(std::span<const float> logits);
  // Sorts the first `count` candidates, falling, and leaves the rest behind them.
  void sort_front(std::size_t count);
  TokenId draw_from_all(std::span<const float> logits, double temperature, double uniform) const;
  TokenId draw_from_front(std::span<const float> logits, const SamplingParams& params,
                          double uniform);

  std::vector<Candidate> candidates_;
  std::size_t sorted_ = 0;
};

}  // namespace retort::engine
