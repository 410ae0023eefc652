// See weights.h.
#include "model/weights.h"

#include <cmath>
#include <string>
#include <utility>

namespace retort::model {
namespace {

// Takes tensors one after another and keeps the first error, so that a layer is one list of lines.
class Taker {
 public:
  explicit Taker(WeightSource& source) : source_(source) {}

  void matrix(const std::string& name, std::int64_t rows, std::int64_t cols,
              tensor::Matrix& target) {
    if (error_) return;
    keep(source_.matrix(name, rows, cols), target);
  }
  void vector(const std::string& name, std::int64_t count, std::vector<float>& target) {
    if (error_) return;
    keep(source_.vector(name, count), target);
  }
  // `name`.weight and, where it is there or has to be, `name`.bias.
  void linear(const std::string& name, std::int64_t rows, std::int64_t cols, bool bias_required,
              Linear& target) {
    matrix(name + ".weight", rows, cols, target.matrix);
    if (error_) return;
    keep(source_.bias(name + ".bias", rows, bias_required), target.bias);
  }
  std::optional<Error>& error() { return error_; }

 private:
  template <typename T>
  void keep(Result<T> result, T& target) {
    if (result) {
      target = std::move(*result);
    } else {
      error_ = std::move(result).error();
    }
  }

  WeightSource& source_;
  std::optional<Error> error_;
};

void take_layer(const ModelConfig& c, std::int64_t index, Taker& take, LayerWeights& layer) {
  const std::string at = "blk." + std::to_string(index) + ".";
  const std::int64_t q = c.heads * c.head_dim;
  const std::int64_t kv = c.kv_heads * c.head_dim;
  take.vector(at + "attn_norm.weight", c.width, layer.attention_norm);
  take.linear(at + "attn_q", q, c.width, c.attention_bias, layer.query);
  take.linear(at + "attn_k", kv, c.width, c.attention_bias, layer.key);
  take.linear(at + "attn_v", kv, c.width, c.attention_bias, layer.value);
  take.linear(at + "attn_output", c.width, q, c.attention_bias, layer.attention_output);
  take.vector(at + "ffn_norm.weight", c.width, layer.ffn_norm);
  take.linear(at + "ffn_gate", c.ffn_width, c.width, c.ffn_bias, layer.gate);
  take.linear(at + "ffn_up", c.ffn_width, c.width, c.ffn_bias, layer.up);
  take.linear(at + "ffn_down", c.width, c.ffn_width, c.ffn_bias, layer.down);
}

// The llama-3 scaling as GGUF files have it: a divisor for each rotary frequency.
Result<void> take_rope_divisors(ModelConfig& config, WeightSource& source) {
  if (!source.has("rope_freqs.weight")) return {};
  auto divisors = source.vector("rope_freqs.weight", config.rope.dims / 2);
  if (!divisors) return std::move(divisors).error();
  for (const float divisor : *divisors) {
    if (divisor > 0 && std::isfinite(divisor)) continue;
    return Error(
        ErrorKind::malformed,
        source.file() + ": tensor 'rope_freqs.weight' holds a divisor that is not positive");
  }
  config.rope.frequency_divisors = std::move(*divisors);
  return {};
}

}  // namespace

std::size_t Weights::bytes() const noexcept {
  std::size_t bytes = embedding.bytes() + output.bytes();
  for (const LayerWeights& layer : layers) {
    for (const Linear* linear : {&layer.query, &layer.key, &layer.value, &layer.attention_output,
                                 &layer.gate, &layer.up, &layer.down}) {
      bytes += linear->matrix.bytes();
    }
  }
  return bytes;
}

Result<Weights> load_weights(ModelConfig& config, WeightSource& source) {
  Weights weights;
  Taker take(source);
  take.matrix("token_embd.weight", config.vocab_size, config.width, weights.embedding);
  weights.layers.resize(static_cast<std::size_t>(config.layers));
  for (std::int64_t i = 0; i < config.layers && !take.error(); ++i) {
    take_layer(config, i, take, weights.layers[static_cast<std::size_t>(i)]);
  }
  take.vector("output_norm.weight", config.width, weights.output_norm);
  if (config.tied_output) {
    source.ignore("output.weight");  // transformers does not read it either
  } else {
    take.matrix("output.weight", config.vocab_size, config.width, weights.output);
  }
  if (take.error()) return std::move(*take.error());
  config.weight_type = weights.layers[0].query.matrix.type();
  if (auto done = take_rope_divisors(config, source); !done) return std::move(done).error();
  if (auto done = source.check_all_taken(); !done) return std::move(done).error();
  return weights;
}

}  // namespace retort::model
