// The 8-bit peak of AVX-512 VNNI: vpdpbusd on 64 bytes.
#include <immintrin.h>

#include <array>

#include "tensor/machine_limits.h"

namespace retort::tensor {

// Twelve independent sums hide the instruction's latency.
int int8_loop_avx512vnni(std::size_t rounds, std::size_t& operations) {
  constexpr std::size_t kSums = 12;
  std::array<__m512i, kSums> sums;
  for (std::size_t i = 0; i < kSums; ++i) sums[i] = _mm512_set1_epi32(static_cast<int>(i));
  __m512i left = _mm512_set1_epi8(3);
  __m512i right = _mm512_set1_epi8(5);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (__m512i& sum : sums) {
      sum = _mm512_dpbusd_epi32(sum, left, right);
      // The compiler must take all three for changed: equal rounds would else be one.
      __asm__ volatile("" : "+v"(sum), "+v"(left), "+v"(right));
    }
  }
  alignas(64) std::array<int, 16> lanes{};
  __m512i total = sums[0];
  for (std::size_t i = 1; i < kSums; ++i) total = _mm512_add_epi32(total, sums[i]);
  _mm512_store_si512(reinterpret_cast<__m512i*>(lanes.data()), total);
  operations = kSums * sizeof(__m512i) * 2;
  return lanes[0];
}

}  // namespace retort::tensor
