// See decoder.h.
//
// forward() reads from top to bottom: embed, then for each layer attention and feed-forward, then
// the logits. The last layer's work after its keys and values are stored is done only for the rows
// whose logits are wanted.
#include "model/decoder.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tensor/rope.h"

namespace retort::model {
namespace {

using arch::Activation;
using arch::LayerRope;

// Floats below which a region of simple row work is not worth waking the pool for.
constexpr std::size_t kAloneBelow = 16'384;

// Rows to give a thread at least, when each row is `floats` floats of work.
std::size_t row_grain(std::size_t floats) noexcept {
  return std::max<std::size_t>(1, kAloneBelow / std::max<std::size_t>(1, floats));
}

}  // namespace

Decoder::Decoder(ModelConfig config, Weights weights, const tensor::Kernels& kernels,
                 const LoadOptions& options)
    : config_(std::move(config)),
      weights_(std::move(weights)),
      kernels_(kernels),
      step_tokens_max_(options.step_tokens_max),
      turns_(options.turns),
      width_(static_cast<std::size_t>(config_.width)),
      heads_(static_cast<std::size_t>(config_.heads)),
      kv_heads_(static_cast<std::size_t>(config_.kv_heads)),
      head_dim_(static_cast<std::size_t>(config_.head_dim)),
      pairs_(static_cast<std::size_t>(config_.rope.dims / 2)) {
  const auto add_rope = [this](const tensor::RopeConfig& rope) {
    ropes_.push_back({tensor::rope_frequencies(rope), static_cast<float>(rope.attention_factor)});
  };
  add_rope(config_.rope);
  if (config_.local_rope) add_rope(*config_.local_rope);
}

Result<void> Decoder::forward(const Batch& batch, KvCache& kv, tensor::ThreadPool& pool,
                              std::span<float> logits) {
  if (auto ok = check_batch(batch, config_, kv.pages(), step_tokens_max_); !ok) return ok;
  const auto vocabulary = static_cast<std::size_t>(config_.vocab_size);
  if (logits.size() != batch.logit_rows() * vocabulary) {
    return Error(ErrorKind::internal, "batch: logits of the wrong size");
  }
  const Turn turn = begin_turn(turns_);
  auto threads = pool.begin_step();
  if (auto ok = reserve(batch.tokens(), pool.threads()); !ok) return ok;
  Step step{threads, kv, plan_rows(batch), {}};
  if (step.rows.empty()) return {};
  step.items = plan_attention(step.rows, kv_heads_);
  embed(step);
  for (std::size_t i = 0; i < weights_.layers.size(); ++i) {
    const LayerWeights& layer = weights_.layers[i];
    prepare(step, layer.attention_norm);
    project(step, layer);
    store(step, i);
    if (i + 1 == weights_.layers.size()) keep_logit_rows(step);
    if (step.rows.empty()) return {};
    attend(step, i);
    add_attention(step, layer);
    add_feed_forward(step, layer);
  }
  prepare(step, weights_.output_norm);
  const tensor::Matrix& output = config_.tied_output ? weights_.embedding : weights_.output;
  const tensor::Product product{&output, nullptr, logits.data()};
  multiply(kernels_, step.threads, work_.activations, {&product, 1});
  finish_logits(step, logits);
  return {};
}

// The workspace grows to the largest step so far, in powers of two.
Result<void> Decoder::reserve(std::size_t tokens, int threads) {
  if (tokens <= work_.tokens && threads <= work_.threads) return {};
  std::size_t room = 32;
  while (room < tokens) room *= 2;
  room = std::max(room, work_.tokens);
  auto work = Workspace::make(config_, room, std::max(threads, work_.threads));
  if (!work) return std::move(work).error();
  work_ = std::move(*work);
  return {};
}

// Each row's embedding, and its rotary angles.
void Decoder::embed(Step& step) {
  const auto scale = static_cast<float>(config_.embedding_scale);
  step.threads.split(step.rows.size(), row_grain(width_), [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      float* x = work_.x + row * width_;
      weights_.embedding.read_row(static_cast<std::size_t>(step.rows[row].token), x);
      for (std::size_t i = 0; i < width_; ++i) x[i] *= scale;
      for (std::size_t i = 0; i < ropes_.size(); ++i) {
        const std::size_t at = (row * ropes_.size() + i) * pairs_;
        tensor::rope_angles(ropes_[i].frequencies, step.rows[row].position, ropes_[i].factor,
                            work_.cosines + at, work_.sines + at);
      }
    }
  });
}

void Decoder::prepare(Step& step, const std::vector<float>& weight) {
  if (!weight.empty()) normalize(step, weight, work_.x, work_.normed);
  work_.activations.set(weight.empty() ? work_.x : work_.normed, step.rows.size(), width_);
}

