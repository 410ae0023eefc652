// A sequence: one prompt and what is generated after it, as the engine's thread sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/guess.h"
#include "engine/page_pool.h"
#include "engine/sampler.h"
#include "engine/token_stream.h"
#include "grammar/constraint.h"
#include "model/batch.h"

namespace retort::engine {

using model::PageId;

// What Engine::submit takes. Token ids lie below the vocabulary's size.
struct SequenceRequest {
  std::vector<TokenId> prompt;      // at least one token
  std::int64_t max_tokens = 0;      // at least 1; prompt + max_tokens fit the context
  std::int64_t min_tokens = 0;      // no end token before so many
  bool ignore_eos = false;          // no end token at all
  std::vector<TokenId> end_tokens;  // each ends the sequence
  SamplingParams sampling;
  // What holds the output to a grammar; with it, min_tokens is 0 and ignore_eos false.
  std::optional<grammar::Constraint> constraint;
  // The tokens in which the model would spell some bytes: for those that its grammar forces.
  // Thread- safe; unset: such bytes are sampled one token at a time.
  std::function<std::vector<TokenId>(std::string_view)> encode;
  // Requests of the same group have the same prompt, which one of them reads for all; 0: none.
  std::uint64_t prompt_group = 0;
  // Only requests with the same salt share what has been computed for a common beginning.
  std::string cache_salt;
};

struct Sequence {
  std::uint64_t arrival = 0;  // rising: the order of service
  SequenceRequest request;
  std::shared_ptr<TokenChannel> channel;

  std::vector<TokenId> tokens;  // prompt, then output
  std::size_t computed = 0;     // how many of them have their keys and values in `pages`
  std::size_t reused = 0;       // how many of those were taken over from others
  std::vector<PageId> pages;    // page i holds positions [i * kPageTokens, (i + 1) * kPageTokens)
  std::vector<PageKey> keys;    // keys[0] is the salt's, keys[i + 1] page i's; as far as needed
  std::size_t remembered = 0;   // pages that the pool knows by their keys
  std::size_t draft_read = 0;   // tokens that the draft model has read: DraftModel's
  std::size_t draft_kept = 0;   // pages full of them that it knows again
  TokenCounts counts;
  std::deque<TokenId> forced;  // tokens to take without a choice, before any other
  Guess guess;                 // what may come next
  std::vector<TokenId> draft;  // the part of it that this step computes behind `tokens`
  // masks[i] is that of the token behind `tokens` and i of the draft's, where one is wanted.
  std::vector<std::vector<std::uint64_t>> masks;

  // Whether the next token needs a mask.
  bool wants_mask() const {
    return forced.empty() && request.constraint && request.constraint->bound();
  }
  // Whether fill_masks() has something to do for the step at hand.
  bool wants_masks() const { return wants_mask() || (request.constraint && !draft.empty()); }
  // The masks of the next token and of those behind the draft's: what the constraint allows, end
  // tokens where it may end.
  void fill_masks();

  // Chooses the next token from its logits [vocab_size] and masks[row], makes it part of the
  // sequence together with those that its grammar lets nothing else follow, and adds them to
  // `taken`. The reason, where the sequence ends.
  std::optional<EndReason> choose(Sampler& sampler, std::span<float> logits, std::size_t row,
                                  std::vector<SampledToken>& taken);

  // The key of page `page`, which `tokens` fill.
  const PageKey& key_of(std::size_t page);

  std::size_t pending() const { return tokens.size() - computed; }
  // Whether it generates: its prompt has been read, and not so much has to be read again that it
  // counts as a prompt. Several tokens pend where a grammar left one way to go on.
  bool decoding() const {
    constexpr std::size_t kRunMax = 64;
    return pending() == 1 || (computed >= request.prompt.size() && pending() <= kRunMax);
  }
  std::size_t output_tokens() const { return tokens.size() - request.prompt.size(); }
  bool cancelled() const { return channel->cancelled.load(std::memory_order_relaxed); }
  // Whether its reader is so far behind that it must not run.
  bool paused() const { return channel->events.full(); }

 private:
  std::optional<EndReason> take(SampledToken token, std::vector<SampledToken>& taken);
  std::optional<EndReason> take_forced(std::vector<SampledToken>& taken);
};

}  // namespace retort::engine
