#include "engine/scheduler.h"

#include <algorithm>
#include <utility>

namespace retort::engine {
namespace {

bool arrived_before(const std::unique_ptr<Sequence>& left, const std::unique_ptr<Sequence>& right) {
  return left->arrival < right->arrival;
}

// What a turn of a chat adds at most to what is cached: read at once, whoever waits meanwhile. A
// reader who has just sent it waits for the first word, and one step does no harm; a longer prompt
// would take many.
constexpr std::size_t kTurnTokens = 256;

}  // namespace

Scheduler::Scheduler(SchedulerOptions options, std::size_t pages)
    : options_(options), pool_(pages) {}

void Scheduler::add(std::unique_ptr<Sequence> sequence) {
  const auto place = std::upper_bound(waiting_.begin(), waiting_.end(), sequence, arrived_before);
  waiting_.insert(place, std::move(sequence));
}

std::vector<ScheduledSequence> Scheduler::plan(const PromptPaceFunction& pace) {
  plan_.clear();
  admit();
  std::size_t budget = options_.step_tokens_max;
  plan_decoding(budget);
  const std::size_t rows = options_.step_tokens_max - budget;
  plan_prompts(budget, rows > 0 && pace ? std::min(budget, pace(rows)) : budget);
  return std::exchange(plan_, {});
}

// Parking changes running_, so this loop and the next go by index and never look back.
void Scheduler::plan_decoding(std::size_t& budget) {
  for (std::size_t i = 0; i < running_.size() && budget > 0; ++i) {
    Sequence& sequence = *running_[i];
    if (!sequence.decoding() || sequence.paused()) continue;
    const std::size_t tokens = std::min(budget, sequence.pending());
    if (!take_pages(sequence, tokens)) continue;
    plan_.push_back({.sequence = &sequence, .tokens = tokens, .prompt = false});
    budget -= tokens;
  }
}

// What a turn of a chat adds comes first, long prompts get what is left, at most `long_budget`.
void Scheduler::plan_prompts(std::size_t budget, std::size_t long_budget) {
  for (const bool turns : {true, false}) {
    if (!turns) budget = std::min(budget, long_budget);
    for (std::size_t i = 0; i < running_.size() && budget > 0; ++i) {
      Sequence& sequence = *running_[i];
      const bool turn = sequence.tokens.size() - sequence.reused <= kTurnTokens;
      if (turn != turns || sequence.decoding() || sequence.paused()) continue;
      if (scheduled(sequence) || waits_for_prompt(sequence)) continue;
      const std::size_t tokens = std::min(budget, sequence.pending());
      if (!take_pages(sequence, tokens)) continue;
      plan_.push_back({.sequence = &sequence, .tokens = tokens, .prompt = true});
      budget -= tokens;
    }
  }
}

std::size_t Scheduler::take_spare(Sequence& sequence, std::size_t tokens) {
  const std::size_t held = sequence.tokens.size();
  const auto room = [&] { return sequence.pages.size() * model::kPageTokens - held; };
  while (room() < tokens) {
    const auto page = pool_.take();
    if (!page) return room();
    sequence.pages.push_back(*page);
  }
  return tokens;
}

void Scheduler::admit() {
  while (!waiting_.empty() && running_.size() < options_.batch_sequences_max) {
    // One page beyond the tokens there are: a sequence that could not take its next token would be
    // parked at once.
    const std::size_t needed = PagePool::pages_for(waiting_.front()->tokens.size() + 1);
    if (!running_.empty() && needed > pool_.free()) return;
    const auto place =
        std::upper_bound(running_.begin(), running_.end(), waiting_.front(), arrived_before);
    const auto admitted = running_.insert(place, std::move(waiting_.front()));
    waiting_.pop_front();
    adopt_pages(**admitted);
  }
}

bool Scheduler::take_pages(Sequence& sequence, std::size_t tokens) {
  const std::size_t needed = PagePool::pages_for(sequence.computed + tokens);
  while (sequence.pages.size() < needed) {
    if (const auto page = pool_.take()) {
      sequence.pages.push_back(*page);
    } else if (!park_youngest(sequence)) {
      return false;
    }
  }
  return true;
}

// Parks the youngest running sequence that arrived after `for_whom` and is not in this step's plan.
bool Scheduler::park_youngest(const Sequence& for_whom) {
  for (std::size_t i = running_.size(); i > 0; --i) {
    const std::unique_ptr<Sequence>& victim = running_[i - 1];
    if (victim->arrival <= for_whom.arrival) return false;
    if (scheduled(*victim) || victim->pages.empty()) continue;
    pool_.give_back(victim->pages);
    victim->computed = 0;
    victim->reused = 0;
    victim->remembered = 0;
    victim->draft_read = 0;
    victim->draft_kept = 0;
    std::unique_ptr<Sequence> parked = std::move(running_[i - 1]);
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i - 1));
    add(std::move(parked));
    return true;
  }
  return false;
}

