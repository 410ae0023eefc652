// What classes avx2 and avxvnni share of packed_kernels.h's policy: 16 rows in two vectors of 256
// bits. Tag is a type of the including file's own, so that each file has its own copy of the code
// (float_kernels.h says why).
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tensor/kernels.h"

namespace retort::tensor {

template <typename Tag>
struct Avx2Rows {
  static constexpr int kTileColumns = 4;
  struct Ints {
    __m256i low, high;
  };
  using Bytes = Ints;
  struct Floats {
    __m256 low, high;
  };

  static Floats zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static Ints splat(std::int32_t value) {
    return {_mm256_set1_epi32(value), _mm256_set1_epi32(value)};
  }
  static Bytes load(const std::byte* p) {
    const auto* from = reinterpret_cast<const __m256i*>(p);
    return {_mm256_loadu_si256(from), _mm256_loadu_si256(from + 1)};
  }
  // Bits From to From + Bits - 1 of each byte, as bits from To on.
  template <int From, int To, int Bits>
  static Bytes move(const Bytes& a) {
    if constexpr (Bits == 8) return a;
    return {moved<From, To, Bits>(a.low), moved<From, To, Bits>(a.high)};
  }
  static Bytes either(const Bytes& a, const Bytes& b) {
    return {_mm256_or_si256(a.low, b.low), _mm256_or_si256(a.high, b.high)};
  }
  static Bytes look_up(const std::uint8_t (&table)[16], const Bytes& a) {
    const __m256i entries =
        _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
    return {_mm256_shuffle_epi8(entries, a.low), _mm256_shuffle_epi8(entries, a.high)};
  }
  static __m256i quad(const std::int8_t* x) {
    std::int32_t four;
    std::memcpy(&four, x, sizeof(four));
    return _mm256_set1_epi32(four);
  }
  static Floats halves(const std::byte* p) {
    const auto* from = reinterpret_cast<const __m128i*>(p);
    return {_mm256_cvtph_ps(_mm_loadu_si128(from)), _mm256_cvtph_ps(_mm_loadu_si128(from + 1))};
  }
  static Floats bytes(const std::byte* p) { return floats_of(words(p)); }
  static Floats signed_bytes(const std::byte* p) {
    const __m128i sixteen = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return floats_of(
        {_mm256_cvtepi8_epi32(sixteen), _mm256_cvtepi8_epi32(_mm_srli_si128(sixteen, 8))});
  }
  static Floats low_nibbles(const std::byte* p) {
    const Ints a = words(p);
    const __m256i mask = _mm256_set1_epi32(15);
    return floats_of({_mm256_and_si256(a.low, mask), _mm256_and_si256(a.high, mask)});
  }
  static Floats high_nibbles(const std::byte* p) {
    const Ints a = words(p);
    return floats_of({_mm256_srli_epi32(a.low, 4), _mm256_srli_epi32(a.high, 4)});
  }
  // 2^(e - 128), which may be subnormal, as the product of two powers that are not.
  static Floats exponents(const std::byte* p) {
    const Ints a = words(p);
    return {power(a.low), power(a.high)};
  }
  static Floats mul(const Floats& a, const Floats& b) {
    return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
  }
  static Floats add_scaled(const Floats& sum, const Ints& products, const Floats& scale,
                           float x_scale) {
    const __m256 xs = _mm256_set1_ps(x_scale);
    const Floats p = floats_of(products);
    return {_mm256_fmadd_ps(p.low, _mm256_mul_ps(scale.low, xs), sum.low),
            _mm256_fmadd_ps(p.high, _mm256_mul_ps(scale.high, xs), sum.high)};
  }
  static Floats add_to(const Floats& sum, const Floats& a, float factor) {
    const __m256 f = _mm256_set1_ps(factor);
    return {_mm256_fmadd_ps(a.low, f, sum.low), _mm256_fmadd_ps(a.high, f, sum.high)};
  }
  static Floats take_off(const Floats& sum, const Floats& a, float factor) {
    const __m256 f = _mm256_set1_ps(factor);
    return {_mm256_fnmadd_ps(a.low, f, sum.low), _mm256_fnmadd_ps(a.high, f, sum.high)};
  }
  static void store(float* p, const Floats& sum, std::size_t rows) {
    float copy[kRowGroup];
    _mm256_storeu_ps(copy, sum.low);
    _mm256_storeu_ps(copy + 8, sum.high);
    std::memcpy(p, copy, rows * sizeof(float));
  }

 private:
  template <int From, int To, int Bits>
  static __m256i moved(__m256i a) {
    const __m256i mask = _mm256_set1_epi8(static_cast<char>(((1 << Bits) - 1) << To));
    if constexpr (From > To) a = _mm256_srli_epi16(a, From - To);
    if constexpr (From < To) a = _mm256_slli_epi16(a, To - From);
    return _mm256_and_si256(a, mask);
  }
  static Ints words(const std::byte* p) {
    const __m128i sixteen = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return {_mm256_cvtepu8_epi32(sixteen), _mm256_cvtepu8_epi32(_mm_srli_si128(sixteen, 8))};
  }
  static Floats floats_of(const Ints& a) {
    return {_mm256_cvtepi32_ps(a.low), _mm256_cvtepi32_ps(a.high)};
  }
  static __m256 power(__m256i e) {
    const __m256i bias = _mm256_set1_epi32(63);
    const __m256i half = _mm256_srli_epi32(e, 1);
    const __m256i rest = _mm256_sub_epi32(e, half);
    const auto power_of = [bias](__m256i n) {
      return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, bias), 23));
    };
    return _mm256_mul_ps(power_of(half), power_of(rest));
  }
};

}  // namespace retort::tensor
#endif
