// The 8-bit peak of AVX2: vpmaddubsw, vpmaddwd and an addition on 32 bytes.
#include <immintrin.h>

#include <array>

#include "tensor/machine_limits.h"

namespace retort::tensor {

// Twelve independent sums hide the instruction's latency.
int int8_loop_avx2(std::size_t rounds, std::size_t& operations) {
  constexpr std::size_t kSums = 12;
  std::array<__m256i, kSums> sums;
  for (std::size_t i = 0; i < kSums; ++i) sums[i] = _mm256_set1_epi32(static_cast<int>(i));
  __m256i left = _mm256_set1_epi8(3);
  __m256i right = _mm256_set1_epi8(5);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (__m256i& sum : sums) {
      const __m256i pairs = _mm256_maddubs_epi16(left, right);
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, right));
      // The compiler must take all three for changed: equal rounds would else be one.
      __asm__ volatile("" : "+x"(sum), "+x"(left), "+x"(right));
    }
  }
  alignas(64) std::array<int, 16> lanes{};
  __m256i total = sums[0];
  for (std::size_t i = 1; i < kSums; ++i) total = _mm256_add_epi32(total, sums[i]);
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes.data()), total);
  operations = kSums * sizeof(__m256i) * 2;
  return lanes[0];
}

}  // namespace retort::tensor
