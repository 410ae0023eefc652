// See weights.h.
#include "model/weights.h"

#include <array>
#include <cmath>
#include <string>
#include <utility>

namespace retort::model {
namespace {

using arch::ExpertConfig;
using arch::QueryKeyNorm;

// Rows of a matrix that several share.
struct RowRange {
  std::int64_t first;
  std::int64_t count;
};

// Takes tensors one after another and keeps the first error, so that a layer is one list of lines.
// Matrices are listed in `pending`; their targets stay where they are.
class Taker {
 public:
  Taker(WeightSource& source, PendingMatrices& pending, double norm_offset)
      : source_(source), pending_(pending), norm_offset_(static_cast<float>(norm_offset)) {}

  bool has(const std::string& name) const { return source_.has(name); }

  void matrix(const std::string& name, std::int64_t rows, std::int64_t cols,
              tensor::Matrix& target) {
    if (error_) return;
    add(source_.matrix(name, rows, cols), target);
  }
  void norm(const std::string& name, std::int64_t count, std::vector<float>& target) {
    if (error_) return;
    keep(source_.vector(name + ".weight", count), target);
    for (float& weight : target) weight += norm_offset_;
  }
  // `name`.weight and, where it is there or has to be, `name`.bias.
  void linear(const std::string& name, std::int64_t rows, std::int64_t cols, bool bias_required,
              Linear& target) {
    matrix(name + ".weight", rows, cols, target.matrix);
    if (error_) return;
    keep(source_.bias(name + ".bias", rows, bias_required), target.bias);
  }
  // Some rows of `name`.weight, which has `stored_rows`, and of the bias that may be there.
  void part(const std::string& name, std::int64_t stored_rows, RowRange rows, std::int64_t cols,
            Linear& target) {
    if (error_) return;
    const std::vector<std::uint64_t> shape = {static_cast<std::uint64_t>(stored_rows),
                                              static_cast<std::uint64_t>(cols)};
    add(source_.matrix_rows(name + ".weight", shape, rows.first, rows.count), target.matrix);
    if (error_) return;
    keep(source_.bias(name + ".bias", stored_rows, false), target.bias);
    if (target.bias.empty()) return;
    const auto begin = target.bias.begin() + rows.first;
    target.bias = std::vector<float>(begin, begin + rows.count);
  }
  // One expert's [rows, cols] of `name`.weight, which has those of `experts`.
  void expert(const std::string& name, std::int64_t experts, std::int64_t index, std::int64_t rows,
              std::int64_t cols, tensor::Matrix& target) {
    if (error_) return;
    const std::vector<std::uint64_t> shape = {static_cast<std::uint64_t>(experts),
                                              static_cast<std::uint64_t>(rows),
                                              static_cast<std::uint64_t>(cols)};
    add(source_.matrix_rows(name + ".weight", shape, index * rows, rows), target);
  }
  std::optional<Error>& error() { return error_; }

 private:
  void add(Result<StoredMatrix> stored, tensor::Matrix& target) {
    if (stored) {
      pending_.add(*stored, target);
    } else {
      error_ = std::move(stored).error();
    }
  }
  template <typename T>
  void keep(Result<T> result, T& target) {
    if (result) {
      target = std::move(*result);
    } else {
      error_ = std::move(result).error();
    }
  }

