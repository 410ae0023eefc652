// The kernels of class "avx2": AVX2, FMA and F16C, in vectors of eight floats.
#include <cstring>

#include "tensor/attention_kernels.h"
#include "tensor/float_kernels.h"
#include "tensor/int8_avx2.h"
#include "tensor/kernels_by_class.h"
#include "tensor/packed_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace retort::tensor {
namespace {

struct Avx2 {
  static constexpr std::size_t kLanes = 8;
  static constexpr int kTileColumns = 2;
  using Floats = __m256;

  static Floats set1(float x) { return _mm256_set1_ps(x); }
  static Floats load(const float* p) { return _mm256_loadu_ps(p); }
  static Floats load_n(const float* p, std::size_t n) {
    return load_f32_n(reinterpret_cast<const std::byte*>(p), n);
  }
  static Floats load_f32(const std::byte* p) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(p));
  }
  static Floats load_f32_n(const std::byte* p, std::size_t n) {
    float copy[kLanes] = {};
    std::memcpy(copy, p, n * sizeof(float));
    return _mm256_loadu_ps(copy);
  }
  static Floats load_f16(const std::byte* p) { return _mm256_cvtph_ps(load_halves(p)); }
  static Floats load_f16_n(const std::byte* p, std::size_t n) {
    return _mm256_cvtph_ps(load_halves_n(p, n));
  }
  static Floats load_bf16(const std::byte* p) { return floats_from_bf16(load_halves(p)); }
  static Floats load_bf16_n(const std::byte* p, std::size_t n) {
    return floats_from_bf16(load_halves_n(p, n));
  }
  static Floats load_i8(const std::byte* p) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
  }
  static Floats load_i8_n(const std::byte* p, std::size_t n) {
    std::byte copy[kLanes] = {};
    std::memcpy(copy, p, n);
    return load_i8(copy);
  }
  static void store(float* p, Floats v) { _mm256_storeu_ps(p, v); }
  static void store_n(float* p, Floats v, std::size_t n) {
    float copy[kLanes];
    _mm256_storeu_ps(copy, v);
    std::memcpy(p, copy, n * sizeof(float));
  }
  static Floats fma(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
  static Floats add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
  static Floats sub(Floats a, Floats b) { return _mm256_sub_ps(a, b); }
  static Floats mul(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
  static Floats div(Floats a, Floats b) { return _mm256_div_ps(a, b); }
  static Floats max(Floats a, Floats b) { return _mm256_max_ps(a, b); }
  static Floats min(Floats a, Floats b) { return _mm256_min_ps(a, b); }
  static Floats abs(Floats a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), a); }
  static float first(Floats a) { return _mm256_cvtss_f32(a); }
  // Halves added until one is left: ((0+4)+(2+6)) + ((1+5)+(3+7)).
  static float sum(Floats a) {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
  }
  static float max_of(Floats a) {
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
  }
  static Floats round(Floats a) {
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  static Floats times_power_of_2(Floats a, Floats n) {
    const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), exponent));
  }
  static std::int32_t store_i8(std::int8_t* p, Floats a) {
    const __m256 number = _mm256_cmp_ps(a, a, _CMP_ORD_Q);  // a NaN becomes 0
    const __m256i whole = _mm256_cvtps_epi32(_mm256_and_ps(a, number));
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(words, words));
    __m128i sums = _mm_madd_epi16(words, _mm_set1_epi16(1));
    sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0x4E));
    sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0xB1));
    return _mm_cvtsi128_si32(sums);
  }
  static void store_f16(std::uint16_t* p, Floats a) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), halves(a));
  }
  static void store_f16_n(std::uint16_t* p, Floats a, std::size_t n) {
    std::uint16_t copy[kLanes];
    store_f16(copy, a);
    std::memcpy(p, copy, n * sizeof(std::uint16_t));
  }

 private:
  static __m128i halves(Floats a) { return _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT); }
  static __m128i load_halves(const std::byte* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }
  static __m128i load_halves_n(const std::byte* p, std::size_t n) {
    std::uint16_t copy[kLanes] = {};
    std::memcpy(copy, p, n * sizeof(std::uint16_t));
    return load_halves(reinterpret_cast<const std::byte*>(copy));
  }
  static Floats floats_from_bf16(__m128i h) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(h), 16));
  }
};

// The tag of this file's own copy of what it shares with kernels_avxvnni.cc.
struct ThisFile;

// VPMADDUBSW adds two products in 16 bits: exact for codes up to 128. For larger ones the weights
// go in by sign and magnitude, with the activations' signs turned instead.
struct Avx2Int8 : Avx2Rows<ThisFile> {
  struct Wide {
    __m256i low, high;            // signed
    __m256i low_size, high_size;  // magnitudes
  };
  static Ints dot(const Ints& sum, const Bytes& codes, const std::int8_t* x) {
    const __m256i xs = quad(x);
    return {_mm256_add_epi32(sum.low, added(_mm256_maddubs_epi16(codes.low, xs))),
            _mm256_add_epi32(sum.high, added(_mm256_maddubs_epi16(codes.high, xs)))};
  }
  static Ints start_wide(std::int32_t /*offset*/) { return splat(0); }
  static Wide wide(const Bytes& codes) {
    const __m256i flip = _mm256_set1_epi8(-128);  // value + 128 back to value
    const __m256i low = _mm256_xor_si256(codes.low, flip);
    const __m256i high = _mm256_xor_si256(codes.high, flip);
    return {low, high, _mm256_abs_epi8(low), _mm256_abs_epi8(high)};
  }
  static Ints dot_wide(const Ints& sum, const Wide& w, const std::int8_t* x) {
    const __m256i xs = quad(x);
    const __m256i low = _mm256_maddubs_epi16(w.low_size, _mm256_sign_epi8(xs, w.low));
    const __m256i high = _mm256_maddubs_epi16(w.high_size, _mm256_sign_epi8(xs, w.high));
    return {_mm256_add_epi32(sum.low, added(low)), _mm256_add_epi32(sum.high, added(high))};
  }

 private:
  static __m256i added(__m256i pairs) { return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)); }
};

// The 8-bit peak: vpmaddubsw, vpmaddwd and an addition on 32 bytes.
struct Avx2Peak {
  using Vector = __m256i;
  static Vector splat(int value) { return _mm256_set1_epi32(value); }
  static Vector set1(char value) { return _mm256_set1_epi8(value); }
  static Vector dot(Vector sum, Vector left, Vector right) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(left, right), right));
  }
  static Vector add(Vector a, Vector b) { return _mm256_add_epi32(a, b); }
  static int first(Vector a) { return _mm256_cvtsi256_si32(a); }
};

}  // namespace

void set_avx2_kernels(Kernels& kernels) {
  kernels.kernel_class = KernelClass::avx2;
  set_float_kernels<Avx2>(kernels);
  set_attention_kernels<Avx2>(kernels);
  set_packed_kernels<Avx2Int8>(kernels);
  kernels.int8_loop = int8_peak<Avx2Peak>;
}

}  // namespace retort::tensor
#endif
