// See block_formats.h.
//
// One struct a format, laid out as in the file, that writes its elements in order. Formats of 32
// elements pack element i and element i + 16 into one byte, low half first; those of 256 ("K", by
// ggml's ggml-common.h) pack 2, 4 or 8 runs of 32 elements side by side, lowest bits first.
#include "tensor/block_formats.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace retort::tensor {
namespace {

constexpr std::size_t kSmall = 32;  // elements of a small block
constexpr std::size_t kLarge = 256;
constexpr std::size_t kRun = 32;  // elements of a K block that stand in neighbouring bytes

// The values that a 4-bit index of IQ4_NL and IQ4_XS chooses from.
constexpr std::array<std::int8_t, 16> kUnevenSteps = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                      1,    13,   25,  38,  53,  69,  89,  113};
// Twice the values of the 4-bit floats (E2M1) of the OCP Microscaling formats 1.0.
constexpr std::array<std::int8_t, 16> kTwiceE2m1 = {0, 1,  2,  3,  4,  6,  8,  12,
                                                    0, -1, -2, -3, -4, -6, -8, -12};

// Element i of 32 that lie in 16 bytes as 4 bits each.
int nibble(const std::uint8_t* bytes, std::size_t i) noexcept {
  return i < kSmall / 2 ? bytes[i] & 15 : bytes[i - kSmall / 2] >> 4;
}

// Element i of 256 that lie in 64 bytes as 2 bits each: runs of 32 bytes hold 4 runs of elements.
int two_bits(const std::uint8_t* bytes, std::size_t i) noexcept {
  const std::size_t shift = i / kRun % 4 * 2;
  return (bytes[i / (4 * kRun) * kRun + i % kRun] >> shift) & 3;
}

// Bit i / 32 of byte i % 32: the one more bit of 256 elements in 32 bytes.
int one_bit(const std::uint8_t* bytes, std::size_t i) noexcept {
  return (bytes[i % kRun] >> (i / kRun)) & 1;
}

struct Q40 {
  static constexpr DType kType = DType::q4_0;
  std::uint16_t scale;
  std::uint8_t values[16];

  void write(float* out) const noexcept {
    const float d = float_from_f16(scale);
    for (std::size_t i = 0; i < kSmall; ++i) {
      out[i] = d * static_cast<float>(nibble(values, i) - 8);
    }
  }
};

struct Q41 {
  static constexpr DType kType = DType::q4_1;
  std::uint16_t scale;
  std::uint16_t least;
  std::uint8_t values[16];

  void write(float* out) const noexcept {
    const float d = float_from_f16(scale);
    const float m = float_from_f16(least);
    for (std::size_t i = 0; i < kSmall; ++i) {
      out[i] = d * static_cast<float>(nibble(values, i)) + m;
    }
  }
};

// Element i's fifth bit is bit i of `high`, read as one little-endian number.
int five_bits(const std::uint8_t* high, const std::uint8_t* values, std::size_t i) noexcept {
  return nibble(values, i) | ((high[i / 8] >> (i % 8)) & 1) << 4;
}

struct Q50 {
  static constexpr DType kType = DType::q5_0;
  std::uint16_t scale;
  std::uint8_t high[4];
  std::uint8_t values[16];

  void write(float* out) const noexcept {
    const float d = float_from_f16(scale);
    for (std::size_t i = 0; i < kSmall; ++i) {
      out[i] = d * static_cast<float>(five_bits(high, values, i) - 16);
    }
  }
};

struct Q51 {
  static constexpr DType kType = DType::q5_1;
  std::uint16_t scale;
  std::uint16_t least;
  std::uint8_t high[4];
  std::uint8_t values[16];

  void write(float* out) const noexcept {
    const float d = float_from_f16(scale);
    const float m = float_from_f16(least);
    for (std::size_t i = 0; i < kSmall; ++i) {
      out[i] = d * static_cast<float>(five_bits(high, values, i)) + m;
    }
  }
};

struct Q80 {
  static constexpr DType kType = DType::q8_0;
  std::uint16_t scale;
  std::int8_t values[32];

  void write(float* out) const noexcept {
    const float d = float_from_f16(scale);
    for (std::size_t i = 0; i < kSmall; ++i) out[i] = d * static_cast<float>(values[i]);
  }
};

