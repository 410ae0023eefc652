// Matrix products of a step: one set of activations times one or more weight matrices, cut over the
// thread pool.
#pragma once

#include <cstddef>
#include <span>

#include <retort/result.h>

#include "tensor/buffer.h"
#include "tensor/kernels.h"
#include "tensor/matrix.h"
#include "tensor/thread_pool.h"

namespace retort::tensor {

// out[b, r] = sum over c of weights[r, c] * x[b, c] (+ bias[r]).
struct Product {
  const Matrix* weights = nullptr;  // [rows, cols]
  const float* bias = nullptr;      // [rows] f32, or null
  float* out = nullptr;             // [batch, rows] f32
};

// The left side of products: rows of floats, and the same rows in 8 bits where a product needs
// them. Owned by one model; not thread-safe.
class Activations {
 public:
  // Makes room for `batch` rows of up to `cols_max` columns. Errors (io): no memory.
  Result<void> reserve(std::size_t batch, std::size_t cols_max);

  // Points at x [batch, cols] f32, which must stay as it is until the next call; within what was
  // reserved.
  void set(const float* x, std::size_t batch, std::size_t cols) noexcept;

 private:
  friend void multiply(const Kernels&, ThreadPool::Step&, Activations&, std::span<const Product>);
  QuantizedRow rows() noexcept;
  void quantize(const Kernels& kernels, ThreadPool::Step& step);

  const float* x_ = nullptr;
  std::size_t batch_ = 0;
  std::size_t cols_ = 0;
  bool quantized_ = false;
  std::size_t batch_max_ = 0;
  std::size_t cols_max_ = 0;
  Buffer memory_;  // of QuantizedRows
};

// Computes all products, which share the activations, in one parallel region. Every matrix has the
// activations' column count and a type that the kernels support.
void multiply(const Kernels& kernels, ThreadPool::Step& step, Activations& activations,
              std::span<const Product> products);

}  // namespace retort::tensor
