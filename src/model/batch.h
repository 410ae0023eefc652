// Batch: what one step of the engine computes, as token ids and KV pages of several sequences.
//
// A step may hold decoding sequences (one new token each) and pieces of prompts (many) side by
// side. What is computed for a sequence does not depend on what stands beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/kv_cache.h"

namespace retort::model {

using TokenId = std::int32_t;

// One sequence's share of a step.
struct BatchSequence {
  enum class Logits : std::uint8_t { none, last, all };

  std::span<const TokenId> tokens;  // the new tokens, at least one
  std::int64_t position = 0;        // of tokens[0]; earlier positions are in the KV pages already
  // Page i holds positions [i * kPageTokens, (i + 1) * kPageTokens); together they cover
  // position + tokens.size(). Pages that are written to belong to this sequence alone.
  std::span<const PageId> pages;
  Logits logits = Logits::last;  // of which of the new tokens logits are wanted
};

struct Batch {
  std::vector<BatchSequence> sequences;

  // New tokens of all sequences.
  std::size_t tokens() const noexcept;
  // Rows of logits that the step produces, in batch order.
  std::size_t logit_rows() const noexcept;
};

}  // namespace retort::model
