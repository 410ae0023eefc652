// Matrix products of packed weights for many columns at once, in 512 bits: panels.
//
// With many columns it pays to unpack a stretch of weights once: 32 rows by 256 elements, as signed
// bytes with their scales as floats, which stay in the first-level cache while all columns pass by.
// Each output element has the arithmetic of packed_kernels.h, in its order, so its bits too.
//
// A policy P, one of the including file's own, says how a panel is multiplied: P::multiply<Shape>
// (panel, inputs, columns, sums, next), between P::begin<Shape>() and P::end(). Shape is what of a
// format is left once it is unpacked. P::kTakesStarts says whether it wants Panel::starts.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "tensor/int8_avx512.h"
#include "tensor/kernels.h"
#include "tensor/packed_kernels.h"
#include "tensor/packed_layout.h"

namespace retort::tensor {

// The policy of packed_kernels.h by VPDPBUSD, which takes the weights unsigned, as codes are.
template <typename Tag>
struct VnniInt8 : Avx512Rows<Tag> {
  static constexpr int kTileColumns = 8;
  using Ints = __m512i;
  using Bytes = __m512i;
  using Wide = __m512i;
  static Ints dot(Ints sum, Bytes codes, const std::int8_t* x) {
    return _mm512_dpbusd_epi32(sum, codes, Avx512Rows<Tag>::quad(x));
  }
  static Ints start_wide(std::int32_t offset) { return _mm512_set1_epi32(offset); }
  static Wide wide(Bytes codes) { return codes; }
  static Ints dot_wide(Ints sum, Wide codes, const std::int8_t* x) { return dot(sum, codes, x); }
};

inline constexpr std::size_t kPanelGroups = 2;
inline constexpr std::size_t kPanelRows = kPanelGroups * kRowGroup;
inline constexpr std::size_t kPanelRuns = 8;
inline constexpr std::size_t kPanelParts = 2 * kPanelRuns;
inline constexpr std::size_t kPanelColumns = 512;  // at a time
inline constexpr std::size_t kPanelsOfBlock = 4;   // at a time
inline constexpr std::size_t kPanelSums = kPanelColumns * kPanelRows;

struct PanelShape {
  std::size_t parts = 1;  // of a run
  Least least = Least::none;
};

struct alignas(64) Panel {
  std::int8_t codes[kPanelGroups][kPanelRuns * kQuadsOfRun * 64];  // quad by quad
  float scales[kPanelGroups][kPanelParts][kRowGroup];
  float leasts[kPanelGroups][kPanelParts][kRowGroup];
  // -128 times the sum of a part's codes, for activations that are 128 too large.
  std::int32_t starts[kPanelGroups][kPanelParts][kRowGroup];
  std::size_t runs;
};

// The activations from a panel's first run and first column on, laid out as QuantizedRows.
struct PanelInputs {
  const std::int8_t* values;
  const std::uint8_t* raised;  // values + 128
  const float* scales;
  const float* sums;  // of parts
  std::size_t batch;
};

// The weights of the panel that comes next, asked for line by line while the present one is
// multiplied: memory then works at the same time as arithmetic, and evenly.
class NextPanel {
 public:
  // `bytes` bytes from each address on; none where it is 0.
  NextPanel(const std::byte* first, const std::byte* second, std::size_t bytes)
      : first_(first), second_(second), lines_((bytes + 63) / 64) {}

  // Spreads what is to be asked for over `steps` calls of step(), at least one.
  void spread(std::size_t steps) { each_ = (lines_ + steps - 1) / steps; }
  void step() {
    for (std::size_t i = 0; i < each_ && asked_ < lines_; ++i, ++asked_) {
      __builtin_prefetch(first_ + asked_ * 64);
      __builtin_prefetch(second_ + asked_ * 64);
    }
  }

