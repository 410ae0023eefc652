// Matrix products of packed weights for many columns at once, in 512 bits: panels.
//
// With many columns it pays to unpack a stretch of weights once: 32 rows by 256 elements, as signed
// bytes with their scales as floats, which stay in the first-level cache while all columns pass by.
// Each output element has the arithmetic of packed_kernels.h, in its order, so its bits too.
//
// A policy P, one of the including file's own, says how a panel is multiplied: P::multiply<Shape>
// (panel, inputs, columns, sums). Shape is what of a format is left once it is unpacked.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "tensor/kernels.h"
#include "tensor/packed_kernels.h"
#include "tensor/packed_layout.h"

namespace retort::tensor {

inline constexpr std::size_t kPanelGroups = 2;
inline constexpr std::size_t kPanelRows = kPanelGroups * kRowGroup;
inline constexpr std::size_t kPanelRuns = 8;
inline constexpr std::size_t kPanelParts = 2 * kPanelRuns;
inline constexpr std::size_t kPanelColumns = 512;  // whose sums are kept at a time

struct PanelShape {
  std::size_t parts = 1;  // of a run
  Least least = Least::none;
};

struct alignas(64) Panel {
  std::int8_t codes[kPanelGroups][kPanelRuns][kQuadsOfRun][64];
  float scales[kPanelGroups][kPanelParts][kRowGroup];
  float leasts[kPanelGroups][kPanelParts][kRowGroup];
  // -128 times the sum of a part's codes, for activations that are 128 too large.
  std::int32_t starts[kPanelGroups][kPanelParts][kRowGroup];
  std::size_t runs;
};

// The activations from a panel's first run and first column on. A column's are so many of each
// kind apart as its row has.
struct PanelInputs {
  const std::int8_t* values;
  const std::uint8_t* raised;  // values + 128
  const float* scales;
  const float* sums;  // of parts
  std::size_t cols;
  std::size_t runs;
  std::size_t parts;
};

template <typename Q, PackedFormat F, int Quad>
inline void unpack_quad(const std::byte* values, std::int8_t* codes, __m512i& sum) {
  const __m512i code =
      _mm512_sub_epi8(load_codes<Q, F, Quad>(values), _mm512_set1_epi8(static_cast<char>(F.zero)));
  _mm512_storeu_si512(codes + Quad * 64, code);
  sum = _mm512_dpbusd_epi32(sum, _mm512_set1_epi8(-128), code);  // 128, taken unsigned
}

template <typename Q, PackedFormat F>
inline void unpack_run(const std::byte* group, std::size_t cols, std::size_t run, std::size_t slot,
                       std::size_t g, Panel& panel) {
  constexpr std::size_t kParts = parts_of_run(F);
  const RunPlace place = run_place(F, cols, run);
  __m512i sums[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
  [&]<int... quad>(std::integer_sequence<int, quad...>) {
    (unpack_quad<Q, F, quad>(group + place.values, panel.codes[g][slot][0],
                             sums[quad * kParts / kQuadsOfRun]),
     ...);
  }(std::make_integer_sequence<int, kQuadsOfRun>{});
  for (std::size_t part = 0; part < kParts; ++part) {
    const std::size_t to = slot * kParts + part;
    _mm512_store_ps(panel.scales[g][to], load_scale<Q, F>(group, place, part));
    if constexpr (F.least != Least::none) {
      _mm512_store_ps(panel.leasts[g][to], load_least<Q, F>(group, place, part));
    }
    _mm512_store_si512(panel.starts[g][to], _mm512_sub_epi32(_mm512_setzero_si512(), sums[part]));
  }
}

// Two groups of rows against `columns` columns from `column` on. A slice may end with one group;
// then the second is the first once more, and not written.
template <typename P, typename Q, PackedFormat F>
inline void panel_rows(const MatmulSlice& s, std::size_t row, std::size_t column,
                       std::size_t columns, float* sums) {
  constexpr PanelShape kShape = {parts_of_run(F), F.least};
  const std::size_t runs = s.cols / kQuantBlock;
  const std::size_t parts = runs * kShape.parts;
  const bool both = row + kRowGroup < s.row_end;
  const std::byte* first = s.weights + row / kRowGroup * packed_group_bytes(F, s.cols);
  const std::byte* groups[kPanelGroups] = {first,
                                           both ? first + packed_group_bytes(F, s.cols) : first};
  for (std::size_t i = 0; i < columns * kPanelRows; i += 16) {
    _mm512_store_ps(sums + i, _mm512_setzero_ps());
  }
  Panel panel;
  const float* part_sums = kShape.parts == 1 ? s.quantized.sums : s.quantized.half_sums;
  for (std::size_t run = 0; run < runs; run += kPanelRuns) {
    panel.runs = runs - run < kPanelRuns ? runs - run : kPanelRuns;
    for (std::size_t slot = 0; slot < panel.runs; ++slot) {
      for (std::size_t g = 0; g < kPanelGroups; ++g) {
        unpack_run<Q, F>(groups[g], s.cols, run + slot, slot, g, panel);
      }
    }
    const PanelInputs x = {s.quantized.values + column * s.cols + run * kQuantBlock,
                           s.quantized.raised + column * s.cols + run * kQuantBlock,
                           s.quantized.scales + column * runs + run,
                           part_sums + column * parts + run * kShape.parts,
                           s.cols,
                           runs,
                           parts};
    P::template multiply<kShape>(panel, x, columns, sums);
  }
  for (std::size_t c = 0; c < columns; ++c) {
    float* out = s.out + (column + c) * s.out_stride + row;
    for (std::size_t g = 0; g < (both ? kPanelGroups : 1); ++g) {
      const std::size_t left = s.row_end - row - g * kRowGroup;
      Q::store(out + g * kRowGroup, _mm512_load_ps(sums + c * kPanelRows + g * kRowGroup),
               left < kRowGroup ? left : kRowGroup);
    }
  }
}

// Panels where they pay, packed_kernels.h's tiles for fewer columns.
template <typename P, typename Q, PackedFormat F>
void matmul_panels(const MatmulSlice& s) {
  if (s.batch < P::kColumnsLeast) return matmul_packed<Q, F>(s);
  alignas(64) float sums[kPanelColumns * kPanelRows];
  for (std::size_t column = 0; column < s.batch; column += kPanelColumns) {
    const std::size_t left = s.batch - column;
    const std::size_t columns = left < kPanelColumns ? left : kPanelColumns;
    for (std::size_t row = s.row_begin; row < s.row_end; row += kPanelRows) {
      panel_rows<P, Q, F>(s, row, column, columns, sums);
    }
  }
}

// Fills in the products of all packed formats.
template <typename P, typename Q>
void set_panel_kernels(Kernels& kernels) {
  [&]<PackedFormat... F>(PackedFormats<F...>) {
    ((kernels.products[static_cast<std::size_t>(F.type)] = matmul_panels<P, Q, F>), ...);
  }(AllPackedFormats{});
}

// Adds a part's products, as integers, to the sums of one group and column.
template <PanelShape S>
inline __m512 add_products(const Panel& panel, const PanelInputs& x, std::size_t g,
                           std::size_t part, std::size_t column, __m512i products, __m512 sum) {
  const __m512 scale = _mm512_load_ps(panel.scales[g][part]);
  const __m512 x_scale = _mm512_set1_ps(x.scales[column * x.runs + part / S.parts]);
  sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(products), _mm512_mul_ps(scale, x_scale), sum);
  if constexpr (S.least != Least::none) {
    const __m512 least = _mm512_load_ps(panel.leasts[g][part]);
    const __m512 x_sum = _mm512_set1_ps(x.sums[column * x.parts + part]);
    sum = S.least == Least::added ? _mm512_fmadd_ps(least, x_sum, sum)
                                  : _mm512_fnmadd_ps(least, x_sum, sum);
  }
  return sum;
}

}  // namespace retort::tensor
#endif
