#include "engine/sequence.h"

#include <algorithm>
#include <utility>

#include "base/crypto.h"

namespace retort::engine {
namespace {

void fill_mask(const grammar::Constraint& constraint, std::span<const TokenId> end_tokens,
               std::vector<std::uint64_t>& mask) {
  mask.resize(constraint.words());
  constraint.fill_mask(mask);
  if (!constraint.can_end()) return;
  for (const TokenId token : end_tokens) {
    grammar::add_token(mask, static_cast<std::uint32_t>(token));
  }
}

}  // namespace

const PageKey& Sequence::key_of(std::size_t page) {
  if (keys.empty()) keys.push_back(base::sha256(request.cache_salt));
  while (keys.size() <= page + 1) {
    const std::size_t begin = (keys.size() - 1) * model::kPageTokens;
    keys.push_back(
        next_page_key(keys.back(), std::span(tokens).subspan(begin, model::kPageTokens)));
  }
  return keys[page + 1];
}

void Sequence::fill_masks() {
  masks.resize(std::max(masks.size(), draft.size() + 1));
  if (draft.empty()) {
    fill_mask(*request.constraint, request.end_tokens, masks[0]);
    return;
  }
  grammar::Constraint ahead = *request.constraint;
  for (std::size_t i = 0; i <= draft.size(); ++i) {
    if (ahead.bound() && i >= forced.size()) fill_mask(ahead, request.end_tokens, masks[i]);
    if (i == draft.size() || !ahead.accept(static_cast<std::uint32_t>(draft[i]))) return;
    if (ahead.must_end()) return;
  }
}

std::optional<EndReason> Sequence::choose(Sampler& sampler, std::span<float> logits,
                                          std::size_t row, std::vector<SampledToken>& taken) {
  const auto output = static_cast<std::int64_t>(output_tokens());
  // A bound constraint says in its mask where the answer may end.
  const bool open =
      !request.constraint || request.constraint->bound() || request.constraint->can_end();
  const bool end_allowed = !request.ignore_eos && output >= request.min_tokens && open;
  SampleLimits limits;
  if (!end_allowed) limits.banned = request.end_tokens;
  if (!forced.empty()) {
    limits.forced = forced.front();
    forced.pop_front();
  } else if (wants_mask()) {
    limits.allowed = masks[row];
    const bool any = std::any_of(masks[row].begin(), masks[row].end(),
                                 [](std::uint64_t word) { return word != 0; });
    if (!any) return EndReason::stuck;
  }
  SampledToken sampled =
      sampler.sample(logits, request.sampling, counts, limits, static_cast<std::uint64_t>(output));
  if (end_allowed && std::find(request.end_tokens.begin(), request.end_tokens.end(),
                               sampled.token) != request.end_tokens.end()) {
    return EndReason::end_token;
  }
  if (const auto end = take(std::move(sampled), taken)) return end;
  return forced.empty() ? take_forced(taken) : std::nullopt;
}

// Makes `token` the next.
std::optional<EndReason> Sequence::take(SampledToken token, std::vector<SampledToken>& taken) {
  std::optional<grammar::Constraint>& constraint = request.constraint;
  if (constraint && !constraint->accept(static_cast<std::uint32_t>(token.token))) {
    return EndReason::stuck;
  }
  tokens.push_back(token.token);
  counts.add_output(token.token);
  taken.push_back(std::move(token));
  if (constraint && constraint->must_end()) return EndReason::end_token;
  if (static_cast<std::int64_t>(output_tokens()) >= request.max_tokens) return EndReason::length;
  return std::nullopt;
}

// Where the grammar has one way to go on, goes it in the tokens that the model would use. The last
// of them is left to the model: it may be the beginning of a longer one. Where log probabilities
// are wanted, each token waits for its logits; the tokens are the same.
std::optional<EndReason> Sequence::take_forced(std::vector<SampledToken>& taken) {
  constexpr std::size_t kForcedBytesMax = 256;
  if (!request.constraint || !request.constraint->bound() || !request.encode) return std::nullopt;
  const std::string bytes = request.constraint->forced(kForcedBytesMax);
  if (bytes.size() < 2) return std::nullopt;
  std::vector<TokenId> spelled = request.encode(bytes);
  if (spelled.size() < 2) return std::nullopt;
  spelled.pop_back();
  if (request.sampling.logprobs) {
    forced.assign(spelled.begin(), spelled.end());
    return std::nullopt;
  }
  for (const TokenId token : spelled) {
    if (const auto end = take({.token = token}, taken)) return end;
  }
  return std::nullopt;
}

}  // namespace retort::engine
