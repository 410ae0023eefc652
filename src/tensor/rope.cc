// See rope.h. Plain scalar arithmetic, the same in every kernel class.
#include "tensor/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace retort::tensor {
namespace {

// The llama-3 rule (transformers, modeling_rope_utils.py, _compute_llama3_parameters): wavelengths
// above original_context / low factor are stretched by `factor`, those below original_context /
// high factor are kept, and between them the two are mixed.
float llama3_frequency(double frequency, const RopeConfig& c) {
  const double wavelength = 2 * std::numbers::pi / frequency;
  if (wavelength < c.original_context / c.high_frequency_factor) {
    return static_cast<float>(frequency);
  }
  if (wavelength > c.original_context / c.low_frequency_factor) {
    return static_cast<float>(frequency / c.factor);
  }
  const double smooth = (c.original_context / wavelength - c.low_frequency_factor) /
                        (c.high_frequency_factor - c.low_frequency_factor);
  return static_cast<float>((1 - smooth) * frequency / c.factor + smooth * frequency);
}

// Where yarn's ramp begins and ends, as indices of pairs (the paper's section 3.2, rounded outwards
// as transformers and llama.cpp do).
struct YarnRamp {
  double low = 0;
  double high = 0;

  explicit YarnRamp(const RopeConfig& c) {
    const auto dims = static_cast<double>(c.dims);
    const auto pair = [&](double rotations) {
      return dims * std::log(c.original_context / (rotations * 2 * std::numbers::pi)) /
             (2 * std::log(c.base));
    };
    low = std::max(std::floor(pair(c.beta_fast)), 0.0);
    high = std::min(std::ceil(pair(c.beta_slow)), dims - 1);
    if (low == high) high += 0.001;  // a step
  }
  // How much of pair i's frequency is divided by the factor: 0 to 1.
  double divided(std::size_t i) const {
    return std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
  }
};

}  // namespace

double yarn_attention_factor(double scale, double mscale) noexcept {
  return scale <= 1 ? 1.0 : 0.1 * mscale * std::log(scale) + 1.0;
}

double longrope_attention_factor(double scale, double original_context) noexcept {
  return scale <= 1 ? 1.0 : std::sqrt(1 + std::log(scale) / std::log(original_context));
}

std::vector<float> rope_frequencies(const RopeConfig& config) {
  std::vector<float> frequencies(static_cast<std::size_t>(config.dims / 2));
  const YarnRamp ramp(config);
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(config.dims);
    const auto plain = static_cast<float>(std::pow(config.base, exponent));
    switch (config.scaling) {
      case RopeScaling::none:
      case RopeScaling::longrope:  // its divisors come below
        frequencies[i] = plain;
        break;
      case RopeScaling::linear:
        frequencies[i] = static_cast<float>(plain / config.factor);
        break;
      case RopeScaling::llama3:
        frequencies[i] = llama3_frequency(plain, config);
        break;
      case RopeScaling::yarn: {
        const double divided = ramp.divided(i);
        frequencies[i] =
            static_cast<float>(plain / config.factor * divided + plain * (1 - divided));
        break;
      }
    }
    if (!config.frequency_divisors.empty()) frequencies[i] /= config.frequency_divisors[i];
  }
  return frequencies;
}

void rope_angles(std::span<const float> frequencies, std::int64_t position, float factor,
                 float* cosines, float* sines) noexcept {
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const float angle = static_cast<float>(position) * frequencies[i];
    cosines[i] = static_cast<float>(std::cos(static_cast<double>(angle))) * factor;
    sines[i] = static_cast<float>(std::sin(static_cast<double>(angle))) * factor;
  }
}

void apply_rope(RopeStyle style, std::size_t pairs, const float* cosines, const float* sines,
                float* x, std::size_t heads, std::size_t head_dim) noexcept {
  const bool interleaved = style == RopeStyle::interleaved;
  const std::size_t step = interleaved ? 2 : 1;         // from pair to pair
  const std::size_t partner = interleaved ? 1 : pairs;  // from an element to its partner
  for (std::size_t head = 0; head < heads; ++head) {
    float* at = x + head * head_dim;
    for (std::size_t i = 0; i < pairs; ++i) {
      const float a = at[i * step];
      const float b = at[i * step + partner];
      at[i * step] = a * cosines[i] - b * sines[i];
      at[i * step + partner] = a * sines[i] + b * cosines[i];
    }
  }
}

}  // namespace retort::tensor