bool Scheduler::scheduled(const Sequence& sequence) const {
  return std::any_of(plan_.begin(), plan_.end(), [&sequence](const ScheduledSequence& entry) {
    return entry.sequence == &sequence;
  });
}

// Whether another sequence is reading this one's prompt; where none is any more, takes over what
// has been read.
bool Scheduler::waits_for_prompt(Sequence& sequence) {
  const std::size_t pages = (sequence.request.prompt.size() - 1) / model::kPageTokens;
  if (sequence.request.prompt_group == 0 || sequence.computed > 0 || pages == 0) return false;
  for (const std::unique_ptr<Sequence>& other : running_) {
    if (other.get() == &sequence) break;  // those behind it wait for it
    if (other->request.prompt_group != sequence.request.prompt_group) continue;
    if (other->computed < pages * model::kPageTokens && !other->paused()) return true;
  }
  adopt_pages(sequence);
  return false;
}

// Takes over the pages of the tokens that it begins with, as far as the pool knows them; not that
// of its last token, whose logits it needs.
void Scheduler::adopt_pages(Sequence& sequence) {
  if (!options_.prefix_cache || sequence.computed > 0) return;
  pool_.give_back(sequence.pages);
  const std::size_t pages = (sequence.tokens.size() - 1) / model::kPageTokens;
  while (sequence.pages.size() < pages) {
    const auto page = pool_.find(sequence.key_of(sequence.pages.size()));
    if (!page) break;
    sequence.pages.push_back(*page);
  }
  sequence.computed = sequence.pages.size() * model::kPageTokens;
  sequence.reused = sequence.computed;
  sequence.remembered = sequence.pages.size();
  if (sequence.output_tokens() == 0) {
    sequence.channel->cached_tokens = static_cast<std::int64_t>(sequence.computed);
  }
}

void Scheduler::advance(Sequence& sequence, std::size_t tokens) {
  sequence.computed += tokens;
  if (!options_.prefix_cache) return;
  for (; sequence.remembered < sequence.computed / model::kPageTokens; ++sequence.remembered) {
    pool_.remember(sequence.pages[sequence.remembered], sequence.key_of(sequence.remembered));
  }
}

std::unique_ptr<Sequence> Scheduler::remove(Sequence* sequence) {
  const auto is_it = [sequence](const std::unique_ptr<Sequence>& entry) {
    return entry.get() == sequence;
  };
  std::unique_ptr<Sequence> removed;
  if (const auto it = std::find_if(running_.begin(), running_.end(), is_it); it != running_.end()) {
    removed = std::move(*it);
    running_.erase(it);
  } else if (const auto at = std::find_if(waiting_.begin(), waiting_.end(), is_it);
             at != waiting_.end()) {
    removed = std::move(*at);
    waiting_.erase(at);
  }
  if (removed) pool_.give_back(removed->pages);
  return removed;
}

std::vector<std::unique_ptr<Sequence>> Scheduler::remove_if(bool (*wanted)(const Sequence&)) {
  std::vector<Sequence*> found;
  for (const auto& sequence : running_) {
    if (wanted(*sequence)) found.push_back(sequence.get());
  }
  for (const auto& sequence : waiting_) {
    if (wanted(*sequence)) found.push_back(sequence.get());
  }
  std::vector<std::unique_ptr<Sequence>> removed;
  removed.reserve(found.size());
  for (Sequence* sequence : found) removed.push_back(remove(sequence));
  return removed;
}

}  // namespace retort::engine
