// See model_config.h.
#include "model/model_config.h"

#include <array>
#include <cmath>
#include <string_view>

namespace retort::model {
namespace {

struct Range {
  std::string_view name;
  std::int64_t value;
  std::int64_t low;
  std::int64_t high;  // several times what any known model has; keeps every product in 64 bits
};

Error wrong(const std::string& file, std::string_view what) {
  return Error(ErrorKind::malformed, file + ": " + std::string(what));
}

Result<void> validate_rope(const ModelConfig& c, const std::string& file) {
  const tensor::RopeConfig& rope = c.rope;
  if (rope.dims < 2 || rope.dims > c.head_dim || rope.dims % 2 != 0) {
    return wrong(file, "rotary dimensions of " + std::to_string(rope.dims) +
                           " do not fit a head of " + std::to_string(c.head_dim));
  }
  if (!(rope.base >= 1 && rope.base <= 1e15)) {
    return wrong(file, "a rotary base of " + std::to_string(rope.base) + " is out of range");
  }
  if (!(rope.factor > 0 && rope.factor <= 1e6)) {
    return wrong(file,
                 "a rotary scaling factor of " + std::to_string(rope.factor) + " is out of range");
  }
  const bool ordered = rope.low_frequency_factor > 0 &&
                       rope.high_frequency_factor > rope.low_frequency_factor &&
                       std::isfinite(rope.high_frequency_factor) && rope.original_context >= 1 &&
                       rope.original_context <= 1e9;
  if (rope.scaling == tensor::RopeScaling::llama3 && !ordered) {
    return wrong(file, "the llama3 rotary scaling's factors are out of range");
  }
  return {};
}

}  // namespace

Result<void> validate(const ModelConfig& c, const std::string& file) {
  const std::array<Range, 8> ranges = {{{"vocabulary size", c.vocab_size, 1, 1 << 24},
                                        {"context length", c.context, 1, 1 << 26},
                                        {"layer count", c.layers, 1, 1'024},
                                        {"width", c.width, 1, 1 << 17},
                                        {"feed-forward width", c.ffn_width, 1, 1 << 20},
                                        {"head count", c.heads, 1, 1'024},
                                        {"KV head count", c.kv_heads, 1, 1'024},
                                        {"head dimension", c.head_dim, 2, 1'024}}};
  for (const Range& range : ranges) {
    if (range.value >= range.low && range.value <= range.high) continue;
    return wrong(file, std::string(range.name) + " of " + std::to_string(range.value) +
                           " is not between " + std::to_string(range.low) + " and " +
                           std::to_string(range.high));
  }
  if (c.heads % c.kv_heads != 0) {
    return wrong(file, std::to_string(c.heads) + " heads cannot share " +
                           std::to_string(c.kv_heads) + " KV heads");
  }
  if (!(c.norm_epsilon > 0 && c.norm_epsilon < 1)) {
    return wrong(file, "a norm epsilon of " + std::to_string(c.norm_epsilon) + " is out of range");
  }
  return validate_rope(c, file);
}

}  // namespace retort::model