 private:
  const std::byte* first_;
  const std::byte* second_;
  std::size_t lines_;
  std::size_t each_ = 0;
  std::size_t asked_ = 0;
};

template <typename P, typename Q, PackedFormat F, int Quad>
inline void unpack_quad(const std::byte* values, std::int8_t* codes, __m512i& sum) {
  const __m512i code =
      _mm512_sub_epi8(load_codes<Q, F, Quad>(values), _mm512_set1_epi8(static_cast<char>(F.zero)));
  constexpr std::size_t kPlace = std::size_t{Quad} * 64;
  _mm512_storeu_si512(codes + kPlace, code);
  if constexpr (P::kTakesStarts) {
    sum = _mm512_dpbusd_epi32(sum, _mm512_set1_epi8(-128), code);  // 128, taken unsigned
  }
}

template <typename P, typename Q, PackedFormat F>
inline void unpack_run(const std::byte* group, std::size_t cols, std::size_t run, std::size_t slot,
                       std::size_t g, Panel& panel) {
  constexpr std::size_t kParts = parts_of_run(F);
  const RunPlace place = run_place(F, cols, run);
  __m512i sums[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
  [&]<int... quad>(std::integer_sequence<int, quad...>) {
    (unpack_quad<P, Q, F, quad>(group + place.values, panel.codes[g] + slot * kQuadsOfRun * 64,
                                sums[quad * kParts / kQuadsOfRun]),
     ...);
  }(std::make_integer_sequence<int, kQuadsOfRun>{});
  for (std::size_t part = 0; part < kParts; ++part) {
    const std::size_t to = slot * kParts + part;
    _mm512_store_ps(panel.scales[g][to], load_scale<Q, F>(group, place, part));
    if constexpr (F.least != Least::none) {
      _mm512_store_ps(panel.leasts[g][to], load_least<Q, F>(group, place, part));
    }
    if constexpr (P::kTakesStarts) {
      _mm512_store_si512(panel.starts[g][to], _mm512_sub_epi32(_mm512_setzero_si512(), sums[part]));
    }
  }
}

// Up to kPanelColumns columns from `column` on.
struct PanelColumns {
  std::size_t begin;
  std::size_t count;
};

// Unpacks up to kPanelRuns runs from `run` on, of two groups of rows. A slice may end with one
// group; then the second is the first once more, and not written.
template <typename P, typename Q, PackedFormat F>
inline void unpack_panel(const MatmulSlice& s, std::size_t row, std::size_t run, Panel& panel) {
  const std::size_t runs = s.cols / kQuantBlock;
  const std::size_t group_bytes = packed_group_bytes(F, s.cols);
  const std::byte* group = s.weights + row / kRowGroup * group_bytes;
  panel.runs = runs - run < kPanelRuns ? runs - run : kPanelRuns;
  for (std::size_t g = 0; g < kPanelGroups; ++g) {
    for (std::size_t slot = 0; slot < panel.runs; ++slot) {
      unpack_run<P, Q, F>(group, s.cols, run + slot, slot, g, panel);
    }
    if (row + kRowGroup < s.row_end) group += group_bytes;
  }
}

template <typename Q>
inline void write_sums(const MatmulSlice& s, std::size_t row, PanelColumns columns,
                       const float* sums) {
  for (std::size_t c = 0; c < columns.count; ++c) {
    float* out = s.out + (columns.begin + c) * s.out_stride;
    for (std::size_t r = row; r < row + kPanelRows && r < s.row_end; r += kRowGroup) {
      const std::size_t left = s.row_end - r;
      Q::store(out + r, _mm512_load_ps(sums + c * kPanelRows + (r - row)),
               left < kRowGroup ? left : kRowGroup);
    }
  }
}

template <PackedFormat F>
static NextPanel next_panel(const MatmulSlice& s, std::size_t row, std::size_t run) {
  const std::size_t runs = s.cols / kQuantBlock;
  if (run >= runs) return {nullptr, nullptr, 0};
  const std::size_t group_bytes = packed_group_bytes(F, s.cols);
  const std::byte* group = s.weights + row / kRowGroup * group_bytes;
  const std::size_t count = runs - run < kPanelRuns ? runs - run : kPanelRuns;
  const std::size_t bytes = F.block == kQuantBlock ? count * run_bytes(F) : block_stride(F);
  const std::byte* first = group + run_place(F, s.cols, run).values;
  return {first, row + kRowGroup < s.row_end ? first + group_bytes : first, bytes};
}

// kPanelsOfBlock panels' rows from `row` on. Stretch of elements by stretch, so that a stretch of
// the activations stays in the second-level cache for all of them, as do their sums.
template <typename P, typename Q, PackedFormat F>
inline void panel_block(const MatmulSlice& s, std::size_t row, PanelColumns columns, float* sums) {
  constexpr PanelShape kShape = {parts_of_run(F), F.least};
  const std::size_t left = (s.row_end - row + kPanelRows - 1) / kPanelRows;
  const std::size_t panels = left < kPanelsOfBlock ? left : kPanelsOfBlock;
  const std::size_t used = (columns.count + 15) / 16 * 16 * kPanelRows;
  for (std::size_t i = 0; i < panels; ++i) {
    for (std::size_t at = 0; at < used; at += 16) {
      _mm512_store_ps(sums + i * kPanelSums + at, _mm512_setzero_ps());
    }
  }
  const float* part_sums = kShape.parts == 1 ? s.quantized.sums : s.quantized.half_sums;
  Panel panel;
  for (std::size_t run = 0; run < s.cols / kQuantBlock; run += kPanelRuns) {
    const PanelInputs x = {s.quantized.values + (run * s.batch + columns.begin) * kQuantBlock,
                           s.quantized.raised + (run * s.batch + columns.begin) * kQuantBlock,
                           s.quantized.scales + run * s.batch + columns.begin,
                           part_sums + run * kShape.parts * s.batch + columns.begin, s.batch};
    for (std::size_t i = 0; i < panels; ++i) {
      unpack_panel<P, Q, F>(s, row + i * kPanelRows, run, panel);
      NextPanel next = i + 1 < panels ? next_panel<F>(s, row + (i + 1) * kPanelRows, run)
                                      : next_panel<F>(s, row, run + kPanelRuns);
      P::template multiply<kShape>(panel, x, columns.count, sums + i * kPanelSums, next);
    }
  }
  for (std::size_t i = 0; i < panels; ++i) {
    write_sums<Q>(s, row + i * kPanelRows, columns, sums + i * kPanelSums);
  }
}

// Panels where they pay, packed_kernels.h's tiles for fewer columns.
template <typename P, typename Q, PackedFormat F>
void matmul_panels(const MatmulSlice& s) {
  constexpr PanelShape kShape = {parts_of_run(F), F.least};
  if (s.batch < P::kColumnsLeast) return matmul_packed<Q, F>(s);
  alignas(64) float sums[kPanelsOfBlock * kPanelSums];
  P::template begin<kShape>(s.batch);
  for (std::size_t column = 0; column < s.batch; column += kPanelColumns) {
    const std::size_t left = s.batch - column;
    const PanelColumns columns = {column, left < kPanelColumns ? left : kPanelColumns};
    for (std::size_t row = s.row_begin; row < s.row_end; row += kPanelsOfBlock * kPanelRows) {
      panel_block<P, Q, F>(s, row, columns, sums);
    }
  }
  P::end();
}

// What a part adds its products to the sums by: the scales and leasts of one group's 16 rows, and
// those of the columns from `column` on.
struct PartFactors {
  __m512 scale;
  __m512 least;
  const float* x_scales;
  const float* x_sums;
};
template <PanelShape S>
static PartFactors part_factors(const Panel& panel, const PanelInputs& x, std::size_t g,
                                std::size_t part, std::size_t column) {
  return {_mm512_load_ps(panel.scales[g][part]),
          S.least == Least::none ? _mm512_setzero_ps() : _mm512_load_ps(panel.leasts[g][part]),
          x.scales + part / S.parts * x.batch + column, x.sums + part * x.batch + column};
}
template <PanelShape S>
static __m512 add_products(const PartFactors& by, std::size_t c, __m512i products, __m512 sum) {
  const __m512 scale = _mm512_mul_ps(by.scale, _mm512_set1_ps(by.x_scales[c]));
  sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(products), scale, sum);
  if constexpr (S.least == Least::none) return sum;
  const __m512 x_sum = _mm512_set1_ps(by.x_sums[c]);
  return S.least == Least::added ? _mm512_fmadd_ps(by.least, x_sum, sum)
                                 : _mm512_fnmadd_ps(by.least, x_sum, sum);
}

// Panels by VPDPBUSD. Here the activations go in unsigned, 128 too large, and what that makes too
// much is taken off at the start, the same for all columns.
template <typename Q>
struct VnniPanels {
  static constexpr std::size_t kColumnsLeast = 16;
  static constexpr bool kTakesStarts = true;

