// The block formats of GGUF files: what a block stands for, in floats.
//
// A block packs 32 or 256 consecutive elements of a row as small numbers, with scales that several
// of them share. What each element is as an f32 is fixed by the formats' own reference, the numpy
// code of the PyPI package gguf (gguf.quants.dequantize), down to the order in which its products
// are rounded; tests/golden/quants holds every format here to that, bit for bit. Embeddings are
// read through this, and so are weights whose type has no integer kernel (float_kernels.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace retort::tensor {

// Writes `elements` floats, a whole number of blocks, from the blocks at `blocks`, which need no
// alignment. Any bytes are a valid block; scales may be infinite or NaN, as the bytes say.
using Dequantize = void (*)(const std::byte* blocks, std::size_t elements, float* out);

// The function for a block format, Q8_0 included; null for plain types and for formats that are
// known by size alone (dtype.h). Thread-safe.
Dequantize dequantizer(DType type) noexcept;

// Scale and minimum of run `run` (below 8) of a block of Q4_K or Q5_K, 0 to 63 each, from the
// block's 12 bytes of them.
struct ScaleAndLeast {
  int scale;
  int least;
};
ScaleAndLeast scale_and_least(const std::uint8_t* packed, std::size_t run) noexcept;

}  // namespace retort::tensor
