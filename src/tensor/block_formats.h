// The block formats of GGUF files: what a block stands for, in floats.
//
// A block packs 32 or 256 consecutive elements of a row as small numbers, with scales that several
// of them share. What each element is as an f32 is fixed by the formats' own reference, the numpy
// code of the PyPI package gguf (gguf.quants.dequantize), down to the order in which its products
// are rounded; tests/golden/quants holds every format here to that, bit for bit. Embeddings are
// read through this (packing.h).
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

}  // namespace retort::tensor
