// See step_plan.h.
#include "model/step_plan.h"

#include <string>

namespace retort::model {
namespace {

constexpr std::int64_t kPositionMax = std::int64_t{1} << 31;

Error broken(std::size_t sequence, const std::string& what) {
  return Error(ErrorKind::internal, "batch: sequence " + std::to_string(sequence) + " " + what);
}

Result<void> check_sequence(const BatchSequence& sequence, std::size_t index,
                            const ModelConfig& config, std::size_t kv_pages) {
  if (sequence.tokens.empty()) return broken(index, "has no tokens");
  const auto count = static_cast<std::int64_t>(sequence.tokens.size());
  if (sequence.position < 0 || sequence.position > kPositionMax - count) {
    return broken(index, "is at the impossible position " + std::to_string(sequence.position));
  }
  const auto positions = static_cast<std::size_t>(sequence.position + count);
  if (sequence.pages.size() < (positions + kPageTokens - 1) / kPageTokens) {
    return broken(index, "has pages for fewer than " + std::to_string(positions) + " positions");
  }
  for (const PageId page : sequence.pages) {
    if (page >= kv_pages) return broken(index, "has page " + std::to_string(page) + " of none");
  }
  for (const TokenId token : sequence.tokens) {
    if (token < 0 || token >= config.vocab_size) {
      return broken(index, "has token " + std::to_string(token) + " outside the vocabulary");
    }
  }
  return {};
}

}  // namespace

Result<void> check_batch(const Batch& batch, const ModelConfig& config, std::size_t kv_pages,
                         std::size_t tokens_max) {
  if (batch.tokens() > tokens_max) {
    return Error(ErrorKind::internal, "batch: " + std::to_string(batch.tokens()) +
                                          " tokens are more than a step may hold (" +
                                          std::to_string(tokens_max) + ")");
  }
  for (std::size_t i = 0; i < batch.sequences.size(); ++i) {
    if (auto done = check_sequence(batch.sequences[i], i, config, kv_pages); !done) return done;
  }
  return {};
}

std::vector<Row> plan_rows(const Batch& batch) {
  std::vector<Row> rows;
  rows.reserve(batch.tokens());
  for (const BatchSequence& sequence : batch.sequences) {
    std::int64_t position = sequence.position;
    for (const TokenId token : sequence.tokens) {
      rows.push_back({token, position++, sequence.pages.data(),
                      sequence.logits == BatchSequence::Logits::all});
    }
    if (sequence.logits == BatchSequence::Logits::last) rows.back().logits = true;
  }
  return rows;
}

std::vector<AttentionItem> plan_attention(const std::vector<Row>& rows, std::size_t kv_heads) {
  std::vector<AttentionItem> items;
  std::size_t first = 0;
  while (first < rows.size()) {
    std::size_t end = first + 1;
    while (end < rows.size() && end - first < kItemTokens && rows[end].pages == rows[first].pages &&
           rows[end].position == rows[end - 1].position + 1) {
      ++end;
    }
    for (std::size_t head = 0; head < kv_heads; ++head) items.push_back({first, end - first, head});
    first = end;
  }
  return items;
}

}  // namespace retort::model
