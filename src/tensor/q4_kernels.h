// The matrix products of packed Q4_0 and Q4_K weights and 8-bit activations, written once over a
// policy Q, as those of Q8_0 are (q8_kernels.h).
//
// Here too 16 rows lie side by side (matrix.h). The 32 elements of a run are 16 bytes a row:
// element i in the low half of byte i, element i + 16 in its high half, so that 64 bytes in memory
// are two vectors of four elements of each row. Elements are unsigned, 0 to 15, in every class.
//
// For one output element of Q4_0: by rising block, the exact integer sum of the block's 32
// products, as a float, times the product of the two scales, added to the sum so far. Of Q4_K: the
// same by runs, and after each run the run's minimum times what the run's activations sum to.
//
// Besides what q8_kernels.h uses, Q gives splat (an integer in all lanes), load_nibbles (low and
// high, as unsigned bytes), dot_unsigned, load_bytes (16 unsigned bytes as Floats), mul and add_to.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/kernels.h"

namespace retort::tensor {

// The layout of 16 rows of Q4_0: 256 bytes of values a block, and behind all blocks 16 f16 scales a
// block. As many bytes as in a file.
inline constexpr std::size_t kQ4RunBytes = kQuantBlock / 2 * kRowGroup;
inline constexpr std::size_t kQ4ScaleBytes = 2 * kRowGroup;

// The layout of 16 rows of Q4_K, block after block of 256 elements: the values of 8 runs, 16 bytes
// of scales a run, 16 bytes of minima a run, 16 f16 scales of scales, 16 f16 scales of minima. A
// file has 144 bytes a row and block, this has 148: scales of 6 bits are not packed into 8.
inline constexpr std::size_t kQ4KRuns = 8;
inline constexpr std::size_t kQ4KElements = kQ4KRuns * kQuantBlock;
inline constexpr std::size_t kQ4KScales = kQ4KRuns * kQ4RunBytes;
inline constexpr std::size_t kQ4KMinima = kQ4KScales + kQ4KRuns * kRowGroup;
inline constexpr std::size_t kQ4KScaleOfScales = kQ4KMinima + kQ4KRuns * kRowGroup;
inline constexpr std::size_t kQ4KScaleOfMinima = kQ4KScaleOfScales + 2 * kRowGroup;
inline constexpr std::size_t kQ4KBlockBytes = kQ4KScaleOfMinima + 2 * kRowGroup;
static_assert(kQ4KBlockBytes == 148 * kRowGroup && kQ4KBlockBytes % 64 == 0);

// Bytes of 16 packed rows of `cols` columns, multiples of 64. Static: each file has its own copy,
// see float_kernels.h.
static constexpr std::size_t q4_0_group_bytes(std::size_t cols) {
  return (cols / kQuantBlock * (kQ4RunBytes + kQ4ScaleBytes) + 63) / 64 * 64;
}
static constexpr std::size_t q4_k_group_bytes(std::size_t cols) {
  return cols / kQ4KElements * kQ4KBlockBytes;
}

// Adds a run's 32 products of C columns, whose activations lie `stride` bytes apart.
template <typename Q, int C>
inline void q4_run(const std::byte* values, const std::int8_t* x, std::size_t stride,
                   typename Q::Ints (&products)[C]) {
  for (std::size_t quad = 0; quad < kQuantBlock / 8; ++quad) {
    const auto w = Q::load_nibbles(values + quad * 64);
    for (int c = 0; c < C; ++c) {
      const std::int8_t* from = x + c * stride + quad * 4;
      products[c] = Q::dot_unsigned(products[c], w.low, from);
      products[c] = Q::dot_unsigned(products[c], w.high, from + kQuantBlock / 2);
    }
  }
}

struct Q40Tiles {
  static constexpr std::size_t group_bytes(std::size_t cols) { return q4_0_group_bytes(cols); }

