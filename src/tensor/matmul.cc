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

// Rows whose scales, 4 bytes a block, lie in one cache line.
constexpr std::size_t kRowsOfLine = 16;

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
  const std::size_t blocks = batch * ((cols_max + kQuantBlock - 1) / kQuantBlock);
  // A kernel may read up to 15 rows behind the last one: values that come next in this memory.
  // Values twice, and 4 bytes for each of: a block's scale, offset and sum, its halves' two each.
  auto memory = Buffer::make(blocks * (2 * kQuantBlock + 7 * 4));
  if (!memory) return std::move(memory).error();
  memory_ = std::move(*memory);
  batch_max_ = batch;
  cols_max_ = cols_max;
  return {};
}

// The parts of memory_ one behind the other, for the batch and columns at hand.
QuantizedRow Activations::rows() noexcept {
  const std::size_t blocks = batch_ * (cols_ / kQuantBlock);
  QuantizedRow to;
  to.values = memory_.as<std::int8_t>();
  to.raised = memory_.as<std::uint8_t>() + blocks * kQuantBlock;
  to.scales = reinterpret_cast<float*>(to.raised + blocks * kQuantBlock);
  to.sums = to.scales + blocks;
  to.half_sums = to.sums + blocks;
  to.offsets = reinterpret_cast<std::int32_t*>(to.half_sums + 2 * blocks);
  to.half_offsets = to.offsets + blocks;
  return to;
}

void Activations::set(const float* x, std::size_t batch, std::size_t cols) noexcept {
  x_ = x;
  batch_ = batch;
  cols_ = cols;
  quantized_ = false;
}

void Activations::quantize(const Kernels& kernels, ThreadPool::Step& step) {
  if (quantized_) return;
  const QuantizedRow all = rows();
  // Rows of one cache line of scales stay with one thread.
  step.split(batch_, kRowsOfLine, [&](std::size_t begin, std::size_t end) {
    for (std::size_t b = begin; b < end; ++b) {
      kernels.quantize_row(
          x_ + b * cols_, cols_, batch_,
          {all.values + b * kQuantBlock, all.raised + b * kQuantBlock, all.scales + b,
           all.offsets + b, all.half_offsets + b, all.sums + b, all.half_sums + b});
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
  const QuantizedRow rows = activations.rows();
  slice.quantized = {rows.values,       rows.raised, rows.scales,   rows.offsets,
                     rows.half_offsets, rows.sums,   rows.half_sums};
  if (groups * kRowGroup * slice.cols * slice.batch < kAloneBelow) {
    compute_groups(kernels, products, slice, 0, groups);
    return;
  }
  step.split(groups, 1, [&](std::size_t begin, std::size_t end) {
    compute_groups(kernels, products, slice, begin, end);
  });
}

}  // namespace retort::tensor
