// The matrix product of packed Q8_0 weights and 8-bit activations, written once over a policy Q.
//
// Packed weights (matrix.h) hold 16 rows side by side, so a vector's lanes are rows and there is no
// sum across lanes. For one output element: by rising block, the exact integer sum of the block's
// 32 products, as a float, times the product of the two scales, added to the sum so far. The
// integer part is the same in every class, and so is the rest where there is a fused multiply-add.
//
// Q gives Ints and Floats (16 rows each), their operations, and kTileColumns.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/kernels.h"

namespace retort::tensor {

// The packed layout of 16 rows: for each block 8 x 64 bytes of values (4 consecutive elements of
// row 0, of row 1, ..., each stored as value + 128), and behind all blocks 16 f16 scales a block.
inline constexpr std::size_t kPackedBlockBytes = kQuantBlock * kRowGroup;
inline constexpr std::size_t kPackedScaleBytes = 2 * kRowGroup;

// Bytes of 16 packed rows, a multiple of 64. Static: each file has its own copy, see
// float_kernels.h.
static constexpr std::size_t packed_group_bytes(std::size_t blocks) {
  return (blocks * (kPackedBlockBytes + kPackedScaleBytes) + 63) / 64 * 64;
}

template <typename Q, int C>
inline void q8_tile(const MatmulSlice& s, const std::byte* group, std::size_t row,
                    std::size_t column) {
  const std::size_t blocks = s.cols / kQuantBlock;
  const std::byte* scales = group + blocks * kPackedBlockBytes;
  const std::int8_t* x = s.quantized.values + column * s.cols;
  const float* x_scales = s.quantized.scales + column * blocks;
  const std::int32_t* offsets = s.quantized.offsets + column * blocks;
  typename Q::Floats sums[C];
  for (auto& sum : sums) sum = Q::zero();
  for (std::size_t block = 0; block < blocks; ++block) {
    typename Q::Ints products[C];
    for (int c = 0; c < C; ++c) products[c] = Q::start(offsets[c * blocks + block]);
    for (std::size_t quad = 0; quad < kQuantBlock / 4; ++quad) {
      const auto w = Q::load_weights(group + block * kPackedBlockBytes + quad * 64);
      for (int c = 0; c < C; ++c) {
        products[c] = Q::dot(products[c], w, x + c * s.cols + block * kQuantBlock + quad * 4);
      }
    }
    const auto w_scale = Q::load_scales(scales + block * kPackedScaleBytes);
    for (int c = 0; c < C; ++c) {
      sums[c] = Q::add_scaled(sums[c], products[c], w_scale, x_scales[c * blocks + block]);
    }
  }
  const std::size_t rows = s.row_end - row < kRowGroup ? s.row_end - row : kRowGroup;
  for (int c = 0; c < C; ++c) Q::store(s.out + (column + c) * s.out_stride + row, sums[c], rows);
}

// Dispatches what is left of a row of tiles: 1 to C columns.
template <typename Q, int C>
inline void q8_some(const MatmulSlice& s, const std::byte* group, std::size_t row,
                    std::size_t column, std::size_t count) {
  if constexpr (C > 1) {
    if (count < C) return q8_some<Q, C - 1>(s, group, row, column, count);
  }
  q8_tile<Q, C>(s, group, row, column);
}

// Columns in blocks whose 8-bit activations stay in the second-level cache.
template <typename Q>
void matmul_q8(const MatmulSlice& s) {
  constexpr std::size_t kBlock = 96;
  const std::size_t group_bytes = packed_group_bytes(s.cols / kQuantBlock);
  for (std::size_t block = 0; block < s.batch; block += kBlock) {
    const std::size_t end = block + kBlock < s.batch ? block + kBlock : s.batch;
    for (std::size_t row = s.row_begin; row < s.row_end; row += kRowGroup) {
      const std::byte* group = s.weights + row / kRowGroup * group_bytes;
      for (std::size_t column = block; column < end; column += Q::kTileColumns) {
        const std::size_t left = end - column;
        q8_some<Q, Q::kTileColumns>(s, group, row, column,
                                    left < Q::kTileColumns ? left : Q::kTileColumns);
      }
    }
  }
}

#if defined(__x86_64__)
// Kernels::int8_loop for a policy P: a Vector, set1 of bytes, splat of 32 bits, dot, add, first.
template <typename P>
int int8_peak(std::size_t rounds, std::size_t& operations) {
  constexpr int kSums = 12;  // independent sums, to hide the instruction's latency
  typename P::Vector sums[kSums];
  for (int i = 0; i < kSums; ++i) sums[i] = P::splat(i);
  auto left = P::set1(3);
  auto right = P::set1(5);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (auto& sum : sums) {
      sum = P::dot(sum, left, right);
      // The compiler must take all three for changed: equal rounds would else be one.
      __asm__ volatile("" : "+v"(sum), "+v"(left), "+v"(right));
    }
  }
  for (int i = 1; i < kSums; ++i) sums[0] = P::add(sums[0], sums[i]);
  operations = kSums * sizeof(sums[0]) * 2;
  return P::first(sums[0]);
}
#endif

}  // namespace retort::tensor
