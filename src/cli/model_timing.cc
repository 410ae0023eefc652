#include "cli/model_timing.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <utility>

#include "engine/page_pool.h"
#include "engine/random.h"

namespace retort::cli {
namespace {

using model::TokenId;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kChunkTokens = 512;  // the engine's step

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

std::vector<TokenId> random_tokens(std::size_t count, std::int64_t vocab_size) {
  std::vector<TokenId> tokens(count);
  for (std::size_t i = 0; i < count; ++i) {
    tokens[i] =
        static_cast<TokenId>(engine::uniform_draw(1, 0, i) * static_cast<double>(vocab_size));
  }
  return tokens;
}

}  // namespace

Result<ModelTiming> ModelTiming::make(model::Model& model, tensor::ThreadPool& pool,
                                      std::size_t batch_max, std::size_t tokens_max,
                                      model::KvType kv_type) {
  const std::size_t pages_each = engine::PagePool::pages_for(tokens_max);
  Result<model::KvCache> cache =
      model::KvCache::make(model.config(), batch_max * pages_each, kv_type);
  if (!cache) return std::move(cache).error();
  return ModelTiming(model, pool, std::move(*cache), pages_each);
}

std::vector<model::PageId> ModelTiming::pages_of(std::size_t sequence) const {
  std::vector<model::PageId> pages(pages_each_);
  for (std::size_t i = 0; i < pages_each_; ++i) {
    pages[i] = static_cast<model::PageId>(sequence * pages_each_ + i);
  }
  return pages;
}

Result<void> ModelTiming::read_prompt(std::size_t sequence, std::size_t tokens) {
  const std::vector<TokenId> prompt = random_tokens(tokens, model_.config().vocab_size);
  const std::vector<model::PageId> pages = pages_of(sequence);
  const auto vocabulary = static_cast<std::size_t>(model_.config().vocab_size);
  for (std::size_t begin = 0; begin < tokens; begin += kChunkTokens) {
    const std::size_t count = std::min(kChunkTokens, tokens - begin);
    const bool last = begin + count == tokens;
    model::Batch batch;
    batch.sequences.push_back(
        {.tokens = std::span(prompt).subspan(begin, count),
         .position = static_cast<std::int64_t>(begin),
         .pages = pages,
         .logits = last ? model::BatchSequence::Logits::last : model::BatchSequence::Logits::none});
    logits_.resize(last ? vocabulary : 0);
    if (Result<void> done = model_.forward(batch, cache_, pool_, logits_); !done) return done;
  }
  return {};
}

Result<PrefillFigure> ModelTiming::prefill(std::size_t tokens) {
  std::array<double, 3> seconds{};
  for (double& each : seconds) {
    const Clock::time_point began = Clock::now();
    if (Result<void> read = read_prompt(0, tokens); !read) return std::move(read).error();
    each = seconds_since(began);
  }
  std::sort(seconds.begin(), seconds.end());
  const double per_token = 2 * matmul_weights(/*with_output=*/false);
  const double output = 2 * (matmul_weights(true) - matmul_weights(false));
  return PrefillFigure{
      .tokens = tokens,
      .tokens_per_s = static_cast<double>(tokens) / seconds[1],
      .operations_per_s = (per_token * static_cast<double>(tokens) + output) / seconds[1]};
}

Result<DecodeFigure> ModelTiming::decode(std::size_t batch_size, std::size_t prompt,
                                         std::size_t steps) {
  std::vector<std::vector<model::PageId>> pages;
  for (std::size_t i = 0; i < batch_size; ++i) {
    if (Result<void> read = read_prompt(i, prompt); !read) return std::move(read).error();
    pages.push_back(pages_of(i));
  }
  const auto vocabulary = static_cast<std::size_t>(model_.config().vocab_size);
  std::vector<TokenId> next(batch_size, 1);
  logits_.resize(batch_size * vocabulary);
  const Clock::time_point began = Clock::now();
  for (std::size_t step = 0; step < steps; ++step) {
    model::Batch batch;
    for (std::size_t i = 0; i < batch_size; ++i) {
      batch.sequences.push_back({.tokens = std::span(&next[i], 1),
                                 .position = static_cast<std::int64_t>(prompt + step),
                                 .pages = pages[i],
                                 .logits = model::BatchSequence::Logits::last});
    }
    if (Result<void> done = model_.forward(batch, cache_, pool_, logits_); !done) {
      return std::move(done).error();
    }
    for (std::size_t i = 0; i < batch_size; ++i) {
      const auto row = logits_.begin() + static_cast<std::ptrdiff_t>(i * vocabulary);
      const auto end = row + static_cast<std::ptrdiff_t>(vocabulary);
      next[i] = static_cast<TokenId>(std::max_element(row, end) - row);
    }
  }
  const double seconds = seconds_since(began);
  const double share =
      matmul_weights(true) /
      (matmul_weights(true) +
       (model_.config().tied_output
            ? 0
            : static_cast<double>(model_.config().vocab_size * model_.config().width)));
  const double weight_bytes = static_cast<double>(model_.weights_bytes()) * share;
  const double kv_bytes_each =
      static_cast<double>(model::KvCache::page_bytes(model_.config(), cache_.type())) /
      model::kPageTokens * (static_cast<double>(prompt) + static_cast<double>(steps) / 2);
  const auto count = static_cast<double>(batch_size);
  return DecodeFigure{
      .batch = batch_size,
      .tokens_per_s = count * static_cast<double>(steps) / seconds,
      .bytes_per_s = (weight_bytes + count * kv_bytes_each) * static_cast<double>(steps) / seconds};
}

// Weights that a token is multiplied by, with or without the output matrix.
double ModelTiming::matmul_weights(bool with_output) const {
  const model::ModelConfig& config = model_.config();
  const std::int64_t attention = config.width * config.head_dim * (config.heads * 2) +
                                 config.width * config.head_dim * (config.kv_heads * 2);
  const std::int64_t feed_forward = 3 * config.width * config.ffn_width;
  const std::int64_t output = with_output ? config.vocab_size * config.width : 0;
  return static_cast<double>(config.layers * (attention + feed_forward) + output);
}

}  // namespace retort::cli