  template <PanelShape S>
  static void begin(std::size_t /*batch*/) {}
  static void end() {}

  template <PanelShape S, int C>
  static void tile(const Panel& panel, const PanelInputs& x, std::size_t column, NextPanel& next,
                   float* to) {
    constexpr int kQuads = kQuadsOfRun / static_cast<int>(S.parts);
    __m512 sums[kPanelGroups][C];
    for (int c = 0; c < C; ++c) {
      for (std::size_t g = 0; g < kPanelGroups; ++g) {
        sums[g][c] = _mm512_load_ps(to + (column + c) * kPanelRows + g * kRowGroup);
      }
    }
    const std::size_t batch = x.batch;
    for (std::size_t part = 0; part < panel.runs * S.parts; ++part) {
      next.step();
      __m512i products[kPanelGroups][C];
      for (int c = 0; c < C; ++c) {
        for (std::size_t g = 0; g < kPanelGroups; ++g) {
          products[g][c] = _mm512_load_si512(panel.starts[g][part]);
        }
      }
      const std::size_t run = part / S.parts;
      const std::uint8_t* raised =
          x.raised + (run * batch + column) * kQuantBlock + part % S.parts * kQuads * 4;
      for (int quad = 0; quad < kQuads; ++quad) {
        const std::size_t at = part * kQuads + static_cast<std::size_t>(quad);
        const __m512i first = _mm512_load_si512(panel.codes[0] + at * 64);
        const __m512i second = _mm512_load_si512(panel.codes[1] + at * 64);
        for (int c = 0; c < C; ++c) {
          const __m512i xs = Q::quad(raised + c * kBlockOfX + std::ptrdiff_t{quad} * 4);
          products[0][c] = _mm512_dpbusd_epi32(products[0][c], xs, first);
          products[1][c] = _mm512_dpbusd_epi32(products[1][c], xs, second);
        }
      }
      for (std::size_t g = 0; g < kPanelGroups; ++g) {
        const PartFactors by = part_factors<S>(panel, x, g, part, column);
        for (int c = 0; c < C; ++c) {
          sums[g][c] = add_products<S>(by, static_cast<std::size_t>(c), products[g][c], sums[g][c]);
        }
      }
    }
    for (int c = 0; c < C; ++c) {
      for (std::size_t g = 0; g < kPanelGroups; ++g) {
        _mm512_store_ps(to + (column + c) * kPanelRows + g * kRowGroup, sums[g][c]);
      }
    }
  }

