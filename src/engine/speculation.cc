#include "engine/speculation.h"

#include <algorithm>

#include "engine/prompt_lookup.h"

namespace retort::engine {
namespace {

// A match of so many tokens is worth more than one of fewer.
constexpr std::size_t kLongMatch = 4;
// How much faster tokens must come by a draft: below, the measurement's noise decides.
constexpr double kWorth = 1.03;

// A token that could be drafted, and the chance that it is one more token of the step.
struct Gain {
  double chance;
  std::size_t candidate;
  std::size_t token;  // of the candidate's guess

  // The likeliest first; of a guess, no token before its forerunners.
  friend bool operator<(const Gain& left, const Gain& right) {
    if (left.chance != right.chance) return left.chance > right.chance;
    return left.token < right.token;
  }
};

// How many of `tokens` the constraint takes: a draft that it refuses cannot come true.
std::size_t allowed(const Sequence& sequence) {
  const std::vector<TokenId>& tokens = sequence.guess.tokens;
  const std::optional<grammar::Constraint>& constraint = sequence.request.constraint;
  if (!constraint || !constraint->bound()) return tokens.size();
  grammar::Constraint ahead = *constraint;
  std::size_t count = 0;
  while (count < tokens.size() && !ahead.must_end() &&
         ahead.accept(static_cast<std::uint32_t>(tokens[count]))) {
    ++count;
  }
  return count;
}

bool by_model(const Sequence& sequence) {
  return sequence.guess.source == GuessSource::draft_model;
}

}  // namespace

Result<void> Speculation::draft(std::span<const ScheduledSequence> plan, Scheduler& scheduler,
                                tensor::ThreadPool& pool) {
  if (options_.mode == SpeculationMode::off) return {};
  const auto is_prompt = [](const ScheduledSequence& entry) { return entry.prompt; };
  if (std::any_of(plan.begin(), plan.end(), is_prompt)) return {};
  std::size_t rows = 0;
  std::vector<Candidate> candidates;
  for (const ScheduledSequence& entry : plan) {
    rows += entry.tokens;
    if (entry.tokens != 1 || entry.sequence->pending() != 1) continue;
    const std::size_t tokens_max = room(*entry.sequence);
    if (tokens_max == 0) continue;
    guess(*entry.sequence, tokens_max);
    const std::size_t guessed = by_model(*entry.sequence) ? tokens_max : allowed(*entry.sequence);
    if (guessed > 0) candidates.push_back({.sequence = entry.sequence, .tokens_max = guessed});
  }
  if (candidates.empty()) return {};
  share_out(candidates, rows, plan.size());
  for (Candidate& each : candidates) {
    each.tokens = scheduler.take_spare(*each.sequence, each.tokens);
  }
  if (Result<void> asked = ask_model(candidates, pool); !asked) return asked;
  for (const Candidate& each : candidates) {
    const std::vector<TokenId>& guessed = each.sequence->guess.tokens;
    const std::size_t count = std::min(each.tokens, allowed(*each.sequence));
    each.sequence->draft.assign(guessed.begin(),
                                guessed.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return {};
}

// How many tokens could be drafted: with the one behind them they must be wanted, and their events
// have room.
std::size_t Speculation::room(const Sequence& sequence) const {
  const std::size_t events = sequence.channel->events.room();
  const auto wanted =
      static_cast<std::size_t>(sequence.request.max_tokens) -
      std::min(sequence.output_tokens(), static_cast<std::size_t>(sequence.request.max_tokens));
  const std::size_t least = std::min(events, wanted);
  return least == 0 ? 0 : std::min(least - 1, options_.draft_tokens_max);
}

// What the sequence may say next; nothing where nobody knows. A draft model is asked later, once
// it is clear for how much.
void Speculation::guess(Sequence& sequence, std::size_t tokens_max) {
  Guess& guess = sequence.guess;
  if (!sequence.forced.empty()) {
    guess.source = GuessSource::forced;
    const std::size_t count = std::min(tokens_max, sequence.forced.size());
    guess.tokens.assign(sequence.forced.begin(),
                        sequence.forced.begin() + static_cast<std::ptrdiff_t>(count));
    return;
  }
  const std::size_t match = look_up(sequence.tokens, tokens_max, guess.tokens);
  guess.source = match >= kLongMatch ? GuessSource::long_lookup : GuessSource::short_lookup;
  if (model_ == nullptr || options_.mode != SpeculationMode::automatic) return;
  if (!model_->takes(sequence, tokens_max)) return;
  // A guess that costs nothing is preferred to one that is a little better.
  const double model_rate = guess.hit_rate[static_cast<std::size_t>(GuessSource::draft_model)];
  const double step = costs_.seconds(1);
  const double share = step > 0 ? step / (step + model_->seconds()) : 1;
  if (match > 0 && guess.rate() >= model_rate * share) return;
  guess.source = GuessSource::draft_model;
  guess.tokens.clear();
}

// Gives each candidate as many tokens as bring the most tokens a second from the step, by what it
// costs and by the chance that a token is taken: all before it are, and it is. The draft model's
// time counts by how many tokens it has to go ahead.
void Speculation::share_out(std::vector<Candidate>& candidates, std::size_t rows,
                            std::size_t sequences) const {
  if (options_.always) {
    for (Candidate& each : candidates) each.tokens = each.tokens_max;
    return;
  }
  // What a step without drafts costs has to be known, or there is nothing to compare with.
  const std::optional<double> plain = costs_.measured(rows);
  if (!plain || *plain <= 0) return;
  const bool asks = std::any_of(candidates.begin(), candidates.end(),
                                [](const Candidate& each) { return by_model(*each.sequence); });
  double best = kWorth * static_cast<double>(sequences) / *plain;
  std::vector<Gain> gains;
  for (std::size_t depth = 0; depth <= (asks ? options_.draft_tokens_max : 0); ++depth) {
    gains.clear();
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const Sequence& sequence = *candidates[i].sequence;
      const double rate = std::min(sequence.guess.rate(), 0.99);
      const std::size_t most =
          by_model(sequence) ? std::min(depth, candidates[i].tokens_max) : candidates[i].tokens_max;
      double chance = 1;
      for (std::size_t j = 0; j < most; ++j) gains.push_back({chance *= rate, i, j});
    }
    std::sort(gains.begin(), gains.end());
    const double ahead = asks ? static_cast<double>(depth) * model_->seconds() : 0;
    double tokens = static_cast<double>(sequences);
    std::size_t count = 0;
    for (std::size_t i = 0; i < gains.size() && rows + i < StepCosts::kRowsMax; ++i) {
      tokens += gains[i].chance;
      const double rate = tokens / (costs_.seconds(rows + i + 1) + ahead);
      if (rate <= best) continue;
      best = rate;
      count = i + 1;
    }
    if (count == 0) continue;
    for (Candidate& each : candidates) each.tokens = 0;
    for (std::size_t i = 0; i < count; ++i) ++candidates[gains[i].candidate].tokens;
  }
}

// Has the draft model guess for those that it is to guess for. Where it has much to read first, it
// reads, and there is no draft yet.
Result<void> Speculation::ask_model(std::vector<Candidate>& candidates, tensor::ThreadPool& pool) {
  if (model_ == nullptr) return {};
  std::vector<DraftModel::Wanted> wanted;
  for (Candidate& each : candidates) {
    if (!by_model(*each.sequence)) continue;
    if (each.tokens == 0) {
      model_->forgive(*each.sequence);
    } else {
      wanted.push_back({.sequence = each.sequence, .tokens = each.tokens});
    }
  }
  return wanted.empty() ? Result<void>() : model_->guess(wanted, pool);
}

std::size_t Speculation::settle(Sequence& sequence, std::size_t known) {
  const auto taken = std::span(sequence.tokens).subspan(known);
  std::size_t matched = 0;
  while (matched < taken.size() && matched < sequence.draft.size() &&
         taken[matched] == sequence.draft[matched]) {
    ++matched;
  }
  sequence.guess.judge(taken);
  if (model_ != nullptr) model_->settle(sequence, known + matched);
  sequence.draft.clear();
  return matched;
}

}  // namespace retort::engine
