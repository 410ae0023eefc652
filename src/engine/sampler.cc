#include "engine/sampler.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "engine/random.h"

namespace retort::engine {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();
// Beyond every logit that a sound model gives, and far enough from overflowing.
constexpr float kLargestLogit = 1e30F;

// Weights are summed by blocks: so many tokens, in so many lanes.
constexpr std::size_t kBlock = 256;
constexpr std::size_t kLanes = 16;
// Weights below e^-87 are 0.
constexpr float kLowest = -87;

// A damaged model's logits may be infinite or no numbers: those become the least there is, so that
// there is always a largest, and differences are numbers.
void make_finite(std::span<float> logits) {
  for (float& logit : logits) {
    logit = logit > -kLargestLogit ? logit : -kLargestLogit;
    logit = logit < kLargestLogit ? logit : -kLargestLogit;
  }
}

float largest_of(std::span<const float> logits) {
  std::array<float, kLanes> lanes;
  lanes.fill(kNever);
  std::size_t at = 0;
  for (; at + kLanes <= logits.size(); at += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float logit = logits[at + lane];
      lanes[lane] = logit > lanes[lane] ? logit : lanes[lane];
    }
  }
  float largest = kNever;
  for (const float lane : lanes) largest = std::max(largest, lane);
  for (; at < logits.size(); ++at) largest = std::max(largest, logits[at]);
  return largest;
}

TokenId most_likely(std::span<const float> logits) {
  const float largest = largest_of(logits);
  return static_cast<TokenId>(std::find(logits.begin(), logits.end(), largest) - logits.begin());
}

// exp(x) of x <= 0 to 2 parts in 10^7, by the polynomial of Moshier's Cephes (expf), in words that
// the compiler makes vector instructions of; the C library's takes most of a sampler's time.
inline float exp_below_1(float x) {
  const float inside = x > kLowest ? x : kLowest;
  constexpr float kRound = 12'582'912;  // 1.5 * 2^23: adding it rounds to a whole number
  const float whole = (inside * 1.44269504F + kRound) - kRound;
  const float rest = (inside - whole * 0.693359375F) + whole * 2.12194440e-4F;
  float y = 1.9875691500e-4F;
  y = y * rest + 1.3981999507e-3F;
  y = y * rest + 8.3334519073e-3F;
  y = y * rest + 4.1665795894e-2F;
  y = y * rest + 1.6666665459e-1F;
  y = y * rest + 5.0000001201e-1F;
  y = y * (rest * rest) + rest + 1;
  const auto exponent = static_cast<std::uint32_t>(static_cast<std::int32_t>(whole) + 127) << 23;
  return x > kLowest ? y * std::bit_cast<float>(exponent) : 0;
}

void apply_bias(std::span<float> logits, const SamplingParams& params) {
  for (const auto& [token, bias] : params.logit_bias) {
    float& logit = logits[static_cast<std::size_t>(token)];
    logit = static_cast<float>(logit + bias);
  }
}

// OpenAI's formula: logit - count * frequency - [count > 0] * presence, over output tokens; before
// it the repetition penalty of Keskar et al. 2019 (CTRL), over all tokens.
void apply_penalties(std::span<float> logits, const SamplingParams& params,
                     const TokenCounts& counts) {
  const bool additive = params.frequency_penalty != 0 || params.presence_penalty != 0;
  if (!additive && params.repetition_penalty == 1) return;
  for (const auto& [token, count] : counts.counts()) {
    double logit = logits[static_cast<std::size_t>(token)];
    if (params.repetition_penalty != 1) {
      logit = logit > 0 ? logit / params.repetition_penalty : logit * params.repetition_penalty;
    }
    if (count.output > 0) {
      logit -= count.output * params.frequency_penalty + params.presence_penalty;
    }
    logits[static_cast<std::size_t>(token)] = static_cast<float>(logit);
  }
}

void apply_limits(std::span<float> logits, const SampleLimits& limits) {
  for (const TokenId token : limits.banned) logits[static_cast<std::size_t>(token)] = kNever;
  if (limits.allowed.empty()) return;
  for (std::size_t word = 0; word * 64 < logits.size(); ++word) {
    const std::uint64_t bits = limits.allowed[word];
    if (bits == ~std::uint64_t{0}) continue;
    const std::size_t end = std::min(logits.size(), word * 64 + 64);
    for (std::size_t token = word * 64; token < end; ++token) {
      if ((bits >> (token & 63) & 1) == 0) logits[token] = kNever;
    }
  }
}

}  // namespace

void TokenCounts::add_prompt(std::span<const TokenId> tokens) {
  for (const TokenId token : tokens) counts_[token].in_prompt = true;
}

void TokenCounts::add_output(TokenId token) {
  ++counts_[token].output;
}

SampledToken Sampler::sample(std::span<float> logits, const SamplingParams& params,
                             const TokenCounts& counts, const SampleLimits& limits,
                             std::uint64_t position) {
  // Below it nothing but the most likely token has a weight.
  constexpr double kNoTemperature = 1e-20;
  SampledToken result;
  make_finite(logits);
  if (params.logprobs) report(logits, params, result);
  const double partition = params.logprobs ? largest_ + std::log(total_) : 0;
  if (!limits.forced) {
    apply_bias(logits, params);
    apply_penalties(logits, params, counts);
    apply_limits(logits, limits);
  }

  if (limits.forced) {
    result.token = *limits.forced;
  } else if (params.temperature < kNoTemperature) {
    result.token = most_likely(logits);
  } else {
    const double uniform = uniform_draw(params.seed, params.choice, position);
    const bool whole = params.top_p >= 1 && params.top_k == 0 && params.min_p == 0;
    weigh(logits, params.temperature);
    result.token = whole ? draw_from_all(uniform) : draw_from_front(logits, params, uniform);
  }
  if (params.logprobs) {
    result.logprob = static_cast<float>(raw_[static_cast<std::size_t>(result.token)] - partition);
  }
  return result;
}

