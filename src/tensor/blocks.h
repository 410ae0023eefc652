// The blocks of GGUF's quantized formats as they lie in a file: one struct a format, with what its
// elements are made of.
//
// A block's elements are small numbers, the codes, in parts of 16 or 32 that share a scale. An
// element is scale * (code - zero), or scale * code - least, or what a table says of the code times
// the scale. Reading elements as floats (block_formats.cc) and packing them for the kernels
// (packing.cc) both begin here. Formats of 32 elements hold element i and element i + 16 in one
// byte, low half first; those of 256 ("K", by ggml's ggml-common.h) hold 2, 4 or 8 runs of 32
// elements side by side, lowest bits first.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "tensor/packed_layout.h"

namespace retort::tensor {

// The values that a 4-bit index of IQ4_NL and IQ4_XS chooses from.
inline constexpr std::array<std::int8_t, 16> kUnevenSteps = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
// Twice the values of the 4-bit floats (E2M1) of the OCP Microscaling formats 1.0.
inline constexpr std::array<std::int8_t, 16> kTwiceE2m1 = {0, 1,  2,  3,  4,  6,  8,  12,
                                                           0, -1, -2, -3, -4, -6, -8, -12};

// 32 codes from 16 bytes of two nibbles each.
inline void split_nibbles(const std::uint8_t* bytes, std::uint8_t* codes) noexcept {
  for (std::size_t i = 0; i < 16; ++i) {
    codes[i] = bytes[i] & 15;
    codes[16 + i] = bytes[i] >> 4;
  }
}

// Ors the bits of a little-endian number of 32 bits into the codes as their bit 4.
inline void add_fifth_bits(const std::uint8_t* high, std::uint8_t* codes) noexcept {
  for (std::size_t i = 0; i < 32; ++i) {
    codes[i] = static_cast<std::uint8_t>(codes[i] | ((high[i / 8] >> (i % 8)) & 1) << 4);
  }
}

// The 16 codes' 2-bit fields of 256 elements in 64 bytes: 32 bytes hold 4 runs.
inline void split_two_bits(const std::uint8_t* bytes, std::uint8_t* codes) noexcept {
  for (std::size_t run = 0; run < 8; ++run) {
    const std::uint8_t* from = bytes + run / 4 * 32;
    for (std::size_t i = 0; i < 32; ++i) {
      codes[run * 32 + i] = static_cast<std::uint8_t>((from[i] >> (run % 4 * 2)) & 3);
    }
  }
}

// Scale and minimum of run `run` (below 8) of a block of Q4_K or Q5_K, 0 to 63 each, from the
// block's 12 bytes of them: the low halves of runs 4 to 7 stand in bytes 8 to 11, their high bits
// above the first eight bytes' six.
inline std::uint8_t scale_of_run(const std::uint8_t* packed, std::size_t run) noexcept {
  if (run < 4) return packed[run] & 63;
  return static_cast<std::uint8_t>((packed[run + 4] & 15) | (packed[run - 4] >> 6) << 4);
}
inline std::uint8_t least_of_run(const std::uint8_t* packed, std::size_t run) noexcept {
  if (run < 4) return packed[run + 4] & 63;
  return static_cast<std::uint8_t>((packed[run + 4] >> 4) | (packed[run] >> 6) << 4);
}

// Of every struct: kElements a block, kPart elements that share a scale, kZero, kLeast, kTable (not
// null: code i stands for kTable[i]), codes() and, by part, scale() and least().
struct SmallBlock {
  static constexpr std::size_t kElements = 32;
  static constexpr std::size_t kPart = 32;
  static constexpr int kZero = 0;
  static constexpr Least kLeast = Least::none;
  static constexpr const std::int8_t* kTable = nullptr;
};
struct LargeBlock : SmallBlock {
  static constexpr std::size_t kElements = 256;
};

// A small block's scale, and its least behind it.
struct ScaledBlock : SmallBlock {
  std::uint16_t half_scale;

  float scale(std::size_t /*part*/) const noexcept { return float_from_f16(half_scale); }
};
struct ScaledBlockWithLeast : ScaledBlock {
  static constexpr Least kLeast = Least::added;
  std::uint16_t half_least;

  float least(std::size_t /*part*/) const noexcept { return float_from_f16(half_least); }
};

// What Q4_K and Q5_K begin with.
struct BlockOfRuns : LargeBlock {
  static constexpr Least kLeast = Least::taken_off;
  std::uint16_t half_scale;
  std::uint16_t half_least;
  std::uint8_t scales[12];