  template <typename Q, int C>
  static void tile(const MatmulSlice& s, const std::byte* group, std::size_t column,
                   typename Q::Floats (&sums)[C]) {
    const std::size_t blocks = s.cols / kQuantBlock;
    const std::byte* scales = group + blocks * kQ4RunBytes;
    const std::int8_t* x = s.quantized.values + column * s.cols;
    const float* x_scales = s.quantized.scales + column * blocks;
    const std::int32_t* offsets = s.quantized.offsets + column * blocks;
    for (std::size_t block = 0; block < blocks; ++block) {
      typename Q::Ints products[C];
      // Values are 8 too large; offsets are -128 times the activations' sum, so -8 times it is a
      // sixteenth of them, exactly.
      for (int c = 0; c < C; ++c) products[c] = Q::splat(offsets[c * blocks + block] / 16);
      q4_run<Q, C>(group + block * kQ4RunBytes, x + block * kQuantBlock, s.cols, products);
      const auto w_scale = Q::load_scales(scales + block * kQ4ScaleBytes);
      for (int c = 0; c < C; ++c) {
        sums[c] = Q::add_scaled(sums[c], products[c], w_scale, x_scales[c * blocks + block]);
      }
    }
  }
};

struct Q4KTiles {
  static constexpr std::size_t group_bytes(std::size_t cols) { return q4_k_group_bytes(cols); }

  template <typename Q, int C>
  static void tile(const MatmulSlice& s, const std::byte* group, std::size_t column,
                   typename Q::Floats (&sums)[C]) {
    const std::size_t runs = s.cols / kQuantBlock;
    const std::int8_t* x = s.quantized.values + column * s.cols;
    const float* x_scales = s.quantized.scales + column * runs;
    const std::int32_t* offsets = s.quantized.offsets + column * runs;
    for (std::size_t run = 0; run < runs; ++run) {
      const std::byte* block = group + run / kQ4KRuns * kQ4KBlockBytes;
      const std::size_t r = run % kQ4KRuns;
      typename Q::Ints products[C];
      for (int c = 0; c < C; ++c) products[c] = Q::splat(0);
      q4_run<Q, C>(block + r * kQ4RunBytes, x + run * kQuantBlock, s.cols, products);
      const auto scale = Q::mul(Q::load_scales(block + kQ4KScaleOfScales),
                                Q::load_bytes(block + kQ4KScales + r * kRowGroup));
      const auto least = Q::mul(Q::load_scales(block + kQ4KScaleOfMinima),
                                Q::load_bytes(block + kQ4KMinima + r * kRowGroup));
      for (int c = 0; c < C; ++c) {
        const float x_scale = x_scales[c * runs + run];
        const std::int32_t minus_sum = offsets[c * runs + run] / 128;  // of activations, exactly
        sums[c] = Q::add_scaled(sums[c], products[c], scale, x_scale);
        sums[c] = Q::add_to(sums[c], least, x_scale * static_cast<float>(minus_sum));
      }
    }
  }
};

// 16 rows against 1 to C columns.
template <typename Q, typename T, int C>
inline void q4_some(const MatmulSlice& s, const std::byte* group, std::size_t row,
                    std::size_t column, std::size_t count) {
  if constexpr (C > 1) {
    if (count < C) return q4_some<Q, T, C - 1>(s, group, row, column, count);
  }
  typename Q::Floats sums[C];
  for (auto& sum : sums) sum = Q::zero();
  T::template tile<Q, C>(s, group, column, sums);
  const std::size_t rows = s.row_end - row < kRowGroup ? s.row_end - row : kRowGroup;
  for (int c = 0; c < C; ++c) Q::store(s.out + (column + c) * s.out_stride + row, sums[c], rows);
}

// Columns in blocks whose 8-bit activations stay in the second-level cache.
template <typename Q, typename T>
void matmul_q4(const MatmulSlice& s) {
  constexpr std::size_t kBlock = 96;
  const std::size_t group_bytes = T::group_bytes(s.cols);
  for (std::size_t block = 0; block < s.batch; block += kBlock) {
    const std::size_t end = block + kBlock < s.batch ? block + kBlock : s.batch;
    for (std::size_t row = s.row_begin; row < s.row_end; row += kRowGroup) {
      const std::byte* group = s.weights + row / kRowGroup * group_bytes;
      for (std::size_t column = block; column < end; column += Q::kTileColumns) {
        const std::size_t left = end - column;
        q4_some<Q, T, Q::kTileColumns>(s, group, row, column,
                                       left < Q::kTileColumns ? left : Q::kTileColumns);
      }
    }
  }
}

// The products of this file, filled into a table.
template <typename Q>
void set_q4_kernels(Kernels& kernels) {
  kernels.matmul_q4_0 = matmul_q4<Q, Q40Tiles>;
  kernels.matmul_q4_k = matmul_q4<Q, Q4KTiles>;
}

}  // namespace retort::tensor