  template <PanelShape S>
  static void multiply(const Panel& panel, const PanelInputs& x, std::size_t columns, float* sums,
                       NextPanel& next) {
    next.spread((columns + 5) / 6 * panel.runs * S.parts);
    std::size_t column = 0;
    for (; column + 6 <= columns; column += 6) tile<S, 6>(panel, x, column, next, sums);
    for (; column + 3 <= columns; column += 3) tile<S, 3>(panel, x, column, next, sums);
    for (; column < columns; ++column) tile<S, 1>(panel, x, column, next, sums);
  }
};

// Fills in the products of all packed formats: by policy Whole where a run has one scale, by Halves
// where it has two.
template <typename Whole, typename Halves, typename Q>
void set_panel_kernels(Kernels& kernels) {
  const auto set = [&kernels]<PackedFormat F>(PackedFormats<F>) {
    Kernels::MatmulFunction& product = kernels.products[static_cast<std::size_t>(F.type)];
    if constexpr (parts_of_run(F) == 1) {
      product = matmul_panels<Whole, Q, F>;
    } else {
      product = matmul_panels<Halves, Q, F>;
    }
  };
  [&]<PackedFormat... F>(PackedFormats<F...>) {
    (set(PackedFormats<F>{}), ...);
  }(AllPackedFormats{});
}

}  // namespace retort::tensor
#endif
