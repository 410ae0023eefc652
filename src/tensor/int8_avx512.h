// What classes avx512 and avx512vnni share of packed_kernels.h's policy: 16 rows in one vector of
// 512 bits. Tag is a type of the including file's own, so that each file has its own copy of the
// code (float_kernels.h says why).
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tensor/kernels.h"

namespace retort::tensor {

template <typename Tag>
struct Avx512Rows {
  using Ints = __m512i;
  using Bytes = __m512i;
  using Floats = __m512;

  static Floats zero() { return _mm512_setzero_ps(); }
  static Ints splat(std::int32_t value) { return _mm512_set1_epi32(value); }
  static Bytes load(const std::byte* p) { return _mm512_loadu_si512(p); }
  // Bits From to From + Bits - 1 of each byte, as bits from To on.
  template <int From, int To, int Bits>
  static Bytes move(Bytes a) {
    if constexpr (Bits == 8) return a;
    const __m512i mask = _mm512_set1_epi8(static_cast<char>(((1 << Bits) - 1) << To));
    if constexpr (From > To) a = _mm512_srli_epi16(a, From - To);
    if constexpr (From < To) a = _mm512_slli_epi16(a, To - From);
    return _mm512_and_si512(a, mask);
  }
  static Bytes either(Bytes a, Bytes b) { return _mm512_or_si512(a, b); }
  static Bytes look_up(const std::uint8_t (&table)[16], Bytes a) {
    const __m128i entries = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(entries), a);
  }
  static __m512i quad(const void* x) {
    std::int32_t four;
    std::memcpy(&four, x, sizeof(four));
    return _mm512_set1_epi32(four);
  }
  static Floats halves(const std::byte* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static Floats bytes(const std::byte* p) { return _mm512_cvtepi32_ps(words(p)); }
  static Floats signed_bytes(const std::byte* p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(sixteen(p)));
  }
  static Floats low_nibbles(const std::byte* p) {
    return _mm512_cvtepi32_ps(_mm512_and_si512(words(p), _mm512_set1_epi32(15)));
  }
  static Floats high_nibbles(const std::byte* p) {
    return _mm512_cvtepi32_ps(_mm512_srli_epi32(words(p), 4));
  }
  // 2^(e - 128), which may be subnormal, as the product of two powers that are not.
  static Floats exponents(const std::byte* p) {
    const __m512i e = words(p);
    const __m512i half = _mm512_srli_epi32(e, 1);
    return _mm512_mul_ps(power(half), power(_mm512_sub_epi32(e, half)));
  }
  static Floats mul(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  static Floats add_scaled(Floats sum, Ints products, Floats scale, float x_scale) {
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(products),
                           _mm512_mul_ps(scale, _mm512_set1_ps(x_scale)), sum);
  }
  static Floats add_to(Floats sum, Floats a, float factor) {
    return _mm512_fmadd_ps(a, _mm512_set1_ps(factor), sum);
  }
  static Floats take_off(Floats sum, Floats a, float factor) {
    return _mm512_fnmadd_ps(a, _mm512_set1_ps(factor), sum);
  }
  static void store(float* p, Floats sum, std::size_t rows) {
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1U << rows) - 1), sum);
  }

 private:
  static __m128i sixteen(const std::byte* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }
  static __m512i words(const std::byte* p) { return _mm512_cvtepu8_epi32(sixteen(p)); }
  static __m512 power(__m512i n) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(n, _mm512_set1_epi32(63)), 23));
  }
};

}  // namespace retort::tensor
#endif
