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
  // Not thread-safe: it keeps its working memory between calls. Cost: a few passes over the
  // vocabulary, of about a nanosecond a token in all, and a sort of what top_p or top_k needs.
  SampledToken sample(std::span<float> logits, const SamplingParams& params,
                      const TokenCounts& counts, const SampleLimits& limits,
                      std::uint64_t position);

 private:
  struct Candidate {
    float logit;
    TokenId token;
  };

  // Weighs every token: exp((logit - largest) / temperature).
  void weigh(std::span<const float> logits, double temperature);
  // Lets sort_front() begin anew, with the tokens at most `reach` below the largest.
  void begin_front(float reach);
  // Makes candidates_ begin with the `count` largest, falling.
  void sort_front(std::span<const float> logits, std::size_t count);
  void collect(std::span<const float> logits, std::size_t count);
  void report(std::span<const float> logits, const SamplingParams& params, SampledToken& result);
  TokenId draw_from_all(double uniform) const;
  TokenId draw_from_front(std::span<const float> logits, const SamplingParams& params,
                          double uniform);

  float largest_ = 0;               // of the logits last weighed
  std::vector<float> weights_;      // [vocab_size] f32, at most 1
  std::vector<double> block_sums_;  // of each kBlock weights
  double total_ = 0;                // of all weights
  std::vector<Candidate> candidates_;
  std::size_t sorted_ = 0;  // candidates at the front that are in order, before all others
  float reach_ = 0;         // how far below the largest the candidates go
  std::vector<float> raw_;  // the logits as they came, where log probabilities are wanted
};

}  // namespace retort::engine
