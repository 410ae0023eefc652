// See workspace.h.
#include "model/workspace.h"

#include <algorithm>
#include <array>
#include <utility>

#include "model/step_plan.h"
#include "tensor/kernels.h"
#include "tensor/thread_pool.h"

namespace retort::model {
namespace {

// Parts begin at whole cache lines.
constexpr std::size_t padded(std::size_t floats) {
  return (floats + 15) / 16 * 16;
}

}  // namespace

Result<Workspace> Workspace::make(const arch::ModelConfig& config, std::size_t tokens,
                                  int threads) {
  Workspace work;
  work.tokens = tokens;
  work.threads = threads;
  const auto width = static_cast<std::size_t>(config.width);
  const arch::ExpertConfig& experts = config.experts;
  const auto inside = static_cast<std::size_t>(std::max(config.ffn_width, experts.width));
  const auto expert_count = static_cast<std::size_t>(experts.count);
  const std::size_t expert_floats = expert_count > 0 ? tokens * width : 0;
  const auto head_dim = static_cast<std::size_t>(config.head_dim);
  const auto group = static_cast<std::size_t>(config.heads / config.kv_heads);
  const std::size_t q = static_cast<std::size_t>(config.heads) * head_dim;
  const std::size_t kv = static_cast<std::size_t>(config.kv_heads) * head_dim;
  const std::size_t angles =
      static_cast<std::size_t>(config.rope.dims / 2) * (config.local_rope ? 2 : 1);
  work.scratch_floats = padded(tensor::attention_scratch(head_dim, kItemTokens * group));
  const std::size_t scratches =
      static_cast<std::size_t>(threads) * tensor::ThreadPool::kPartsPerThread;
  const std::array<std::pair<float**, std::size_t>, 16> parts = {
      {{&work.x, tokens * width},
       {&work.normed, tokens * width},
       {&work.added, tokens * width},
       {&work.query, tokens * q},
       {&work.key, tokens * kv},
       {&work.value, tokens * kv},
       {&work.attended, tokens * q},
       {&work.gate, tokens * inside},
       {&work.up, tokens * inside},
       {&work.cosines, tokens * angles},
       {&work.sines, tokens * angles},
       {&work.halves, tokens * kv},
       {&work.routed, tokens * expert_count},
       {&work.gathered, expert_floats},
       {&work.expert_out, expert_floats},
       {&work.scratch, scratches * work.scratch_floats}}};
  std::size_t floats = 0;
  for (const auto& [pointer, count] : parts) floats += padded(count);
  auto memory = tensor::Buffer::make(floats * sizeof(float));
  if (!memory) return std::move(memory).error();
  work.memory = std::move(*memory);
  float* next = work.memory.as<float>();
  for (const auto& [pointer, count] : parts) {
    *pointer = next;
    next += padded(count);
  }
  const std::size_t cols_max = std::max({width, q, inside});
  if (auto done = work.activations.reserve(tokens, cols_max); !done) {
    return std::move(done).error();
  }
  return work;
}

}  // namespace retort::model
