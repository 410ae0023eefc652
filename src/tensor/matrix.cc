// See matrix.h.
#include "tensor/matrix.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "tensor/kernels.h"
#include "tensor/packing.h"

namespace retort::tensor {
namespace {

template <typename T>
T load(const std::byte* data) noexcept {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

}  // namespace

Result<Matrix> Matrix::make(DType type, std::size_t rows, std::size_t cols,
                            const std::byte* source) {
  Matrix matrix;
  matrix.type_ = type;
  matrix.rows_ = rows;
  matrix.cols_ = cols;
  matrix.packing_ = packing(type);
  const bool packed = matrix.packing_ != nullptr;
  // Safetensors files need not align their tensors; such a one is copied.
  const bool aligned = reinterpret_cast<std::uintptr_t>(source) % dtype_info(type).block_bytes == 0;
  const std::size_t groups = (rows + kRowGroup - 1) / kRowGroup;
  matrix.bytes_ = packed ? groups * matrix.packing_->group_bytes(cols) : rows * matrix.row_bytes();
  matrix.data_ = source;
  if (!packed && aligned) return matrix;
  auto copy = Buffer::make(matrix.bytes_);
  if (!copy) return std::move(copy).error();
  matrix.copy_ = std::move(*copy);
  matrix.data_ = matrix.copy_.data();
  if (packed) {
    matrix.pack(source);
  } else {
    std::memcpy(matrix.copy_.data(), source, matrix.bytes_);
  }
  return matrix;
}

// Rows behind the last one stay zero: scales of 0 make them products of 0.
void Matrix::pack(const std::byte* source) noexcept {
  const std::size_t group_bytes = packing_->group_bytes(cols_);
  for (std::size_t row = 0; row < rows_; ++row) {
    packing_->pack_row(source + row * row_bytes(), cols_, row % kRowGroup,
                       copy_.data() + row / kRowGroup * group_bytes);
  }
}

void Matrix::read_row(std::size_t row, float* out) const noexcept {
  if (packing_ != nullptr) {
    const std::byte* group = data_ + row / kRowGroup * packing_->group_bytes(cols_);
    packing_->read_row(group, cols_, row % kRowGroup, out);
    return;
  }
  const std::byte* from = data_ + row * row_bytes();
  if (type_ == DType::f32) {
    std::memcpy(out, from, cols_ * sizeof(float));
    return;
  }
  const auto convert = type_ == DType::f16 ? float_from_f16 : float_from_bf16;
  for (std::size_t i = 0; i < cols_; ++i) out[i] = convert(load<std::uint16_t>(from + 2 * i));
}

}  // namespace retort::tensor
