// The kernels of class "avx512vnni": those of avx512, with 8-bit products by VPDPBUSD in 512 bits.
#include "tensor/kernels_by_class.h"
#include "tensor/panel_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace retort::tensor {
namespace {

// The tag of this file's own copy of what all of 512 bits share.
struct ThisFile;
using Avx512VnniInt8 = VnniInt8<ThisFile>;

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
  set_panel_kernels<VnniPanels<Avx512VnniInt8>, VnniPanels<Avx512VnniInt8>, Avx512VnniInt8>(
      kernels);
  kernels.int8_loop = int8_peak<Avx512VnniPeak>;
}

}  // namespace retort::tensor
#endif
