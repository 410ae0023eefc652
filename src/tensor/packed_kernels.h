// The matrix products of packed weights (packed_layout.h) and 8-bit activations, written once over
// a policy Q, the vectors of one instruction set, and a format F.
//
// A vector's lanes are rows, so there is no sum across lanes. For one output element: part by
// rising part, the exact integer sum of the part's products, as a float, times the product of the
// two scales, added to the sum so far; where the part has a least, then the least times what the
// part's activations sum to. The integer sums are the same in every class, and so is the rest where
// there is a fused multiply-add.
//
// Q gives Bytes (64 unsigned bytes), Ints and Floats (16 rows each), Wide (bytes as dot_wide takes
// them), their operations, and kTileColumns. dot takes codes up to 128, dot_wide up to 255.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "tensor/kernels.h"
#include "tensor/packed_layout.h"

namespace retort::tensor {

inline constexpr int kQuadsOfRun = 8;
inline constexpr std::ptrdiff_t kBlockOfX = kQuantBlock;

// Whether codes need dot_wide.
static constexpr bool is_wide(const PackedFormat& f) {
  return f.zero == 128;
}

// Asks for the values of a run some way ahead. What the processor fetches of its own accord is too
// little to hide memory behind arithmetic: it stops at the ends of pages.
inline constexpr std::size_t kFetchAhead = 4'096;
template <PackedFormat F>
static void fetch_ahead(const std::byte* values, std::size_t distance) {
  constexpr std::size_t kBytes = run_bytes(F) + parts_of_run(F) * sub_bytes(F);
  for (std::size_t at = 0; at < kBytes; at += 64) __builtin_prefetch(values + distance + at);
}

// The 64 codes of quad `Quad` of the run at `values`.
template <typename Q, PackedFormat F, int Quad>
inline typename Q::Bytes load_codes(const std::byte* values) {
  constexpr Plane kBase = F.planes[0];
  constexpr Plane kMore = F.planes[1];
  constexpr std::size_t kVectorOfBase{plane_vector(kBase, Quad)};
  auto codes = Q::template move<plane_shift(kBase, Quad), kBase.to, kBase.bits>(
      Q::load(values + kVectorOfBase * 64));
  if constexpr (kMore.bits > 0) {
    constexpr std::size_t kVectorOfMore{kBase.bits + plane_vector(kMore, Quad)};
    codes = Q::either(codes, Q::template move<plane_shift(kMore, Quad), kMore.to, kMore.bits>(
                                 Q::load(values + kVectorOfMore * 64)));
  }
  if constexpr (F.table == CodeTable::uneven_steps) return Q::look_up(kUnevenCodes, codes);
  if constexpr (F.table == CodeTable::e2m1) return Q::look_up(kE2m1Codes, codes);
  return codes;
}

// The scale of part `part` of a run, and its least.
template <typename Q, PackedFormat F>
inline typename Q::Floats load_scale(const std::byte* group, const RunPlace& place,
                                     std::size_t part) {
  const std::byte* sub = group + place.subs + part * sub_bytes(F);
  if constexpr (F.scale == ScaleKind::halves) return Q::halves(group + place.scales);
  if constexpr (F.scale == ScaleKind::exponents) return Q::exponents(group + place.scales);
  if constexpr (F.scale == ScaleKind::signed_bytes) {
    return Q::mul(Q::halves(group + place.scales), Q::signed_bytes(sub));
  }
  if constexpr (F.scale == ScaleKind::bytes) {
    return Q::mul(Q::halves(group + place.scales), Q::bytes(sub));
  }
  if constexpr (F.scale == ScaleKind::nibbles) {
    return Q::mul(Q::halves(group + place.scales), Q::low_nibbles(sub));
  }
}
template <typename Q, PackedFormat F>
inline typename Q::Floats load_least(const std::byte* group, const RunPlace& place,
                                     std::size_t part) {
  const std::byte* sub = group + place.subs + part * sub_bytes(F);
  const auto least = Q::halves(group + place.scales + 2 * kRowGroup);
  if constexpr (F.scale == ScaleKind::bytes) return Q::mul(least, Q::bytes(sub + kRowGroup));
  if constexpr (F.scale == ScaleKind::nibbles) return Q::mul(least, Q::high_nibbles(sub));
  return least;
}

// Where a part's products begin: at what codes are offset by, times minus the activations' sum.
// `offset` is -128 times that sum.
template <typename Q, PackedFormat F>
inline typename Q::Ints start_products(std::int32_t offset) {
  if constexpr (is_wide(F)) return Q::start_wide(offset);
  constexpr auto kZero = static_cast<unsigned>(F.zero);
  if constexpr (kZero == 0) return Q::splat(0);
  // 128 divides the offset, so a shift is a division.
  if constexpr (std::has_single_bit(kZero))
    return Q::splat(offset >> (7 - std::countr_zero(kZero)));
  return Q::splat((offset >> 7) * F.zero);
}

template <typename Q, PackedFormat F, int C, int Quad>
inline void add_quad(const std::byte* values, const std::int8_t* x,
                     typename Q::Ints (&products)[C]) {
  constexpr std::ptrdiff_t kPlace = std::ptrdiff_t{Quad} * 4;
  const auto codes = load_codes<Q, F, Quad>(values);
  if constexpr (is_wide(F)) {
    const auto wide = Q::wide(codes);
    for (int c = 0; c < C; ++c) {
      products[c] = Q::dot_wide(products[c], wide, x + c * kBlockOfX + kPlace);
    }
  } else {
    for (int c = 0; c < C; ++c) {
      products[c] = Q::dot(products[c], codes, x + c * kBlockOfX + kPlace);
    }
  }
}

// The activations from one column on, laid out as QuantizedRows.
struct PackedInputs {
  const std::int8_t* values;
  const float* scales;          // of blocks
  const std::int32_t* offsets;  // of parts
  const float* sums;            // of parts
  std::size_t batch;
};
template <PackedFormat F>
static PackedInputs packed_inputs(const MatmulSlice& s, std::size_t column) {
  const bool whole = F.part == kQuantBlock;
  return {s.quantized.values + column * kQuantBlock, s.quantized.scales + column,
          (whole ? s.quantized.offsets : s.quantized.half_offsets) + column,
          (whole ? s.quantized.sums : s.quantized.half_sums) + column, s.batch};
}

// One part of 16 rows against C columns.
template <typename Q, PackedFormat F, int C, int Part>
inline void add_part(const std::byte* group, const RunPlace& place, std::size_t run,
                     const PackedInputs& x, typename Q::Floats (&sums)[C]) {
  constexpr int kParts = static_cast<int>(parts_of_run(F));
  constexpr int kQuads = kQuadsOfRun / kParts;
  const std::size_t part = run * kParts + Part;
  typename Q::Ints products[C];
  for (int c = 0; c < C; ++c) {
    products[c] = start_products<Q, F>(x.offsets[part * x.batch + c]);
  }
  [&]<int... quad>(std::integer_sequence<int, quad...>) {
    (add_quad<Q, F, C, Part * kQuads + quad>(group + place.values,
                                             x.values + run * x.batch * kQuantBlock, products),
     ...);
  }(std::make_integer_sequence<int, kQuads>{});
  const auto scale = load_scale<Q, F>(group, place, Part);
  for (int c = 0; c < C; ++c) {
    sums[c] = Q::add_scaled(sums[c], products[c], scale, x.scales[run * x.batch + c]);
  }
  if constexpr (F.least != Least::none) {
    const auto least = load_least<Q, F>(group, place, Part);
    for (int c = 0; c < C; ++c) {
      const float x_sum = x.sums[part * x.batch + c];
      sums[c] = F.least == Least::added ? Q::add_to(sums[c], least, x_sum)
                                        : Q::take_off(sums[c], least, x_sum);
    }
  }
}

// G groups of rows from `row` on, which are `group_bytes` apart, against C columns. Only the last
// row of the last group may be behind the end.
template <typename Q, PackedFormat F, int C, int G = 1>
inline void packed_tile(const MatmulSlice& s, const std::byte* group, std::size_t group_bytes,
                        std::size_t row, std::size_t column) {
  const PackedInputs x = packed_inputs<F>(s, column);
  typename Q::Floats sums[G][C];
  for (auto& of_group : sums) {
    for (auto& sum : of_group) sum = Q::zero();
  }
  for (std::size_t run = 0; run < s.cols / kQuantBlock; ++run) {
    const RunPlace place = run_place(F, s.cols, run);
    for (std::size_t g = 0; g < G; ++g) {
      const std::byte* weights = group + g * group_bytes;
      fetch_ahead<F>(weights + place.values, kFetchAhead / G);
      add_part<Q, F, C, 0>(weights, place, run, x, sums[g]);
      if constexpr (parts_of_run(F) == 2) add_part<Q, F, C, 1>(weights, place, run, x, sums[g]);
    }
  }
  for (std::size_t g = 0; g < G; ++g) {
    const std::size_t left = s.row_end - row - g * kRowGroup;
    const std::size_t rows = left < kRowGroup ? left : kRowGroup;
    for (int c = 0; c < C; ++c) {
      Q::store(s.out + (column + c) * s.out_stride + row + g * kRowGroup, sums[g][c], rows);
    }
  }
}

// One column. Memory gives more when it is read in several places at once.
template <typename Q, PackedFormat F>
void packed_column(const MatmulSlice& s) {
  constexpr int kPlaces = 4;
  const std::size_t group_bytes = packed_group_bytes(F, s.cols);
  const std::byte* group = s.weights + s.row_begin / kRowGroup * group_bytes;
  std::size_t row = s.row_begin;
  for (; row + (kPlaces - 1) * kRowGroup < s.row_end; row += kPlaces * kRowGroup) {
    packed_tile<Q, F, 1, kPlaces>(s, group, group_bytes, row, 0);
    group += kPlaces * group_bytes;
  }
  for (; row < s.row_end; row += kRowGroup) {
    packed_tile<Q, F, 1>(s, group, group_bytes, row, 0);
    group += group_bytes;
  }
}

// Columns [column, end) of one group of rows: C at a time, what is left by smaller tiles.
template <typename Q, PackedFormat F, int C>
inline void packed_columns(const MatmulSlice& s, const std::byte* group, std::size_t row,
                           std::size_t column, std::size_t end) {
  for (; column + C <= end; column += C) packed_tile<Q, F, C>(s, group, 0, row, column);
  if constexpr (C > 1) {
    if (column < end) packed_columns<Q, F, C / 2>(s, group, row, column, end);
  }
}

// Columns in blocks whose 8-bit activations stay in the second-level cache.
template <typename Q, PackedFormat F>
void matmul_packed(const MatmulSlice& s) {
  constexpr std::size_t kBlock = 96;
  if (s.batch == 1) return packed_column<Q, F>(s);
  const std::size_t group_bytes = packed_group_bytes(F, s.cols);
  for (std::size_t block = 0; block < s.batch; block += kBlock) {
    const std::size_t end = block + kBlock < s.batch ? block + kBlock : s.batch;
    for (std::size_t row = s.row_begin; row < s.row_end; row += kRowGroup) {
      const std::byte* group = s.weights + row / kRowGroup * group_bytes;
      packed_columns<Q, F, Q::kTileColumns>(s, group, row, block, end);
    }
  }
}

// Fills in the products of all packed formats.
template <typename Q>
void set_packed_kernels(Kernels& kernels) {
  [&]<PackedFormat... F>(PackedFormats<F...>) {
    ((kernels.products[static_cast<std::size_t>(F.type)] = matmul_packed<Q, F>), ...);
  }(AllPackedFormats{});
}

}  // namespace retort::tensor
