// What this machine can do at most: bytes read a second, and 8-bit multiply-adds a second.
//
// Speed is judged as a share of these, measured in the same run (docs/performance.md), because
// machines differ and drift. Each measurement takes a few hundred milliseconds.
#pragma once

#include <cstddef>

#include "tensor/kernels.h"
#include "tensor/thread_pool.h"

namespace retort::tensor {

// Bytes a second that all threads of the pool together read from a buffer of `bytes` (far larger
// than the caches), the best of five passes. 0 where there is no memory for it.
double measure_read_bandwidth(ThreadPool& pool, std::size_t bytes);

// Operations a second (a multiply-add counts two) of the widest 8-bit dot product that `kernels`
// may use, on all threads of the pool, from registers alone; the best of five passes.
double measure_int8_operations(const Kernels& kernels, ThreadPool& pool);

}  // namespace retort::tensor
