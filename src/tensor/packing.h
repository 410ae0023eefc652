// Packing: quantized weights from their layout in a file to the one of packed_layout.h, once at
// load; and single rows of it back to floats, for embeddings.
#pragma once

#include <cstddef>

#include "tensor/dtype.h"

namespace retort::tensor {

struct Packing {
  // Bytes of 16 packed rows of `cols` columns, a whole number of blocks.
  std::size_t (*group_bytes)(std::size_t cols);
  // Writes row `lane` (0 to 15) of a group from its blocks in a file. The group was zero before.
  void (*pack_row)(const std::byte* row, std::size_t cols, std::size_t lane, std::byte* group);
  // Writes row `lane` of a group as `cols` floats, the same that its blocks stand for.
  void (*read_row)(const std::byte* group, std::size_t cols, std::size_t lane, float* out);
};

// How weights of `type` are packed; null for types that are not quantized. Thread-safe.
const Packing* packing(DType type) noexcept;

}  // namespace retort::tensor
