// Which sequences run in the next step, and how many of their tokens.
//
// Iteration-level scheduling (Orca, OSDI 2022) with chunked prefill: each step has a token budget;
// every running sequence that is decoding gets its tokens first, oldest first, then prompts are
// read in chunks with what is left. Beside decoding sequences a long prompt gets no more than the
// pace allows, so it slows nobody's tokens by more than that; what a turn of a chat adds is read at
// once. Where the KV pages run out, the youngest sequence is parked: its pages go, its tokens stay,
// and it is read again later. Since results do not depend on batch or chunks (promise 2), parking
// changes no output.
//
// A sequence that begins as another did takes over the pages that are still there (PagePool).
// Sequences of one prompt group (the choices of a request) read their prompt once: the first reads
// it, the others wait for its pages.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "engine/page_pool.h"
#include "engine/sequence.h"

namespace retort::engine {

struct SchedulerOptions {
  std::size_t batch_sequences_max = 32;  // sequences that run at once
  std::size_t step_tokens_max = 512;     // tokens in one step
  bool prefix_cache = true;              // keep what was computed for those who begin the same
};

struct ScheduledSequence {
  Sequence* sequence = nullptr;
  std::size_t tokens = 0;  // how many of sequence->tokens, from sequence->computed on
  bool prompt = false;     // of its prompt, or of what is read again
};

// How many tokens of long prompts may be read in a step beside so many rows of decoding sequences.
using PromptPaceFunction = std::function<std::size_t(std::size_t rows)>;

// Not thread-safe: the engine's thread owns it.
class Scheduler {
 public:
  Scheduler(SchedulerOptions options, std::size_t pages);

  void add(std::unique_ptr<Sequence> sequence);

  // The next step's work, with pages taken for it; empty where nothing can run now. Sequences stay
  // where they are until remove(). Without `pace`, prompts get all that is left of the budget.
  std::vector<ScheduledSequence> plan(const PromptPaceFunction& pace = {});

  // Takes pages for up to `tokens` tokens behind all that `sequence` has, as far as there are free
  // ones; nobody is parked for it. Returns for how many there is room now.
  std::size_t take_spare(Sequence& sequence, std::size_t tokens);

  // `sequence` has `tokens` more of its tokens computed.
  void advance(Sequence& sequence, std::size_t tokens);

  // Takes out a sequence, running or waiting, and frees its pages.
  std::unique_ptr<Sequence> remove(Sequence* sequence);

  // All sequences that `wanted` names, out of the scheduler, e.g. the cancelled ones.
  std::vector<std::unique_ptr<Sequence>> remove_if(bool (*wanted)(const Sequence&));

  std::size_t running() const noexcept { return running_.size(); }
  std::size_t waiting() const noexcept { return waiting_.size(); }
  const PagePool& pages() const noexcept { return pool_; }

 private:
  void admit();
  bool take_pages(Sequence& sequence, std::size_t tokens);
  bool park_youngest(const Sequence& for_whom);
  bool scheduled(const Sequence& sequence) const;
  bool waits_for_prompt(Sequence& sequence);
  void adopt_pages(Sequence& sequence);
  void plan_decoding(std::size_t& budget);
  void plan_prompts(std::size_t budget, std::size_t long_budget);

  SchedulerOptions options_;
  PagePool pool_;
  std::vector<std::unique_ptr<Sequence>> running_;  // by arrival
  std::deque<std::unique_ptr<Sequence>> waiting_;   // by arrival
  std::vector<ScheduledSequence> plan_;
};

}  // namespace retort::engine