struct Iq4Nl {
  static constexpr DType kType = DType::iq4_nl;
  std::uint16_t scale;
  std::uint8_t values[16];

  void write(float* out) const noexcept {
    const float d = float_from_f16(scale);
    for (std::size_t i = 0; i < kSmall; ++i) {
      out[i] = d * static_cast<float>(kUnevenSteps[static_cast<std::size_t>(nibble(values, i))]);
    }
  }
};

struct Mxfp4 {
  static constexpr DType kType = DType::mxfp4;
  std::uint8_t exponent;  // E8M0
  std::uint8_t values[16];

  // 2^(exponent - 128): half of what the exponent says, for values that are doubled. The two least
  // are subnormal.
  float half_scale() const noexcept {
    const std::uint32_t e = exponent;
    return std::bit_cast<float>(e < 2 ? 0x00200000U << e : (e - 1) << 23);
  }
  void write(float* out) const noexcept {
    const float d = half_scale();
    for (std::size_t i = 0; i < kSmall; ++i) {
      out[i] = d * static_cast<float>(kTwiceE2m1[static_cast<std::size_t>(nibble(values, i))]);
    }
  }
};

struct Q2K {
  static constexpr DType kType = DType::q2_k;
  std::uint8_t scales[16];  // of 16 elements each: scale in the low half, minimum in the high one
  std::uint8_t values[64];
  std::uint16_t scale;
  std::uint16_t least;

  void write(float* out) const noexcept {
    const float d = float_from_f16(scale);
    const float m = float_from_f16(least);
    for (std::size_t i = 0; i < kLarge; ++i) {
      const std::uint8_t both = scales[i / 16];
      const float sub_scale = d * static_cast<float>(both & 15);
      const float sub_least = m * static_cast<float>(both >> 4);
      out[i] = sub_scale * static_cast<float>(two_bits(values, i)) - sub_least;
    }
  }
};

struct Q3K {
  static constexpr DType kType = DType::q3_k;
  std::uint8_t high[32];  // a bit that is 0 takes 4 off
  std::uint8_t values[64];
  std::uint8_t scales[12];  // 16 of 6 bits: 4 low bits in the first 8 bytes, 2 high in the last 4
  std::uint16_t scale;

  int sub_scale(std::size_t s) const noexcept {
    const int low = (scales[s % 8] >> (s / 8 * 4)) & 15;
    const int top = (scales[8 + s % 4] >> (s / 4 * 2)) & 3;
    return (low | top << 4) - 32;
  }
  void write(float* out) const noexcept {
    const float d = float_from_f16(scale);
    for (std::size_t s = 0; s < kLarge / 16; ++s) {
      const float sub = d * static_cast<float>(sub_scale(s));
      for (std::size_t i = s * 16; i < s * 16 + 16; ++i) {
        out[i] = sub * static_cast<float>(two_bits(values, i) + 4 * one_bit(high, i) - 4);
      }
    }
  }
};

struct Q4K {
  static constexpr DType kType = DType::q4_k;
  std::uint16_t scale;
  std::uint16_t least;
  std::uint8_t scales[12];
  std::uint8_t values[128];  // 32 bytes hold two runs, the first in the low halves

  void write(float* out) const noexcept {
    const float d = float_from_f16(scale);
    const float m = float_from_f16(least);
    for (std::size_t run = 0; run < kLarge / kRun; ++run) {
      const ScaleAndLeast sub = scale_and_least(scales, run);
      const float run_scale = d * static_cast<float>(sub.scale);
      const float run_least = m * static_cast<float>(sub.least);
      const std::uint8_t* from = values + run / 2 * kRun;
      for (std::size_t i = 0; i < kRun; ++i) {
        const int value = (from[i] >> (run % 2 * 4)) & 15;
        out[run * kRun + i] = run_scale * static_cast<float>(value) - run_least;
      }
    }
  }
};

struct Q5K {
  static constexpr DType kType = DType::q5_k;
  std::uint16_t scale;
  std::uint16_t least;
  std::uint8_t scales[12];
  std::uint8_t high[32];
  std::uint8_t values[128];

