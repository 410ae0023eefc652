// See model_config.h.
#include "arch/model_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace retort::arch {
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

Result<void> validate_longrope(const tensor::RopeConfig& rope, const std::string& file) {
  if (rope.scaling != tensor::RopeScaling::longrope) return {};
  for (const auto* divisors : {&rope.short_divisors, &rope.long_divisors}) {
    if (divisors->size() != static_cast<std::size_t>(rope.dims / 2)) {
      return wrong(file, "the longrope scaling has " + std::to_string(divisors->size()) +
                             " factors where " + std::to_string(rope.dims / 2) + " are needed");
    }
    for (const float divisor : *divisors) {
      if (divisor > 0 && std::isfinite(divisor)) continue;
      return wrong(file, "the longrope scaling has a factor that is not positive");
    }
  }
  return {};
}

Result<void> validate_rope(const tensor::RopeConfig& rope, std::int64_t head_dim,
                           const std::string& file) {
  if (rope.dims < 2 || rope.dims > head_dim || rope.dims % 2 != 0) {
    return wrong(file, "rotary dimensions of " + std::to_string(rope.dims) +
                           " do not fit a head of " + std::to_string(head_dim));
  }
  if (!(rope.base > 1 && rope.base <= 1e15)) {
    return wrong(file, "a rotary base of " + std::to_string(rope.base) + " is out of range");
  }
  if (!(rope.factor > 0 && rope.factor <= 1e6)) {
    return wrong(file,
                 "a rotary scaling factor of " + std::to_string(rope.factor) + " is out of range");
  }
  if (!(rope.attention_factor > 0 && rope.attention_factor <= 1e3)) {
    return wrong(file, "a rotary attention factor of " + std::to_string(rope.attention_factor) +
                           " is out of range");
  }
  const bool original = rope.original_context >= 1 && rope.original_context <= 1e9;
  const bool ordered = rope.low_frequency_factor > 0 &&
                       rope.high_frequency_factor > rope.low_frequency_factor &&
                       std::isfinite(rope.high_frequency_factor);
  if (rope.scaling == tensor::RopeScaling::llama3 && !(ordered && original)) {
    return wrong(file, "the llama3 rotary scaling's factors are out of range");
  }
  const bool rotations =
      rope.beta_slow > 0 && rope.beta_fast >= rope.beta_slow && std::isfinite(rope.beta_fast);
  if (rope.scaling == tensor::RopeScaling::yarn && !(rotations && original)) {
    return wrong(file, "the yarn rotary scaling's parameters are out of range");
  }
  return validate_longrope(rope, file);
}

// The constants that scale activations: positive, or from 0 where 0 means that there is none.
Result<void> validate_scales(const ModelConfig& c, const std::string& file) {
  struct Scale {
    std::string_view name;
    double value;
    bool zero;
  };
  const std::array<Scale, 6> scales = {{{"attention scale", c.attention_scale, false},
                                        {"attention soft cap", c.attention_cap, true},
                                        {"embedding scale", c.embedding_scale, false},
                                        {"residual scale", c.residual_scale, false},
                                        {"logit divisor", c.logit_divisor, false},
                                        {"logit soft cap", c.logit_cap, true}}};
  for (const Scale& scale : scales) {
    if ((scale.value > 0 && scale.value <= 1e6) || (scale.zero && scale.value == 0)) continue;
    return wrong(file, "a" +
                           std::string(scale.name[0] == 'a' || scale.name[0] == 'e' ? "n " : " ") +
                           std::string(scale.name) + " of " + std::to_string(scale.value) +
                           " is out of range");
  }
  return {};
}

Result<void> validate_layers(const ModelConfig& c, const std::string& file) {
  bool mixture = false;
  for (const LayerConfig& layer : c.layer_configs) {
    mixture = mixture || layer.experts;
    if (layer.window < 0 || layer.window > std::int64_t{1} << 32) {
      return wrong(file,
                   "an attention window of " + std::to_string(layer.window) + " is out of range");
    }
  }
  const ExpertConfig& e = c.experts;
  if (mixture && (e.count < 1 || e.count > 1'024 || e.used < 1 || e.used > e.count || e.width < 1 ||
                  e.width > 1 << 20)) {
    return wrong(file, "a mixture of " + std::to_string(e.used) + " of " + std::to_string(e.count) +
                           " experts of width " + std::to_string(e.width) + " is out of range");
  }
  return {};
}

}  // namespace

Result<void> validate(const ModelConfig& c, const std::string& file) {
  const std::array<Range, 8> ranges = {{{"vocabulary size", c.vocab_size, 1, 1 << 24},
                                        {"context length", c.context, 1, 1 << 26},
                                        {"layer count", c.layers, 1, kLayersMax},
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
  if (auto ok = validate_scales(c, file); !ok) return ok;
  if (auto ok = validate_layers(c, file); !ok) return ok;
  if (c.local_rope) {
    if (auto ok = validate_rope(*c.local_rope, c.head_dim, file); !ok) return ok;
  }
  return validate_rope(c.rope, c.head_dim, file);
}

bool choose_longrope(ModelConfig& config, std::int64_t context) {
  tensor::RopeConfig& rope = config.rope;
  if (rope.scaling != tensor::RopeScaling::longrope) return true;
  const auto original = static_cast<std::int64_t>(rope.original_context);
  const bool fits = context <= original;
  rope.frequency_divisors = fits ? rope.short_divisors : rope.long_divisors;
  if (fits) config.context = std::min(config.context, original);
  return fits;
}

}  // namespace retort::arch