  WeightSource& source_;
  PendingMatrices& pending_;
  float norm_offset_;
  std::optional<Error> error_;
};

void take_attention(const ModelConfig& c, const std::string& at, Taker& take, LayerWeights& layer) {
  const std::int64_t q = c.heads * c.head_dim;
  const std::int64_t kv = c.kv_heads * c.head_dim;
  if (take.has(at + "attn_qkv.weight")) {
    const std::string fused = at + "attn_qkv";
    take.part(fused, q + 2 * kv, {0, q}, c.width, layer.query);
    take.part(fused, q + 2 * kv, {q, kv}, c.width, layer.key);
    take.part(fused, q + 2 * kv, {q + kv, kv}, c.width, layer.value);
  } else {
    take.linear(at + "attn_q", q, c.width, c.qkv_bias, layer.query);
    take.linear(at + "attn_k", kv, c.width, c.qkv_bias, layer.key);
    take.linear(at + "attn_v", kv, c.width, c.qkv_bias, layer.value);
  }
  take.linear(at + "attn_output", c.width, q, c.output_bias, layer.attention_output);
  if (c.query_key_norm == QueryKeyNorm::none) return;
  const bool head = c.query_key_norm == QueryKeyNorm::head;
  take.norm(at + "attn_q_norm", head ? c.head_dim : q, layer.query_norm);
  take.norm(at + "attn_k_norm", head ? c.head_dim : kv, layer.key_norm);
}

void take_feed_forward(const ModelConfig& c, const std::string& at, Taker& take, FeedForward& ffn) {
  if (!take.has(at + "ffn_gate.weight") && take.has(at + "ffn_up.weight")) {
    take.part(at + "ffn_up", 2 * c.ffn_width, {0, c.ffn_width}, c.width, ffn.gate);
    take.part(at + "ffn_up", 2 * c.ffn_width, {c.ffn_width, c.ffn_width}, c.width, ffn.up);
  } else {
    take.linear(at + "ffn_gate", c.ffn_width, c.width, c.ffn_bias, ffn.gate);
    take.linear(at + "ffn_up", c.ffn_width, c.width, c.ffn_bias, ffn.up);
  }
  take.linear(at + "ffn_down", c.width, c.ffn_width, c.ffn_bias, ffn.down);
}

// The matrices of one expert: parts of one tensor for all experts, or tensors of their own (Hugging
// Face folders, and the GGUF files of the first months).
void take_expert(const ModelConfig& c, const std::string& at, std::int64_t index, Taker& take,
                 FeedForward& expert) {
  const ExpertConfig& e = c.experts;
  if (take.has(at + "ffn_gate_exps.weight")) {
    take.expert(at + "ffn_gate_exps", e.count, index, e.width, c.width, expert.gate.matrix);
    take.expert(at + "ffn_up_exps", e.count, index, e.width, c.width, expert.up.matrix);
    take.expert(at + "ffn_down_exps", e.count, index, c.width, e.width, expert.down.matrix);
    return;
  }
  const std::string number = "." + std::to_string(index) + ".weight";
  take.matrix(at + "ffn_gate" + number, e.width, c.width, expert.gate.matrix);
  take.matrix(at + "ffn_up" + number, e.width, c.width, expert.up.matrix);
  take.matrix(at + "ffn_down" + number, c.width, e.width, expert.down.matrix);
}

void take_experts(const ModelConfig& c, const std::string& at, Taker& take, LayerWeights& layer) {
  take.matrix(at + "ffn_gate_inp.weight", c.experts.count, c.width, layer.router);
  layer.experts.resize(static_cast<std::size_t>(c.experts.count));
  for (std::int64_t i = 0; i < c.experts.count && !take.error(); ++i) {
    take_expert(c, at, i, take, layer.experts[static_cast<std::size_t>(i)]);
  }
}

void take_layer(const ModelConfig& c, std::size_t index, Taker& take, LayerWeights& layer) {
  const std::string at = "blk." + std::to_string(index) + ".";
  if (c.norms_before) take.norm(at + "attn_norm", c.width, layer.attention_norm);
  take_attention(c, at, take, layer);
  if (c.norms_after) take.norm(at + "post_attention_norm", c.width, layer.attention_after_norm);
  if (c.norms_before) take.norm(at + "ffn_norm", c.width, layer.ffn_norm);
  if (c.layer_configs[index].experts) {
    take_experts(c, at, take, layer);
  } else {
    take_feed_forward(c, at, take, layer.ffn);
  }
  if (c.norms_after) take.norm(at + "post_ffw_norm", c.width, layer.ffn_after_norm);
}

// Rotary scaling as GGUF files have it: a divisor for each rotary frequency.
Result<void> take_rope_divisors(const std::string& name, std::int64_t pairs, WeightSource& source,
                                std::vector<float>& target) {
  if (!source.has(name)) return {};
  auto divisors = source.vector(name, pairs);
  if (!divisors) return std::move(divisors).error();
  for (const float divisor : *divisors) {
    if (divisor > 0 && std::isfinite(divisor)) continue;
    return Error(ErrorKind::malformed,
                 source.file() + ": tensor '" + name + "' holds a divisor that is not positive");
  }
  target = std::move(*divisors);
  return {};
}

Result<void> take_rope(ModelConfig& config, WeightSource& source) {
  tensor::RopeConfig& rope = config.rope;
  const std::int64_t pairs = rope.dims / 2;
  const std::array<std::pair<const char*, std::vector<float>*>, 3> all = {
      {{"rope_freqs.weight", &rope.frequency_divisors},
       {"rope_factors_short.weight", &rope.short_divisors},
       {"rope_factors_long.weight", &rope.long_divisors}}};
  for (const auto& [name, target] : all) {
    if (auto done = take_rope_divisors(name, pairs, source, *target); !done) return done;
  }
  return {};
}

}  // namespace

std::size_t FeedForward::bytes() const noexcept {
  return gate.matrix.bytes() + up.matrix.bytes() + down.matrix.bytes();
}

std::size_t Weights::bytes() const noexcept {
  std::size_t bytes = embedding.bytes() + output.bytes();
  for (const LayerWeights& layer : layers) {
    for (const Linear* linear : {&layer.query, &layer.key, &layer.value, &layer.attention_output}) {
      bytes += linear->matrix.bytes();
    }
    bytes += layer.ffn.bytes() + layer.router.bytes();
    for (const FeedForward& expert : layer.experts) bytes += expert.bytes();
  }
  return bytes;
}

Result<Weights> load_weights(ModelConfig& config, WeightSource& source,
                             const LoadOptions& options) {
  Weights weights;
  PendingMatrices pending;
  Taker take(source, pending, config.norm_offset);
  take.matrix("token_embd.weight", config.vocab_size, config.width, weights.embedding);
  weights.layers.resize(static_cast<std::size_t>(config.layers));
  for (std::size_t i = 0; i < weights.layers.size() && !take.error(); ++i) {
    take_layer(config, i, take, weights.layers[i]);
  }
  take.norm("output_norm", config.width, weights.output_norm);
  if (config.tied_output) {
    source.ignore("output.weight");  // transformers does not read it either
  } else {
    take.matrix("output.weight", config.vocab_size, config.width, weights.output);
  }
  if (take.error()) return std::move(*take.error());
  if (auto done = take_rope(config, source); !done) return std::move(done).error();
  if (auto done = source.check_all_taken(); !done) return std::move(done).error();
  if (auto done = pending.make(options); !done) return std::move(done).error();
  return weights;
}

}  // namespace retort::model
