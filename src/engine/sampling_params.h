// What a request asks of the sampler, in token ids. Defaults are OpenAI's neutral ones (promise 7).
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "model/batch.h"

namespace retort::engine {

using model::TokenId;

struct SamplingParams {
  double temperature = 1;                              // 0: the most likely token
  double top_p = 1;                                    // (0, 1]
  std::int64_t top_k = 0;                              // 0: off
  double min_p = 0;                                    // [0, 1]
  double frequency_penalty = 0;                        // over output tokens, times their count
  double presence_penalty = 0;                         // over output tokens, once
  double repetition_penalty = 1;                       // over prompt and output tokens; 1: off
  std::vector<std::pair<TokenId, double>> logit_bias;  // ids below the vocabulary's size
  std::uint64_t seed = 0;
  std::uint32_t choice = 0;  // choice i of a request draws from (seed, i)
  bool logprobs = false;
  int top_logprobs = 0;  // alternatives to report a token
};

}  // namespace retort::engine
