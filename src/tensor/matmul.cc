// See matmul.h.
//
// The rows of all products, in groups of 16, are cut into one contiguous share a thread. Where the
// whole is too small to be worth waking anybody, the caller computes it alone.
#include "tensor/matmul.h"

#include <algorithm>
#include <utility>

namespace retort::tensor {
namespace {

// Multiply-adds below which a parallel region costs more than it saves (about 2 microseconds of
// one thread's work).
constexpr std::size_t kAloneBelow = 100'000;

std::size_t groups_of(const Product& product) noexcept {
  return (product.weights->rows() + kRowGroup - 1) / kRowGroup;
}

void add_bias(const Product& product, const MatmulSlice& slice) noexcept {
  if (product.bias == nullptr) return;
  for (std::size_t b = 0; b < slice.batch; ++b) {
    float* row = slice.out + b * slice.out_stride;
    for (std::size_t r = slice.row_begin; r < slice.row_end; ++r) row[r] += product.bias[r];
  }
}

// Groups [begin, end) of the list of all products' groups.
void compute_groups(const Kernels& kernels, std::span<const Product> products, MatmulSlice slice,
                    std::size_t begin, std::size_t end) noexcept {
  std::size_t first = 0;  // the product's first group, counted over all products
  for (const Product& product : products) {
    const std::size_t groups = groups_of(product);
    const std::size_t from = std::clamp(begin, first, first + groups) - first;
    const std::size_t to = std::clamp(end, first, first + groups) - first;
    first += groups;
    if (from == to) continue;
    const Matrix& weights = *product.weights;
    slice.weights = weights.data();
    slice.dequantize = dequantizer(weights.type());
    slice.row_bytes = weights.row_bytes();
    slice.row_begin = from * kRowGroup;
    slice.row_end = std::min(to * kRowGroup, weights.rows());
    slice.out = product.out;
    slice.out_stride = weights.rows();
    kernels.matmul(weights.type())(slice);
    add_bias(product, slice);
  }
}

}  // namespace

Result<void> Activations::reserve(std::size_t batch, std::size_t cols_max) {
  if (batch <= batch_max_ && cols_max <= cols_max_) return {};
  batch = std::max(batch, batch_max_);
  cols_max = std::max(cols_max, cols_max_);
  const std::size_t blocks = (cols_max + kQuantBlock - 1) / kQuantBlock;
  auto values = Buffer::make(batch * blocks * kQuantBlock);
  auto scales = Buffer::make(batch * blocks * sizeof(float));
  auto offsets = Buffer::make(batch * blocks * sizeof(std::int32_t));
  for (auto* made : {&values, &scales, &offsets}) {
    if (!*made) return std::move(*made).error();
  }
  values_ = std::move(*values);
  scales_ = std::move(*scales);
  offsets_ = std::move(*offsets);
  batch_max_ = batch;
  cols_max_ = cols_max;
  return {};
}

void Activations::set(const float* x, std::size_t batch, std::size_t cols) noexcept {
  x_ = x;
  batch_ = batch;
  cols_ = cols;
  quantized_ = false;
}

void Activations::quantize(const Kernels& kernels, ThreadPool::Step& step) {
  if (quantized_) return;
  const std::size_t blocks = cols_ / kQuantBlock;
  step.split(batch_, 4, [&](std::size_t begin, std::size_t end) {
    for (std::size_t b = begin; b < end; ++b) {
      kernels.quantize_row(x_ + b * cols_, cols_, values_.as<std::int8_t>() + b * cols_,
                           scales_.as<float>() + b * blocks,
                           offsets_.as<std::int32_t>() + b * blocks);
    }
  });
  quantized_ = true;
}

void multiply(const Kernels& kernels, ThreadPool::Step& step, Activations& activations,
              std::span<const Product> products) {
  MatmulSlice slice;
  slice.cols = activations.cols_;
  slice.batch = activations.batch_;
  slice.x = activations.x_;
  std::size_t groups = 0;
  for (const Product& product : products) {
    groups += groups_of(product);
    if (takes_quantized(product.weights->type())) activations.quantize(kernels, step);
  }
  slice.quantized = {activations.values_.as<std::int8_t>(), activations.scales_.as<float>(),
                     activations.offsets_.as<std::int32_t>()};
  if (groups * kRowGroup * slice.cols * slice.batch < kAloneBelow) {
    compute_groups(kernels, products, slice, 0, groups);
    return;
  }
  step.split(groups, 1, [&](std::size_t begin, std::size_t end) {
    compute_groups(kernels, products, slice, begin, end);
  });
}

}  // namespace retort::tensor
