// A sequence: one prompt and what is generated after it, as the engine's thread sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/sampler.h"
#include "engine/token_stream.h"
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
};

struct Sequence {
  std::uint64_t arrival = 0;  // rising: the order of service
  SequenceRequest request;
  std::shared_ptr<TokenChannel> channel;

  std::vector<TokenId> tokens;  // prompt, then output
  std::size_t computed = 0;     // how many of them have their keys and values in `pages`
  std::vector<PageId> pages;    // page i holds positions [i * kPageTokens, (i + 1) * kPageTokens)
  TokenCounts counts;

  std::size_t pending() const { return tokens.size() - computed; }
  std::size_t output_tokens() const { return tokens.size() - request.prompt.size(); }
  bool cancelled() const { return channel->cancelled.load(std::memory_order_relaxed); }
  // Whether its reader is so far behind that it must not run.
  bool paused() const { return channel->events.full(); }
};

}  // namespace retort::engine