void Decoder::normalize(Step& step, const std::vector<float>& weight, const float* from,
                        float* to) {
  const auto epsilon = static_cast<float>(config_.norm_epsilon);
  step.threads.split(step.rows.size(), row_grain(width_), [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      kernels_.rms_norm(from + row * width_, weight.data(), to + row * width_, width_, epsilon);
    }
  });
}

void Decoder::project(Step& step, const LayerWeights& layer) {
  const std::array<tensor::Product, 3> products = {
      {{&layer.query.matrix, layer.query.bias_data(), work_.query},
       {&layer.key.matrix, layer.key.bias_data(), work_.key},
       {&layer.value.matrix, layer.value.bias_data(), work_.value}}};
  multiply(kernels_, step.threads, work_.activations, products);
}

// Normalizes queries and keys, turns them by their positions and writes keys and values into the
// pages.
void Decoder::store(Step& step, std::size_t layer) {
  const std::size_t floats = (heads_ + 2 * kv_heads_) * head_dim_;
  step.threads.split(step.rows.size(), row_grain(floats), [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) store_row(step, layer, row);
  });
}

void Decoder::store_row(Step& step, std::size_t layer, std::size_t row) {
  const std::size_t kv = kv_heads_ * head_dim_;
  float* query = work_.query + row * heads_ * head_dim_;
  float* key = work_.key + row * kv;
  float* value = work_.value + row * kv;
  normalize_heads(weights_.layers[layer].query_norm, query, heads_ * head_dim_);
  normalize_heads(weights_.layers[layer].key_norm, key, kv);
  const LayerRope rope = config_.layer_configs[layer].rope;
  if (rope != LayerRope::none) {
    const std::size_t at = (row * ropes_.size() + (rope == LayerRope::local ? 1 : 0)) * pairs_;
    const auto style = config_.rope.style;
    apply_rope(style, pairs_, work_.cosines + at, work_.sines + at, query, heads_, head_dim_);
    apply_rope(style, pairs_, work_.cosines + at, work_.sines + at, key, kv_heads_, head_dim_);
  }
  const auto position = static_cast<std::size_t>(step.rows[row].position);
  KvCache::Place place{.page = step.rows[row].pages[position / kPageTokens],
                       .layer = layer,
                       .kv_head = 0,
                       .slot = position % kPageTokens};
  auto* scratch = reinterpret_cast<std::byte*>(work_.halves + row * kv);
  for (; place.kv_head < kv_heads_; ++place.kv_head) {
    const std::size_t at = place.kv_head * head_dim_;
    step.kv.write(kernels_, place, key + at, value + at, scratch);
  }
}

// RMSNorm over as many elements at a time as there are weights: a head, or all of them.
void Decoder::normalize_heads(const std::vector<float>& weight, float* x, std::size_t count) {
  if (weight.empty()) return;
  const auto epsilon = static_cast<float>(config_.norm_epsilon);
  for (std::size_t at = 0; at < count; at += weight.size()) {
    kernels_.rms_norm(x + at, weight.data(), x + at, weight.size(), epsilon);
  }
}

// Drops the rows whose logits nobody wants, once their keys and values are stored.
void Decoder::keep_logit_rows(Step& step) {
  std::size_t kept = 0;
  const std::size_t q = heads_ * head_dim_;
  for (std::size_t row = 0; row < step.rows.size(); ++row) {
    if (!step.rows[row].logits) continue;
    if (kept != row) {
      std::copy_n(work_.x + row * width_, width_, work_.x + kept * width_);
      std::copy_n(work_.query + row * q, q, work_.query + kept * q);
      step.rows[kept] = step.rows[row];
    }
    ++kept;
  }
  step.rows.resize(kept);
  step.items = plan_attention(step.rows, kv_heads_);
}

void Decoder::attend(Step& step, std::size_t layer) {
  std::size_t work = 0;  // multiply-adds
  for (const AttentionItem& item : step.items) {
    const auto positions = static_cast<std::size_t>(step.rows[item.row].position) + item.tokens;
    work += positions * item.tokens * (heads_ / kv_heads_) * head_dim_ * 2;
  }
  if (work < 2 * kAloneBelow) {
    for (const AttentionItem& item : step.items) attend_item(step, layer, item, work_.scratch);
    return;
  }
  // Later items see more positions, so each part takes every n-th.
  step.threads.run(
      step.threads.threads() * tensor::ThreadPool::kPartsPerThread, [&](int part, int parts) {
        float* scratch = work_.scratch + static_cast<std::size_t>(part) * work_.scratch_floats;
        for (std::size_t i = static_cast<std::size_t>(part); i < step.items.size();
             i += static_cast<std::size_t>(parts)) {
          attend_item(step, layer, step.items[i], scratch);
        }
      });
}

