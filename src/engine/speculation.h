// Speculation: several tokens of a sequence in one step, without changing any of them.
//
// A step's cost grows little with its rows while reading the weights is what takes the time. So a
// guess of the next tokens (where the sequence said the same before, or what a smaller model says)
// is computed behind the last token, and the sequence then chooses token by token from those rows
// as it would have without, each by its own random draw, mask and penalties. The first choice that
// is not the guess is still right, since the rows before it were; what was computed behind it is
// dropped. So answers are the same bytes (promise 2), and what is guessed may depend on anything:
// here on what steps cost and on how often guesses came true.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <retort/result.h>

#include "engine/draft_model.h"
#include "engine/scheduler.h"
#include "engine/sequence.h"
#include "engine/step_costs.h"
#include "tensor/thread_pool.h"

namespace retort::engine {

enum class SpeculationMode : std::uint8_t {
  off,
  lookup,     // from the sequence's own tokens
  automatic,  // and from a draft model, where there is one
};

struct SpeculationOptions {
  SpeculationMode mode = SpeculationMode::automatic;
  std::size_t draft_tokens_max = 15;  // of a sequence in a step
  bool always = false;                // draft all that is guessed, whatever it costs: for tests
};

// Not thread-safe: the engine's thread owns it.
class Speculation {
 public:
  // `costs` are those of steps that read no prompt; they, and `model` (null: none), outlive it.
  Speculation(SpeculationOptions options, const StepCosts& costs, DraftModel* model)
      : options_(options), costs_(costs), model_(model) {}

  // Fills Sequence::draft of the plan's sequences, taking pages for it: within max_tokens, within
  // what the readers have room for, and only where it makes tokens come faster. Steps that read
  // prompts get none. Fails where the draft model does; there are no drafts then.
  Result<void> draft(std::span<const ScheduledSequence> plan, Scheduler& scheduler,
                     tensor::ThreadPool& pool);

  // Ends the step for `sequence`, which was `known` tokens long before it. Returns how many of the
  // draft's tokens came true.
  std::size_t settle(Sequence& sequence, std::size_t known);

  // No draft model from now on.
  void drop_model() { model_ = nullptr; }

 private:
  // A sequence that could have a draft.
  struct Candidate {
    Sequence* sequence;
    std::size_t tokens_max;
    std::size_t tokens = 0;  // what it gets
  };

  std::size_t room(const Sequence& sequence) const;
  void guess(Sequence& sequence, std::size_t tokens_max);
  void share_out(std::vector<Candidate>& candidates, std::size_t rows, std::size_t sequences) const;
  Result<void> ask_model(std::vector<Candidate>& candidates, tensor::ThreadPool& pool);

  const SpeculationOptions options_;
  const StepCosts& costs_;
  DraftModel* model_;
};

}  // namespace retort::engine
