// The kernels of class "avxvnni": those of avx2, with 8-bit products by VPDPBUSD in 256 bits.
#include "tensor/int8_avx2.h"
#include "tensor/kernels_by_class.h"
#include "tensor/packed_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace retort::tensor {
namespace {

// The tag of this file's own copy of what it shares with kernels_avx2.cc.
struct ThisFile;

// VPDPBUSD takes the weights unsigned, as codes are.
struct AvxVnniInt8 : Avx2Rows<ThisFile> {
  using Wide = Bytes;
  static Ints dot(const Ints& sum, const Bytes& codes, const std::int8_t* x) {
    const __m256i xs = quad(x);
    return {_mm256_dpbusd_avx_epi32(sum.low, codes.low, xs),
            _mm256_dpbusd_avx_epi32(sum.high, codes.high, xs)};
  }
  static Ints start_wide(std::int32_t offset) { return splat(offset); }
  static Wide wide(const Bytes& codes) { return codes; }
  static Ints dot_wide(const Ints& sum, const Wide& codes, const std::int8_t* x) {
    return dot(sum, codes, x);
  }
};

// The 8-bit peak: vpdpbusd on 32 bytes.
struct AvxVnniPeak {
  using Vector = __m256i;
  static Vector splat(int value) { return _mm256_set1_epi32(value); }
  static Vector set1(char value) { return _mm256_set1_epi8(value); }
  static Vector dot(Vector sum, Vector left, Vector right) {
    return _mm256_dpbusd_avx_epi32(sum, left, right);
  }
  static Vector add(Vector a, Vector b) { return _mm256_add_epi32(a, b); }
  static int first(Vector a) { return _mm256_cvtsi256_si32(a); }
};

}  // namespace

void set_avxvnni_kernels(Kernels& kernels) {
  set_avx2_kernels(kernels);
  kernels.kernel_class = KernelClass::avxvnni;
  set_packed_kernels<AvxVnniInt8>(kernels);
  kernels.int8_loop = int8_peak<AvxVnniPeak>;
}

}  // namespace retort::tensor
#endif
