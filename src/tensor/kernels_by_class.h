// What fills the kernel tables: one function a class, each in the file named for it, which also
// sets kernel_class. kernels.cc calls those that the processor can run.
#pragma once

#include <cstddef>

#include "tensor/kernels.h"

namespace retort::tensor {

void set_portable_kernels(Kernels& kernels);
#if defined(__x86_64__)
// Each may be called only where the processor has the class.
void set_avx2_kernels(Kernels& kernels);
void set_avxvnni_kernels(Kernels& kernels);
void set_avx512_kernels(Kernels& kernels);
void set_avx512vnni_kernels(Kernels& kernels);
void set_amx_kernels(Kernels& kernels);
#endif

#if defined(__x86_64__)
// Kernels::int8_loop, written once over a policy P: a Vector, set1 of bytes, splat of 32 bits, dot,
// add, first.
template <typename P>
int int8_peak(std::size_t rounds, std::size_t& operations) {
  constexpr int kSums = 12;  // independent sums, to hide the instruction's latency
  typename P::Vector sums[kSums];
  for (int i = 0; i < kSums; ++i) sums[i] = P::splat(i);
  auto left = P::set1(3);
  auto right = P::set1(5);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (auto& sum : sums) {
      sum = P::dot(sum, left, right);
      // The compiler must take all three for changed: equal rounds would else be one.
      __asm__ volatile("" : "+v"(sum), "+v"(left), "+v"(right));
    }
  }
  for (int i = 1; i < kSums; ++i) sums[0] = P::add(sums[0], sums[i]);
  operations = kSums * sizeof(sums[0]) * 2;
  return P::first(sums[0]);
}
#endif

}  // namespace retort::tensor
