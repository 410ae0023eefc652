// The kernels of class "avxvnni": those of avx2, with 8-bit products by VPDPBUSD in 256 bits.
#include <cstring>

#include "tensor/kernels_by_class.h"
#include "tensor/q4_kernels.h"
#include "tensor/q8_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace retort::tensor {
namespace {

// Sixteen rows in two vectors. VPDPBUSD takes the weights unsigned, as they are stored (value +
// 128); the surplus, 128 times the activations' sum, is taken off at the start.
struct AvxVnniQ8 {
  static constexpr int kTileColumns = 3;
  struct Ints {
    __m256i low, high;
  };
  struct Floats {
    __m256 low, high;
  };
  static Floats zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static Ints start(std::int32_t offset) {
    return {_mm256_set1_epi32(offset), _mm256_set1_epi32(offset)};
  }
  static Ints load_weights(const std::byte* p) {
    const auto* from = reinterpret_cast<const __m256i*>(p);
    return {_mm256_loadu_si256(from), _mm256_loadu_si256(from + 1)};
  }
  static Ints dot(const Ints& sum, const Ints& w, const std::int8_t* x) {
    std::int32_t quad;
    std::memcpy(&quad, x, sizeof(quad));
    const __m256i xs = _mm256_set1_epi32(quad);
    return {_mm256_dpbusd_avx_epi32(sum.low, w.low, xs),
            _mm256_dpbusd_avx_epi32(sum.high, w.high, xs)};
  }
  static Floats load_scales(const std::byte* p) {
    const auto* from = reinterpret_cast<const __m128i*>(p);
    return {_mm256_cvtph_ps(_mm_loadu_si128(from)), _mm256_cvtph_ps(_mm_loadu_si128(from + 1))};
  }
  static Floats add_scaled(const Floats& sum, const Ints& products, const Floats& scale,
                           float x_scale) {
    const __m256 xs = _mm256_set1_ps(x_scale);
    return {
        _mm256_fmadd_ps(_mm256_cvtepi32_ps(products.low), _mm256_mul_ps(scale.low, xs), sum.low),
        _mm256_fmadd_ps(_mm256_cvtepi32_ps(products.high), _mm256_mul_ps(scale.high, xs),
                        sum.high)};
  }
  struct Nibbles {
    Ints low, high;  // unsigned bytes
  };
  static Ints splat(std::int32_t value) {
    return {_mm256_set1_epi32(value), _mm256_set1_epi32(value)};
  }
  static Nibbles load_nibbles(const std::byte* p) {
    const __m256i mask = _mm256_set1_epi8(15);
    const auto* from = reinterpret_cast<const __m256i*>(p);
    const __m256i a = _mm256_loadu_si256(from);
    const __m256i b = _mm256_loadu_si256(from + 1);
    return {{_mm256_and_si256(a, mask), _mm256_and_si256(b, mask)},
            {_mm256_and_si256(_mm256_srli_epi16(a, 4), mask),
             _mm256_and_si256(_mm256_srli_epi16(b, 4), mask)}};
  }
  static Ints dot_unsigned(const Ints& sum, const Ints& w, const std::int8_t* x) {
    std::int32_t quad;
    std::memcpy(&quad, x, sizeof(quad));
    const __m256i xs = _mm256_set1_epi32(quad);
    return {_mm256_dpbusd_avx_epi32(sum.low, w.low, xs),
            _mm256_dpbusd_avx_epi32(sum.high, w.high, xs)};
  }
  static Floats load_bytes(const std::byte* p) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return {_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)),
            _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8)))};
  }
  static Floats mul(const Floats& a, const Floats& b) {
    return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
  }
  static Floats add_to(const Floats& sum, const Floats& a, float factor) {
    const __m256 f = _mm256_set1_ps(factor);
    return {_mm256_fmadd_ps(a.low, f, sum.low), _mm256_fmadd_ps(a.high, f, sum.high)};
  }
  static void store(float* p, const Floats& sum, std::size_t rows) {
    float copy[kRowGroup];
    _mm256_storeu_ps(copy, sum.low);
    _mm256_storeu_ps(copy + 8, sum.high);
    std::memcpy(p, copy, rows * sizeof(float));
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
  kernels.matmul_q8_0 = matmul_q8<AvxVnniQ8>;
  set_q4_kernels<AvxVnniQ8>(kernels);
  kernels.int8_loop = int8_peak<AvxVnniPeak>;
}

}  // namespace retort::tensor
#endif
