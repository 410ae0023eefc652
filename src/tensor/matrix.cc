// See matrix.h.
#include "tensor/matrix.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "tensor/block_formats.h"
#include "tensor/q8_kernels.h"

namespace retort::tensor {
namespace {

constexpr std::size_t kQ8Bytes = 2 + kQuantBlock;  // an f16 scale and 32 bytes (ggml block_q8_0)

template <typename T>
T load(const std::byte* data) noexcept {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

// Copies one block of one row into its place among the group's 16 rows.
void pack_block(const std::byte* from, std::size_t lane, std::byte* values,
                std::byte* scales) noexcept {
  std::memcpy(scales + lane * 2, from, 2);
  for (std::size_t quad = 0; quad < kQuantBlock / 4; ++quad) {
    // Adding 128 to a signed byte is flipping its top bit.
    const std::uint32_t four = load<std::uint32_t>(from + 2 + quad * 4) ^ 0x80808080U;
    std::memcpy(values + (quad * kRowGroup + lane) * 4, &four, 4);
  }
}

}  // namespace

Result<Matrix> Matrix::make(DType type, std::size_t rows, std::size_t cols,
                            const std::byte* source) {
  Matrix matrix;
  matrix.type_ = type;
  matrix.rows_ = rows;
  matrix.cols_ = cols;
  const bool packed = type == DType::q8_0;
  const DTypeInfo& info = dtype_info(type);
  // Safetensors files need not align their tensors; such a one is copied. Blocks are read as bytes.
  const bool aligned =
      info.block_elements > 1 || reinterpret_cast<std::uintptr_t>(source) % info.block_bytes == 0;
  const std::size_t groups = (rows + kRowGroup - 1) / kRowGroup;
  matrix.bytes_ =
      packed ? groups * packed_group_bytes(cols / kQuantBlock) : rows * matrix.row_bytes();
  matrix.data_ = source;
  if (!packed && aligned) return matrix;
  auto copy = Buffer::make(matrix.bytes_);
  if (!copy) return std::move(copy).error();
  matrix.copy_ = std::move(*copy);
  matrix.data_ = matrix.copy_.data();
  if (packed) {
    matrix.pack_q8_0(source);
  } else {
    std::memcpy(matrix.copy_.data(), source, matrix.bytes_);
  }
  return matrix;
}

// Rows behind the last one stay zero: a scale of 0 makes them products of 0.
void Matrix::pack_q8_0(const std::byte* source) noexcept {
  const std::size_t blocks = cols_ / kQuantBlock;
  const std::size_t group_bytes = packed_group_bytes(blocks);
  for (std::size_t row = 0; row < rows_; ++row) {
    std::byte* group = copy_.data() + row / kRowGroup * group_bytes;
    std::byte* scales = group + blocks * kPackedBlockBytes;
    const std::byte* from = source + row * blocks * kQ8Bytes;
    for (std::size_t block = 0; block < blocks; ++block) {
      pack_block(from + block * kQ8Bytes, row % kRowGroup, group + block * kPackedBlockBytes,
                 scales + block * kPackedScaleBytes);
    }
  }
}

void Matrix::read_row(std::size_t row, float* out) const noexcept {
  const std::byte* from = data_ + row * row_bytes();
  switch (type_) {
    case DType::f32:
      std::memcpy(out, from, cols_ * sizeof(float));
      return;
    case DType::f16:
      for (std::size_t i = 0; i < cols_; ++i) {
        out[i] = float_from_f16(load<std::uint16_t>(from + 2 * i));
      }
      return;
    case DType::bf16:
      for (std::size_t i = 0; i < cols_; ++i) {
        out[i] = float_from_bf16(load<std::uint16_t>(from + 2 * i));
      }
      return;
    case DType::q8_0:
      read_packed_row(row, out);
      return;
    default:
      dequantizer(type_)(from, cols_, out);
  }
}

void Matrix::read_packed_row(std::size_t row, float* out) const noexcept {
  const std::size_t blocks = cols_ / kQuantBlock;
  const std::byte* group = data_ + row / kRowGroup * packed_group_bytes(blocks);
  const std::byte* scales = group + blocks * kPackedBlockBytes;
  const std::size_t lane = row % kRowGroup;
  for (std::size_t i = 0; i < cols_; ++i) {
    const std::size_t block = i / kQuantBlock;
    const float scale =
        float_from_f16(load<std::uint16_t>(scales + block * kPackedScaleBytes + lane * 2));
    const std::size_t quad = i % kQuantBlock / 4;
    const std::byte stored =
        group[block * kPackedBlockBytes + (quad * kRowGroup + lane) * 4 + i % 4];
    out[i] = static_cast<float>(static_cast<int>(stored) - 128) * scale;
  }
}

}  // namespace retort::tensor
