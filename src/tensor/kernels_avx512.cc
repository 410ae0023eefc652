// The kernels of class "avx512": AVX-512 F, BW, VL and DQ, in vectors of sixteen floats.
#include <cstring>

#include "tensor/attention_kernels.h"
#include "tensor/float_kernels.h"
#include "tensor/int8_avx512.h"
#include "tensor/kernels_by_class.h"
#include "tensor/packed_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace retort::tensor {
namespace {

struct Avx512 {
  static constexpr std::size_t kLanes = 16;
  static constexpr int kTileColumns = 4;
  using Floats = __m512;

  static Floats set1(float x) { return _mm512_set1_ps(x); }
  static Floats load(const float* p) { return _mm512_loadu_ps(p); }
  static Floats load_n(const float* p, std::size_t n) {
    return _mm512_maskz_loadu_ps(first_lanes(n), p);
  }
  static Floats load_f32(const std::byte* p) { return _mm512_loadu_ps(p); }
  static Floats load_f32_n(const std::byte* p, std::size_t n) {
    return _mm512_maskz_loadu_ps(first_lanes(n), p);
  }
  static Floats load_f16(const std::byte* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static Floats load_f16_n(const std::byte* p, std::size_t n) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first_lanes(n), p));
  }
  static Floats load_bf16(const std::byte* p) {
    return floats_from_bf16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static Floats load_bf16_n(const std::byte* p, std::size_t n) {
    return floats_from_bf16(_mm256_maskz_loadu_epi16(first_lanes(n), p));
  }
  static Floats load_i8(const std::byte* p) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
  }
  static Floats load_i8_n(const std::byte* p, std::size_t n) {
    const __m128i bytes = _mm_maskz_loadu_epi8(first_lanes(n), p);
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
  }
  static void store(float* p, Floats v) { _mm512_storeu_ps(p, v); }
  static void store_n(float* p, Floats v, std::size_t n) {
    _mm512_mask_storeu_ps(p, first_lanes(n), v);
  }
  static Floats fma(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
  static Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
  static Floats sub(Floats a, Floats b) { return _mm512_sub_ps(a, b); }
  static Floats mul(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  static Floats div(Floats a, Floats b) { return _mm512_div_ps(a, b); }
  static Floats max(Floats a, Floats b) { return _mm512_max_ps(a, b); }
  static Floats min(Floats a, Floats b) { return _mm512_min_ps(a, b); }
  static Floats abs(Floats a) { return _mm512_abs_ps(a); }
  static float first(Floats a) { return _mm512_cvtss_f32(a); }
  // Halves added until one is left: lane i and i + 8, then i + 4, i + 2, i + 1.
  static float sum(Floats a) {
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
  }
  static float max_of(Floats a) { return _mm512_reduce_max_ps(a); }
  static Floats round(Floats a) {
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static Floats times_power_of_2(Floats a, Floats n) {
    const __m512i exponent = _mm512_slli_epi32(_mm512_cvtps_epi32(n), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), exponent));
  }
  static std::int32_t store_i8(std::int8_t* p, Floats a) {
    const __mmask16 number = _mm512_cmp_ps_mask(a, a, _CMP_ORD_Q);  // a NaN becomes 0
    const __m512i whole = _mm512_maskz_cvtps_epi32(number, a);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(whole));
    return _mm512_reduce_add_epi32(whole);
  }
  static void store_f16(std::uint16_t* p, Floats a) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
  }
  static void store_f16_n(std::uint16_t* p, Floats a, std::size_t n) {
    _mm256_mask_storeu_epi16(p, first_lanes(n), _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
  }

 private:
  static __mmask16 first_lanes(std::size_t n) { return static_cast<__mmask16>((1U << n) - 1); }
  static Floats floats_from_bf16(__m256i h) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16));
  }
};

// The tag of this file's own copy of what all of 512 bits share.
struct ThisFile;

// VPMADDUBSW adds two products in 16 bits: exact for codes up to 128. For larger ones there is no
// byte sign instruction in 512 bits, so they are widened to 16 bits and multiplied there.
struct Avx512Int8 : Avx512Rows<ThisFile> {
  static constexpr int kTileColumns = 4;
  struct Wide {
    __m512i even, odd;  // bytes 0 and 2, and bytes 1 and 3, of each row's four, in 16 bits
  };
  static Ints dot(Ints sum, Bytes codes, const std::int8_t* x) {
    const __m512i pairs = _mm512_maddubs_epi16(codes, quad(x));
    return _mm512_add_epi32(sum, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
  }
  static Ints start_wide(std::int32_t /*offset*/) { return splat(0); }
  static Wide wide(Bytes codes) {
    return halves_of(_mm512_xor_si512(codes, _mm512_set1_epi8(-128)));
  }
  static Ints dot_wide(Ints sum, const Wide& w, const std::int8_t* x) {
    const Wide xs = halves_of(quad(x));
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(w.even, xs.even));
    return _mm512_add_epi32(sum, _mm512_madd_epi16(w.odd, xs.odd));
  }

 private:
  static Wide halves_of(__m512i a) {
    return {_mm512_srai_epi16(_mm512_slli_epi16(a, 8), 8), _mm512_srai_epi16(a, 8)};
  }
};

// The 8-bit peak: vpmaddubsw, vpmaddwd and an addition on 64 bytes.
struct Avx512Peak {
  using Vector = __m512i;
  static Vector splat(int value) { return _mm512_set1_epi32(value); }
  static Vector set1(char value) { return _mm512_set1_epi8(value); }
  static Vector dot(Vector sum, Vector left, Vector right) {
    return _mm512_add_epi32(sum, _mm512_madd_epi16(_mm512_maddubs_epi16(left, right), right));
  }
  static Vector add(Vector a, Vector b) { return _mm512_add_epi32(a, b); }
  static int first(Vector a) { return _mm512_cvtsi512_si32(a); }
};

}  // namespace

void set_avx512_kernels(Kernels& kernels) {
  kernels.kernel_class = KernelClass::avx512;
  set_float_kernels<Avx512>(kernels);
  set_attention_kernels<Avx512>(kernels);
  set_packed_kernels<Avx512Int8>(kernels);
  kernels.int8_loop = int8_peak<Avx512Peak>;
}

}  // namespace retort::tensor
#endif
