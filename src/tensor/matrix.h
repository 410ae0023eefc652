// Matrix: a weight matrix in the layout that the kernels read.
//
// Quantized types are packed once at load: 16 rows side by side, so that a vector's lanes are rows
// (packed_layout.h). A packed matrix takes the memory that the file's takes, K formats up to 5 %
// more, and no longer needs the file. Plain types stay where the file has them, row after row.
#pragma once

#include <cstddef>

#include <retort/result.h>

#include "tensor/buffer.h"
#include "tensor/dtype.h"

namespace retort::tensor {

struct Packing;

// Immutable once made; thread-safe.
class Matrix {
 public:
  Matrix() = default;

  // A matrix of [rows, cols] from `source`, rows one after another as in model files, `type` one of
  // is_weight_type, cols a multiple of its block. Where the result is a view (is_view()) `source`
  // must outlive it. Errors (io): no memory for the copy.
  static Result<Matrix> make(DType type, std::size_t rows, std::size_t cols,
                             const std::byte* source);

  DType type() const noexcept { return type_; }
  std::size_t rows() const noexcept { return rows_; }
  std::size_t cols() const noexcept { return cols_; }
  std::size_t bytes() const noexcept { return bytes_; }
  // Of a row as a file has it.
  std::size_t row_bytes() const noexcept {
    const DTypeInfo& info = dtype_info(type_);
    return cols_ / info.block_elements * info.block_bytes;
  }
  bool is_view() const noexcept { return copy_.bytes() == 0; }

  // The bytes for MatmulSlice::weights.
  const std::byte* data() const noexcept { return data_; }

  // Writes row `row` (below rows()) as `cols()` floats: an embedding.
  void read_row(std::size_t row, float* out) const noexcept;

 private:
  void pack(const std::byte* source) noexcept;

  DType type_ = DType::f32;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  std::size_t bytes_ = 0;
  const Packing* packing_ = nullptr;  // of a quantized type
  const std::byte* data_ = nullptr;
  Buffer copy_;
};

}  // namespace retort::tensor