  std::uint8_t sub_scale(std::size_t part) const noexcept { return scale_of_run(scales, part); }
  std::uint8_t sub_least(std::size_t part) const noexcept { return least_of_run(scales, part); }
  float scale(std::size_t part) const noexcept {
    return float_from_f16(half_scale) * static_cast<float>(sub_scale(part));
  }
  float least(std::size_t part) const noexcept {
    return float_from_f16(half_least) * static_cast<float>(sub_least(part));
  }
};

struct BlockQ40 : ScaledBlock {
  static constexpr DType kType = DType::q4_0;
  static constexpr int kZero = 8;
  std::uint8_t values[16];

  void codes(std::uint8_t* out) const noexcept { split_nibbles(values, out); }
};

struct BlockQ41 : ScaledBlockWithLeast {
  static constexpr DType kType = DType::q4_1;
  std::uint8_t values[16];

  void codes(std::uint8_t* out) const noexcept { split_nibbles(values, out); }
};

struct BlockQ50 : ScaledBlock {
  static constexpr DType kType = DType::q5_0;
  static constexpr int kZero = 16;
  std::uint8_t high[4];
  std::uint8_t values[16];

  void codes(std::uint8_t* out) const noexcept {
    split_nibbles(values, out);
    add_fifth_bits(high, out);
  }
};

struct BlockQ51 : ScaledBlockWithLeast {
  static constexpr DType kType = DType::q5_1;
  std::uint8_t high[4];
  std::uint8_t values[16];

  void codes(std::uint8_t* out) const noexcept {
    split_nibbles(values, out);
    add_fifth_bits(high, out);
  }
};

struct BlockQ80 : ScaledBlock {
  static constexpr DType kType = DType::q8_0;
  static constexpr int kZero = 128;
  std::uint8_t values[32];  // signed

  void codes(std::uint8_t* out) const noexcept {
    // Adding 128 to a signed byte is flipping its top bit.
    for (std::size_t i = 0; i < kElements; ++i) out[i] = values[i] ^ 0x80;
  }
};

struct BlockIq4Nl : ScaledBlock {
  static constexpr DType kType = DType::iq4_nl;
  static constexpr const std::int8_t* kTable = kUnevenSteps.data();
  std::uint8_t values[16];

  void codes(std::uint8_t* out) const noexcept { split_nibbles(values, out); }
};

struct BlockMxfp4 : SmallBlock {
  static constexpr DType kType = DType::mxfp4;
  static constexpr const std::int8_t* kTable = kTwiceE2m1.data();
  std::uint8_t exponent;  // E8M0
  std::uint8_t values[16];

  void codes(std::uint8_t* out) const noexcept { split_nibbles(values, out); }
  float scale(std::size_t /*part*/) const noexcept { return scale_of(exponent); }
  // 2^(exponent - 128): half of what the exponent says, for values that are doubled. The two least
  // are subnormal.
  static float scale_of(std::uint8_t exponent) noexcept {
    const std::uint32_t e = exponent;
    return std::bit_cast<float>(e < 2 ? 0x00200000U << e : (e - 1) << 23);
  }
};

struct BlockQ2K : LargeBlock {
  static constexpr DType kType = DType::q2_k;
  static constexpr std::size_t kPart = 16;
  static constexpr Least kLeast = Least::taken_off;
  std::uint8_t scales[16];  // by part: scale in the low half, minimum in the high one
  std::uint8_t values[64];
  std::uint16_t half_scale;
  std::uint16_t half_least;

  void codes(std::uint8_t* out) const noexcept { split_two_bits(values, out); }
  std::uint8_t subs(std::size_t part) const noexcept { return scales[part]; }
  float scale(std::size_t part) const noexcept {
    return float_from_f16(half_scale) * static_cast<float>(scales[part] & 15);
  }
  float least(std::size_t part) const noexcept {
    return float_from_f16(half_least) * static_cast<float>(scales[part] >> 4);
  }
};

struct BlockQ3K : LargeBlock {
  static constexpr DType kType = DType::q3_k;
  static constexpr std::size_t kPart = 16;
  static constexpr int kZero = 4;
  std::uint8_t high[32];  // bit i / 32 of byte i % 32: the third bit of element i
  std::uint8_t values[64];
  std::uint8_t scales[12];  // 16 of 6 bits: 4 low bits in the first 8 bytes, 2 high in the last 4
  std::uint16_t half_scale;

  void codes(std::uint8_t* out) const noexcept {
    split_two_bits(values, out);
    for (std::size_t run = 0; run < 8; ++run) {
      for (std::size_t i = 0; i < 32; ++i) {
        std::uint8_t& code = out[run * 32 + i];
        code = static_cast<std::uint8_t>(code | ((high[i] >> run) & 1) << 2);
      }
    }
  }
  std::int8_t sub_scale(std::size_t part) const noexcept {
    const int low = (scales[part % 8] >> (part / 8 * 4)) & 15;
    const int top = (scales[8 + part % 4] >> (part / 4 * 2)) & 3;
    return static_cast<std::int8_t>((low | top << 4) - 32);
  }
  float scale(std::size_t part) const noexcept {
    return float_from_f16(half_scale) * static_cast<float>(sub_scale(part));
  }
};

struct BlockQ4K : BlockOfRuns {
  static constexpr DType kType = DType::q4_k;
  std::uint8_t values[128];  // 32 bytes hold two runs, the first in the low halves

