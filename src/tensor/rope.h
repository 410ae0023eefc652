// RoPE: rotary position embedding (Su et al. 2021, arXiv 2104.09864), with frequency scaling.
//
// Pair i of a head's first `dims` elements is turned by the angle position * frequency(i), with
// frequency(i) = base^(-2 i / dims), scaled as the model was trained. The angles of one step are
// computed once and shared by all heads and layers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace retort::tensor {

// Which elements form pair i: (2 i, 2 i + 1), as GGUF files of llama have them, or
// (i, i + dims / 2), as Hugging Face's do. ggml calls them NORM and NEOX.
enum class RopeStyle : std::uint8_t { interleaved, half_split };

enum class RopeScaling : std::uint8_t {
  none,
  linear,  // frequencies divided by factor (Chen et al. 2023, arXiv 2306.15595)
  llama3,  // long wavelengths divided by factor, short ones kept, a ramp between
  yarn,    // the same by rotations within the original context (Peng et al. 2023, arXiv 2309.00071)
  longrope,  // a divisor for each frequency, one set within the original context and one beyond it
};

struct RopeConfig {
  RopeStyle style = RopeStyle::interleaved;
  double base = 10'000.0;
  std::int64_t dims = 0;  // even; elements from there on are left as they are
  RopeScaling scaling = RopeScaling::none;
  double factor = 1.0;
  double low_frequency_factor = 1.0;  // llama3
  double high_frequency_factor = 4.0;
  double original_context = 8'192;  // llama3, yarn, longrope
  double beta_fast = 32;            // yarn: rotations from which on a frequency is kept,
  double beta_slow = 1;             // and up to which it is divided by factor
  double attention_factor = 1.0;    // of cosines and sines, and so squared of q . k
  // [dims / 2]: of rope_freqs.weight, or the chosen one of the two below; empty = all 1.
  std::vector<float> frequency_divisors;
  std::vector<float> short_divisors;  // [dims / 2]: longrope
  std::vector<float> long_divisors;
};

// [dims / 2] f32: the frequency of each pair, rounded to float as transformers rounds it.
std::vector<float> rope_frequencies(const RopeConfig& config);

// The factor that yarn puts on cosines and sines where a model does not name one: 0.1 ln(scale) +
// 1, `mscale` times the logarithm where a model has one.
double yarn_attention_factor(double scale, double mscale = 1.0) noexcept;

// The same of longrope, for a context stretched from original_context by `scale`.
double longrope_attention_factor(double scale, double original_context) noexcept;

// cos and sin of position * frequency for each pair, the product rounded to float as transformers
// rounds it, times `factor`. `cosines` and `sines` have frequencies.size() elements.
void rope_angles(std::span<const float> frequencies, std::int64_t position, float factor,
                 float* cosines, float* sines) noexcept;

// Turns `heads` heads of `head_dim` elements at `x`, in place. dims = 2 * pairs <= head_dim.
void apply_rope(RopeStyle style, std::size_t pairs, const float* cosines, const float* sines,
                float* x, std::size_t heads, std::size_t head_dim) noexcept;

}  // namespace retort::tensor
