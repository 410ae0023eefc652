// The kernels of class "avx512vnni": those of avx512, with 8-bit products by VPDPBUSD in 512 bits.
#include <cstring>

#include "tensor/kernels_by_class.h"
#include "tensor/q4_kernels.h"
#include "tensor/q8_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace retort::tensor {
namespace {

// Sixteen rows in one vector. VPDPBUSD takes the weights unsigned, as they are stored (value +
// 128); the surplus, 128 times the activations' sum, is taken off at the start.
struct Avx512VnniQ8 {
  static constexpr int kTileColumns = 8;
  using Ints = __m512i;
  using Floats = __m512;
  static Floats zero() { return _mm512_setzero_ps(); }
  static Ints start(std::int32_t offset) { return _mm512_set1_epi32(offset); }
  static Ints load_weights(const std::byte* p) { return _mm512_loadu_si512(p); }
  static Ints dot(Ints sum, Ints w, const std::int8_t* x) {
    std::int32_t quad;
    std::memcpy(&quad, x, sizeof(quad));
    return _mm512_dpbusd_epi32(sum, w, _mm512_set1_epi32(quad));
  }
  static Floats load_scales(const std::byte* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static Floats add_scaled(Floats sum, Ints products, Floats scale, float x_scale) {
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(products),
                           _mm512_mul_ps(scale, _mm512_set1_ps(x_scale)), sum);
  }
  struct Nibbles {
    Ints low, high;  // unsigned bytes
  };
  static Ints splat(std::int32_t value) { return _mm512_set1_epi32(value); }
  static Nibbles load_nibbles(const std::byte* p) {
    const __m512i mask = _mm512_set1_epi8(15);
    const __m512i both = _mm512_loadu_si512(p);
    return {_mm512_and_si512(both, mask), _mm512_and_si512(_mm512_srli_epi16(both, 4), mask)};
  }
  static Ints dot_unsigned(Ints sum, Ints w, const std::int8_t* x) {
    std::int32_t quad;
    std::memcpy(&quad, x, sizeof(quad));
    return _mm512_dpbusd_epi32(sum, w, _mm512_set1_epi32(quad));
  }
  static Floats load_bytes(const std::byte* p) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
  }
  static Floats mul(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  static Floats add_to(Floats sum, Floats a, float factor) {
    return _mm512_fmadd_ps(a, _mm512_set1_ps(factor), sum);
  }
  static void store(float* p, Floats sum, std::size_t rows) {
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1U << rows) - 1), sum);
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
  kernels.matmul_q8_0 = matmul_q8<Avx512VnniQ8>;
  set_q4_kernels<Avx512VnniQ8>(kernels);
  kernels.int8_loop = int8_peak<Avx512VnniPeak>;
}

}  // namespace retort::tensor
#endif
