// The kernels of class "avx512vnni": those of avx512, with 8-bit products by VPDPBUSD in 512 bits.
#include "tensor/int8_avx512.h"
#include "tensor/kernels_by_class.h"
#include "tensor/packed_kernels.h"
#include "tensor/panel_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace retort::tensor {
namespace {

// VPDPBUSD takes the weights unsigned, as codes are.
struct Avx512VnniInt8 : Avx512Rows<Avx512VnniInt8> {
  static constexpr int kTileColumns = 8;
  using Wide = Bytes;
  static Ints dot(Ints sum, Bytes codes, const std::int8_t* x) {
    return _mm512_dpbusd_epi32(sum, codes, quad(x));
  }
  static Ints start_wide(std::int32_t offset) { return splat(offset); }
  static Wide wide(Bytes codes) { return codes; }
  static Ints dot_wide(Ints sum, Wide codes, const std::int8_t* x) { return dot(sum, codes, x); }
};

// Panels by VPDPBUSD. Here the activations go in unsigned, 128 too large, and what that makes too
// much is taken off at the start, the same for all columns.
struct VnniPanels {
  static constexpr std::size_t kColumnsLeast = 16;

  template <PanelShape S, int C>
  static void tile(const Panel& panel, const PanelInputs& x, std::size_t column, float* to) {
    constexpr int kQuads = kQuadsOfRun / static_cast<int>(S.parts);
    __m512 sums[kPanelGroups][C];
    for (int c = 0; c < C; ++c) {
      for (std::size_t g = 0; g < kPanelGroups; ++g) {
        sums[g][c] = _mm512_load_ps(to + (column + c) * kPanelRows + g * kRowGroup);
      }
    }
    const std::uint8_t* raised = x.raised + column * x.cols;
    for (std::size_t part = 0; part < panel.runs * S.parts; ++part) {
      __m512i products[kPanelGroups][C];
      for (int c = 0; c < C; ++c) {
        for (std::size_t g = 0; g < kPanelGroups; ++g) {
          products[g][c] = _mm512_load_si512(panel.starts[g][part]);
        }
      }
      for (int quad = 0; quad < kQuads; ++quad) {
        const std::size_t at = part * kQuads + static_cast<std::size_t>(quad);
        const __m512i first = _mm512_load_si512(panel.codes[0][0][0] + at * 64);
        const __m512i second = _mm512_load_si512(panel.codes[1][0][0] + at * 64);
        for (int c = 0; c < C; ++c) {
          const __m512i xs = Avx512VnniInt8::quad(raised + c * x.cols + at * 4);
          products[0][c] = _mm512_dpbusd_epi32(products[0][c], xs, first);
          products[1][c] = _mm512_dpbusd_epi32(products[1][c], xs, second);
        }
      }
      for (int c = 0; c < C; ++c) {
        for (std::size_t g = 0; g < kPanelGroups; ++g) {
          sums[g][c] = add_products<S>(panel, x, g, part, column + c, products[g][c], sums[g][c]);
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
  static void multiply(const Panel& panel, const PanelInputs& x, std::size_t columns, float* sums) {
    std::size_t column = 0;
    for (; column + 6 <= columns; column += 6) tile<S, 6>(panel, x, column, sums);
    for (; column + 3 <= columns; column += 3) tile<S, 3>(panel, x, column, sums);
    for (; column < columns; ++column) tile<S, 1>(panel, x, column, sums);
  }
};

// The 8-bit peak: vpdpbusd on 64 bytes.
struct Avx512VnniPeak {
  using Vector = __m512i;
  static Vector splat(int value) { return _mm512_set1_epi32(value); }
  static Vector set1(char value) { return _mm512_set1_epi8(value); }
  static Vector dot(Vector sum, Vector left, Vector right) {
    return _mm512_dpbusd_epi32(sum, left, right);
  }
  static Vector add(Vector a, Vector b) { return _mm512_add_epi32(a, b); }
  static int first(Vector a) { return _mm512_cvtsi512_si32(a); }
};

}  // namespace

void set_avx512vnni_kernels(Kernels& kernels) {
  set_avx512_kernels(kernels);
  kernels.kernel_class = KernelClass::avx512vnni;
  set_panel_kernels<VnniPanels, Avx512VnniInt8>(kernels);
  kernels.int8_loop = int8_peak<Avx512VnniPeak>;
}

}  // namespace retort::tensor
#endif
