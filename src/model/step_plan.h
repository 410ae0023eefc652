// StepPlan: a batch laid out as rows, one a new token, and the rows' attention as pieces of work.
//
// Rows stand in batch order. Attention is cut into items: a few consecutive tokens of one sequence
// for one KV head, so that a page that is loaded serves them all. The cut changes no result: what a
// row sees, and in which order, follows from its own position.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "arch/model_config.h"
#include "model/batch.h"

namespace retort::model {

struct Row {
  TokenId token = 0;
  std::int64_t position = 0;
  const PageId* pages = nullptr;  // of its sequence
  bool logits = false;
};

struct AttentionItem {
  std::size_t row = 0;     // the first
  std::size_t tokens = 0;  // rows, consecutive positions of one sequence
  std::size_t kv_head = 0;
};

// The most tokens of an item.
inline constexpr std::size_t kItemTokens = 8;

// The batch's rows; it must have passed check_batch.
std::vector<Row> plan_rows(const Batch& batch);

// Checks a batch against the rules of batch.h; errors (internal) name the sequence.
Result<void> check_batch(const Batch& batch, const ModelConfig& config, std::size_t kv_pages,
                         std::size_t tokens_max);

// Items for rows [0, rows.size()) and all KV heads.
std::vector<AttentionItem> plan_attention(const std::vector<Row>& rows, std::size_t kv_heads);

}  // namespace retort::model
