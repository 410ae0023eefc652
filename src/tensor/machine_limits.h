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

// One thread's loop of `rounds` rounds; returns a value that depends on all of them, and the
// operations of one round in `operations`. One for each instruction set.
using Int8Loop = int (*)(std::size_t rounds, std::size_t& operations);
int int8_loop_portable(std::size_t rounds, std::size_t& operations);
int int8_loop_avx2(std::size_t rounds, std::size_t& operations);
int int8_loop_avxvnni(std::size_t rounds, std::size_t& operations);
int int8_loop_avx512(std::size_t rounds, std::size_t& operations);
int int8_loop_avx512vnni(std::size_t rounds, std::size_t& operations);

}  // namespace retort::tensor