void Decoder::attend_item(Step& step, std::size_t layer, const AttentionItem& item,
                          float* scratch) {
  const Row& first = step.rows[item.row];
  const std::size_t q = heads_ * head_dim_;
  tensor::AttentionSlice slice;
  slice.group = heads_ / kv_heads_;
  const std::size_t at = item.row * q + item.kv_head * slice.group * head_dim_;
  slice.q = work_.query + at;
  slice.q_stride = q;
  slice.out = work_.attended + at;
  slice.out_stride = q;
  slice.tokens = item.tokens;
  slice.head_dim = head_dim_;
  slice.first_position = static_cast<std::size_t>(first.position);
  slice.window = static_cast<std::size_t>(config_.layer_configs[layer].window);
  slice.scale = static_cast<float>(config_.attention_scale);
  slice.cap = static_cast<float>(config_.attention_cap);
  slice.kv = step.kv.keys(0, layer, item.kv_head);
  slice.page_stride = step.kv.page_stride();
  slice.values_offset = step.kv.values_offset();
  slice.pages = first.pages;
  slice.scratch = scratch;
  const KvType type = step.kv.type();
  (type == KvType::q8_0  ? kernels_.attention_q8
   : type == KvType::f16 ? kernels_.attention_f16
                         : kernels_.attention_f32)(slice);
}

void Decoder::add_attention(Step& step, const LayerWeights& layer) {
  work_.activations.set(work_.attended, step.rows.size(), heads_ * head_dim_);
  const Linear& output = layer.attention_output;
  const tensor::Product product{&output.matrix, output.bias_data(), work_.added};
  multiply(kernels_, step.threads, work_.activations, {&product, 1});
  add_to_residual(step, layer.attention_after_norm);
}

void Decoder::add_feed_forward(Step& step, const LayerWeights& layer) {
  prepare(step, layer.ffn_norm);
  if (layer.experts.empty()) {
    compute_feed_forward(step, layer.ffn, step.rows.size(), work_.added);
  } else {
    mix_experts(step, layer);
  }
  add_to_residual(step, layer.ffn_after_norm);
}

// What `ffn` makes of the first `rows` activations, to `out` [rows, width].
void Decoder::compute_feed_forward(Step& step, const FeedForward& ffn, std::size_t rows,
                                   float* out) {
  const std::size_t inside = ffn.gate.matrix.rows();
  const std::array<tensor::Product, 2> inner = {
      {{&ffn.gate.matrix, ffn.gate.bias_data(), work_.gate},
       {&ffn.up.matrix, ffn.up.bias_data(), work_.up}}};
  multiply(kernels_, step.threads, work_.activations, inner);
  const bool silu = config_.activation == Activation::silu;
  const auto activate = silu ? kernels_.silu_mul : kernels_.gelu_mul;
  step.threads.split(rows, row_grain(4 * inside), [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      float* gate = work_.gate + row * inside;
      activate(gate, work_.up + row * inside, gate, inside);
    }
  });
  work_.activations.set(work_.gate, rows, inside);
  const tensor::Product outer{&ffn.down.matrix, ffn.down.bias_data(), out};
  multiply(kernels_, step.threads, work_.activations, {&outer, 1});
}

void Decoder::add_to_residual(Step& step, const std::vector<float>& after_norm) {
  if (!after_norm.empty()) normalize(step, after_norm, work_.added, work_.added);
  const auto scale = static_cast<float>(config_.residual_scale);
  step.threads.split(step.rows.size(), row_grain(width_), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin * width_; i < end * width_; ++i) {
      work_.x[i] += work_.added[i] * scale;
    }
  });
}

// What some families do to the logits last.
void Decoder::finish_logits(Step& step, std::span<float> logits) {
  const auto divisor = static_cast<float>(config_.logit_divisor);
  const auto cap = static_cast<float>(config_.logit_cap);
  if (divisor == 1 && cap == 0) return;
  const auto vocabulary = static_cast<std::size_t>(config_.vocab_size);
  step.threads.split(
      step.rows.size(), row_grain(4 * vocabulary), [&](std::size_t begin, std::size_t end) {
        const auto mine = logits.subspan(begin * vocabulary, (end - begin) * vocabulary);
        for (float& logit : mine) logit /= divisor;
        if (cap > 0) kernels_.soft_cap(mine.data(), mine.size(), cap);
      });
}

}  // namespace retort::model