// The most likely tokens of the logits as they came; keeps those for the chosen one's.
void Sampler::report(std::span<const float> logits, const SamplingParams& params,
                     SampledToken& result) {
  weigh(logits, 1);
  raw_.assign(logits.begin(), logits.end());
  const double partition = largest_ + std::log(total_);
  const auto wanted = static_cast<std::size_t>(std::max(params.top_logprobs, 0));
  begin_front(8);
  sort_front(logits, wanted);
  for (std::size_t i = 0; i < std::min(wanted, logits.size()); ++i) {
    const Candidate& candidate = candidates_[i];
    result.top.push_back({candidate.token, static_cast<float>(candidate.logit - partition)});
  }
}

// The order of the sum is the vocabulary's own: lanes of a block, then the lanes, then the blocks.
void Sampler::weigh(std::span<const float> logits, double temperature) {
  largest_ = largest_of(logits);
  const float largest = largest_;
  const auto colder = static_cast<float>(1 / temperature);
  const std::size_t blocks = (logits.size() + kBlock - 1) / kBlock;
  weights_.resize(blocks * kBlock);
  std::fill(weights_.begin() + static_cast<std::ptrdiff_t>(logits.size()), weights_.end(), 0.0F);
  float* weights = weights_.data();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    weights[i] = exp_below_1((logits[i] - largest) * colder);
  }
  block_sums_.resize(blocks);
  total_ = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    std::array<float, kLanes> lanes{};
    const float* from = weights + block * kBlock;
    for (std::size_t i = 0; i < kBlock; i += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += from[i + lane];
    }
    double sum = 0;
    for (const float lane : lanes) sum += lane;
    block_sums_[block] = sum;
    total_ += sum;
  }
}

void Sampler::begin_front(float reach) {
  candidates_.clear();
  sorted_ = 0;
  reach_ = reach;
}

void Sampler::sort_front(std::span<const float> logits, std::size_t count) {
  count = std::min(count, logits.size());
  if (count <= sorted_) return;
  if (count > candidates_.size()) collect(logits, count);
  const auto before = [](const Candidate& left, const Candidate& right) {
    return left.logit != right.logit ? left.logit > right.logit : left.token < right.token;
  };
  const auto begin = candidates_.begin() + static_cast<std::ptrdiff_t>(sorted_);
  const auto end = candidates_.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(begin, end, candidates_.end(), before);
  sorted_ = count;
}

// At least `count` candidates: all tokens within reach of the largest, or within a wider one, or
// all that there are.
void Sampler::collect(std::span<const float> logits, std::size_t count) {
  for (const float reach : {reach_, 8 * reach_, -kNever}) {
    reach_ = reach;
    candidates_.clear();
    for (std::size_t i = 0; i < logits.size(); ++i) {
      if (logits[i] >= largest_ - reach) {
        candidates_.push_back({logits[i], static_cast<TokenId>(i)});
      }
    }
    if (candidates_.size() >= count) break;
  }
  sorted_ = 0;
}

TokenId Sampler::draw_from_all(double uniform) const {
  double before = 0;       // of all blocks that are passed
  std::size_t chosen = 0;  // the last block that weighs anything, unless the draw falls before it
  double left = 0;         // of the draw, within that block
  for (std::size_t block = 0; block < block_sums_.size(); ++block) {
    if (block_sums_[block] == 0) continue;
    chosen = block;
    left = uniform * total_ - before;
    if (left < block_sums_[block]) break;
    before += block_sums_[block];
  }
  // Where rounding leaves something over, it is the last token's that weighs anything.
  std::size_t token = chosen * kBlock;
  for (std::size_t i = token; i < (chosen + 1) * kBlock; ++i) {
    if (weights_[i] == 0) continue;
    token = i;
    left -= static_cast<double>(weights_[i]);
    if (left < 0) break;
  }
  return static_cast<TokenId>(token);
}

TokenId Sampler::draw_from_front(std::span<const float> logits, const SamplingParams& params,
                                 double uniform) {
  const std::size_t limit = params.top_k > 0
                                ? std::min(static_cast<std::size_t>(params.top_k), logits.size())
                                : logits.size();
  const auto weight = [&](std::size_t i) -> double {
    return weights_[static_cast<std::size_t>(candidates_[i].token)];
  };
  begin_front(static_cast<float>(8 * params.temperature));
  // top_p is a share of what top_k leaves; without top_k, of everything.
  double total = total_;
  if (params.top_k > 0) {
    sort_front(logits, limit);
    total = 0;
    for (std::size_t i = 0; i < limit; ++i) total += weight(i);
  }

  // The shortest front that reaches top_p, cut where min_p says so; at least one token.
  const double wanted = params.top_p * total;
  std::size_t kept = 0;
  double mass = 0;
  while (kept < limit && (kept == 0 || mass < wanted)) {
    if (kept == sorted_) {
      sort_front(logits, std::min(limit, std::max<std::size_t>(64, sorted_ * 4)));
    }
    const double next = weight(kept);
    if (kept > 0 && (next == 0 || next < params.min_p)) break;
    mass += next;
    ++kept;
  }
  double left = uniform * mass;
  for (std::size_t i = 0; i < kept; ++i) {
    left -= weight(i);
    if (left < 0) return candidates_[i].token;
  }
  return candidates_[kept - 1].token;
}

}  // namespace retort::engine