  void codes(std::uint8_t* out) const noexcept {
    for (std::size_t i = 0; i < 128; ++i) {
      out[i / 32 * 64 + i % 32] = values[i] & 15;
      out[i / 32 * 64 + 32 + i % 32] = values[i] >> 4;
    }
  }
};

struct BlockQ5K : BlockOfRuns {
  static constexpr DType kType = DType::q5_k;
  std::uint8_t high[32];
  std::uint8_t values[128];

  void codes(std::uint8_t* out) const noexcept {
    for (std::size_t run = 0; run < 8; ++run) {
      const std::uint8_t* from = values + run / 2 * 32;
      for (std::size_t i = 0; i < 32; ++i) {
        const int low = (from[i] >> (run % 2 * 4)) & 15;
        out[run * 32 + i] = static_cast<std::uint8_t>(low | ((high[i] >> run) & 1) << 4);
      }
    }
  }
};

struct BlockQ6K : LargeBlock {
  static constexpr DType kType = DType::q6_k;
  static constexpr std::size_t kPart = 16;
  static constexpr int kZero = 32;
  std::uint8_t low[128];  // 64 bytes hold 128 elements, the first 64 in the low halves
  std::uint8_t high[64];
  std::int8_t scales[16];
  std::uint16_t half_scale;

  void codes(std::uint8_t* out) const noexcept {
    split_two_bits(high, out);
    for (std::size_t i = 0; i < 128; ++i) {
      std::uint8_t& first = out[i / 64 * 128 + i % 64];
      std::uint8_t& second = out[i / 64 * 128 + 64 + i % 64];
      first = static_cast<std::uint8_t>(first << 4 | (low[i] & 15));
      second = static_cast<std::uint8_t>(second << 4 | low[i] >> 4);
    }
  }
  std::int8_t sub_scale(std::size_t part) const noexcept { return scales[part]; }
  float scale(std::size_t part) const noexcept {
    return float_from_f16(half_scale) * static_cast<float>(sub_scale(part));
  }
};

struct BlockIq4Xs : LargeBlock {
  static constexpr DType kType = DType::iq4_xs;
  static constexpr const std::int8_t* kTable = kUnevenSteps.data();
  std::uint16_t half_scale;
  std::uint16_t scales_high;    // 2 bits a run
  std::uint8_t scales_low[4];   // 4 bits a run
  std::uint8_t values[8 * 16];  // 16 bytes a run, as small blocks have them

  void codes(std::uint8_t* out) const noexcept {
    for (std::size_t run = 0; run < 8; ++run) split_nibbles(values + run * 16, out + run * 32);
  }
  std::int8_t sub_scale(std::size_t part) const noexcept {
    const int low = (scales_low[part / 2] >> (part % 2 * 4)) & 15;
    const int top = (scales_high >> (part * 2)) & 3;
    return static_cast<std::int8_t>((low | top << 4) - 32);
  }
  float scale(std::size_t part) const noexcept {
    return float_from_f16(half_scale) * static_cast<float>(sub_scale(part));
  }
};

// What code `code` of a part with this scale and least stands for, rounded as the reference does.
template <typename Block>
float element_of(std::uint8_t code, float scale, float least) noexcept {
  if constexpr (Block::kTable != nullptr) {
    return scale * static_cast<float>(Block::kTable[code]);
  } else if constexpr (Block::kLeast == Least::taken_off) {
    return scale * static_cast<float>(code) - least;
  } else if constexpr (Block::kLeast == Least::added) {
    return scale * static_cast<float>(code) + least;
  } else {
    return scale * static_cast<float>(static_cast<int>(code) - Block::kZero);
  }
}

static_assert(sizeof(BlockQ40) == 18 && sizeof(BlockQ41) == 20 && sizeof(BlockQ50) == 22);
static_assert(sizeof(BlockQ51) == 24 && sizeof(BlockQ80) == 34 && sizeof(BlockIq4Nl) == 18);
static_assert(sizeof(BlockMxfp4) == 17 && sizeof(BlockQ2K) == 84 && sizeof(BlockQ3K) == 110);
static_assert(sizeof(BlockQ4K) == 144 && sizeof(BlockQ5K) == 176 && sizeof(BlockQ6K) == 210);
static_assert(sizeof(BlockIq4Xs) == 136);

}  // namespace retort::tensor