  void write(float* out) const noexcept {
    const float d = float_from_f16(scale);
    const float m = float_from_f16(least);
    for (std::size_t run = 0; run < kLarge / kRun; ++run) {
      const ScaleAndLeast sub = scale_and_least(scales, run);
      const float run_scale = d * static_cast<float>(sub.scale);
      const float run_least = m * static_cast<float>(sub.least);
      const std::uint8_t* from = values + run / 2 * kRun;
      for (std::size_t i = 0; i < kRun; ++i) {
        const int low = (from[i] >> (run % 2 * 4)) & 15;
        const int value = low | ((high[i] >> run) & 1) << 4;
        out[run * kRun + i] = run_scale * static_cast<float>(value) - run_least;
      }
    }
  }
};

struct Q6K {
  static constexpr DType kType = DType::q6_k;
  std::uint8_t low[128];  // 64 bytes hold 128 elements, the first 64 in the low halves
  std::uint8_t high[64];
  std::int8_t scales[16];
  std::uint16_t scale;

  void write(float* out) const noexcept {
    const float d = float_from_f16(scale);
    for (std::size_t s = 0; s < kLarge / 16; ++s) {
      const float sub = d * static_cast<float>(scales[s]);
      for (std::size_t i = s * 16; i < s * 16 + 16; ++i) {
        const int bits = (low[i / 128 * 64 + i % 64] >> (i % 128 / 64 * 4)) & 15;
        out[i] = sub * static_cast<float>((bits | two_bits(high, i) << 4) - 32);
      }
    }
  }
};

struct Iq4Xs {
  static constexpr DType kType = DType::iq4_xs;
  std::uint16_t scale;
  std::uint16_t scales_high;    // 2 bits a run
  std::uint8_t scales_low[4];   // 4 bits a run
  std::uint8_t values[8 * 16];  // 16 bytes a run, packed as small blocks are

  void write(float* out) const noexcept {
    const float d = float_from_f16(scale);
    for (std::size_t run = 0; run < kLarge / kRun; ++run) {
      const int low = (scales_low[run / 2] >> (run % 2 * 4)) & 15;
      const int top = (scales_high >> (run * 2)) & 3;
      const float sub = d * static_cast<float>((low | top << 4) - 32);
      for (std::size_t i = 0; i < kRun; ++i) {
        const auto index = static_cast<std::size_t>(nibble(values + run * 16, i));
        out[run * kRun + i] = sub * static_cast<float>(kUnevenSteps[index]);
      }
    }
  }
};

template <typename Block>
void dequantize(const std::byte* blocks, std::size_t elements, float* out) {
  const DTypeInfo& info = dtype_info(Block::kType);
  for (std::size_t at = 0; at < elements; at += info.block_elements) {
    Block block;
    std::memcpy(&block, blocks, sizeof(block));
    block.write(out + at);
    blocks += sizeof(block);
  }
}

static_assert(sizeof(Q40) == 18 && sizeof(Q41) == 20 && sizeof(Q50) == 22 && sizeof(Q51) == 24);
static_assert(sizeof(Q80) == 34 && sizeof(Iq4Nl) == 18 && sizeof(Mxfp4) == 17);
static_assert(sizeof(Q2K) == 84 && sizeof(Q3K) == 110 && sizeof(Q4K) == 144 && sizeof(Q5K) == 176);
static_assert(sizeof(Q6K) == 210 && sizeof(Iq4Xs) == 136);

struct Entry {
  DType type;
  Dequantize function;
};
template <typename... Blocks>
constexpr std::array<Entry, sizeof...(Blocks)> entries_of() {
  return {{{Blocks::kType, dequantize<Blocks>}...}};
}
constexpr auto kEntries =
    entries_of<Q40, Q41, Q50, Q51, Q80, Iq4Nl, Mxfp4, Q2K, Q3K, Q4K, Q5K, Q6K, Iq4Xs>();

}  // namespace

ScaleAndLeast scale_and_least(const std::uint8_t* packed, std::size_t run) noexcept {
  if (run < 4) return {packed[run] & 63, packed[run + 4] & 63};
  // The low halves stand in bytes 8 to 11, the high bits above those of the first four runs.
  const std::uint8_t low = packed[run + 4];
  return {(low & 15) | (packed[run - 4] >> 6) << 4, (low >> 4) | (packed[run] >> 6) << 4};
}

Dequantize dequantizer(DType type) noexcept {
  for (const Entry& entry : kEntries) {
    if (entry.type == type) return entry.function;
  }
  return nullptr;
}

}  // namespace retort::tensor
