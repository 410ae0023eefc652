#include "engine/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/random.h"

namespace retort::engine {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

TokenId most_likely(std::span<const float> logits) {
  return static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

// log(sum(exp(logits))), summed in token order.
double log_partition(std::span<const float> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return largest + std::log(sum);
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
  SampledToken result;
  double partition = 0;
  std::vector<float> raw;
  if (params.logprobs) {
    partition = log_partition(logits);
    raw.assign(logits.begin(), logits.end());
    fill_candidates(logits);
    sort_front(static_cast<std::size_t>(std::max(params.top_logprobs, 0)));
    for (int i = 0; i < params.top_logprobs && i < static_cast<int>(candidates_.size()); ++i) {
      const Candidate& candidate = candidates_[static_cast<std::size_t>(i)];
      result.top.push_back({candidate.token, static_cast<float>(candidate.logit - partition)});
    }
  }
  if (!limits.forced) {
    apply_bias(logits, params);
    apply_penalties(logits, params, counts);
    apply_limits(logits, limits);
  }

  if (limits.forced) {
    result.token = *limits.forced;
  } else if (params.temperature == 0) {
    result.token = most_likely(logits);
  } else {
    const double uniform = uniform_draw(params.seed, params.choice, position);
    const bool whole = params.top_p >= 1 && params.top_k == 0 && params.min_p == 0;
    result.token = whole ? draw_from_all(logits, params.temperature, uniform)
                         : draw_from_front(logits, params, uniform);
  }
  if (params.logprobs) {
    result.logprob = static_cast<float>(raw[static_cast<std::size_t>(result.token)] - partition);
  }
  return result;
}

void Sampler::fill_candidates(std::span<const float> logits) {
  candidates_.resize(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    candidates_[i] = {logits[i], static_cast<TokenId>(i)};
  }
  sorted_ = 0;
}

void Sampler::sort_front(std::size_t count) {
  count = std::min(count, candidates_.size());
  if (count <= sorted_) return;
  const auto before = [](const Candidate& left, const Candidate& right) {
    return left.logit != right.logit ? left.logit > right.logit : left.token < right.token;
  };
  const auto begin = candidates_.begin() + static_cast<std::ptrdiff_t>(sorted_);
  const auto end = candidates_.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(begin, end, candidates_.end(), before);
  sorted_ = count;
}

TokenId Sampler::draw_from_all(std::span<const float> logits, double temperature,
                               double uniform) const {
  const double largest = *std::max_element(logits.begin(), logits.end());
  const auto weight = [&](float logit) {
    return std::exp((static_cast<double>(logit) - largest) / temperature);
  };
  double sum = 0;
  for (const float logit : logits) sum += weight(logit);
  double left = uniform * sum;
  TokenId last = most_likely(logits);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double mass = weight(logits[i]);
    if (mass == 0) continue;
    last = static_cast<TokenId>(i);
    left -= mass;
    if (left < 0) break;
  }
  return last;
}

TokenId Sampler::draw_from_front(std::span<const float> logits, const SamplingParams& params,
                                 double uniform) {
  fill_candidates(logits);
  const std::size_t limit =
      params.top_k > 0 ? std::min(static_cast<std::size_t>(params.top_k), candidates_.size())
                       : candidates_.size();
  // top_p is a share of what top_k leaves; without top_k, of everything.
  if (params.top_k > 0) sort_front(limit);
  const double largest = *std::max_element(logits.begin(), logits.end());
  const auto weight = [&](const Candidate& candidate) {
    return std::exp((static_cast<double>(candidate.logit) - largest) / params.temperature);
  };
  double total = 0;
  if (params.top_k > 0) {
    for (std::size_t i = 0; i < limit; ++i) total += weight(candidates_[i]);
  } else {
    for (const Candidate& candidate : candidates_) total += weight(candidate);
  }

  // The shortest front that reaches top_p, cut where min_p says so; at least one token.
  const double wanted = params.top_p * total;
  std::size_t kept = 0;
  double mass = 0;
  while (kept < limit && (kept == 0 || mass < wanted)) {
    if (kept == sorted_) sort_front(std::max<std::size_t>(64, sorted_ * 4));
    const double next = weight(candidates_[kept]);
    if (kept > 0 && (next == 0 || next < params.min_p)) break;
    mass += next;
    ++kept;
  }
  double left = uniform * mass;
  for (std::size_t i = 0; i < kept; ++i) {
    left -= weight(candidates_[i]);
    if (left < 0) return candidates_[i].token;
  }
  return candidates_[kept - 1].token;
}

}  // namespace retort::engine
