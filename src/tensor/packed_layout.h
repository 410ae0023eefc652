// How quantized weights lie in memory for the integer kernels: 16 rows side by side, so that a
// vector's lanes are rows and no sum goes across lanes.
//
// A run is 32 consecutive elements of 16 rows, eight quads of 64 bytes when each code is a byte: 4
// elements of row 0, of row 1, .... Codes of fewer bits lie in planes of 8, 4, 2 or 1 bits: a
// plane's vector of 64 bytes holds the bits of several quads, one above the other. Q6_K has a plane
// of 4 bits and one of 2, which together take the bytes that a file takes. Scales follow: by part
// of 16 or 32 elements one of each row.
//
// Formats of 32 elements keep all values of a group of rows together and their scales behind them,
// so that vectors stay aligned; those of 256 go block by block. Every format is one of
// AllPackedFormats; packing.cc writes the layout, packed_kernels.h reads it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"
#include "tensor/kernels.h"

namespace retort::tensor {

enum class ScaleKind : std::uint8_t {
  halves,        // a run has an f16, and where it has a least, one more
  exponents,     // a run has a byte e: 2^(e - 128)
  signed_bytes,  // a part has a signed byte, times the block's f16
  bytes,         // a part has a byte and one for its least, times the block's two f16
  nibbles,       // the same in 4 bits each: the scale in the low half
};

// What follows from a part's scale and codes: the least is taken off, or added, or there is none.
enum class Least : std::uint8_t { none, taken_off, added };

// What codes stand for where it is not themselves: a table of 16.
enum class CodeTable : std::uint8_t { none, uneven_steps, e2m1 };

// Tables of codes, as unsigned bytes: the values of blocks.h plus the format's zero.
alignas(16) inline constexpr std::uint8_t kUnevenCodes[16] = {
    1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241};
alignas(16) inline constexpr std::uint8_t kE2m1Codes[16] = {12, 13, 14, 15, 16, 18, 20, 24,
                                                            12, 11, 10, 9,  8,  6,  4,  0};

// `bits` bits of every code, which are its bits from `to` on. Quads that share a vector are
// neighbours, or where not `near`, a whole vector's number apart.
struct Plane {
  int bits = 0;
  int to = 0;
  bool near = true;
};

struct PackedFormat {
  DType type = DType::q8_0;
  std::size_t block = 32;  // elements of a block in a file
  std::size_t part = 32;   // elements that share a scale
  int zero = 0;            // code of 0, where codes are offset; after the table where there is one
  Least least = Least::none;
  ScaleKind scale = ScaleKind::halves;
  CodeTable table = CodeTable::none;
  Plane planes[2] = {};
};

inline constexpr Plane kNibblesApart = {.bits = 4, .to = 0, .near = false};
inline constexpr PackedFormat kPackedQ80 = {
    .type = DType::q8_0, .zero = 128, .planes = {{.bits = 8, .to = 0}}};
inline constexpr PackedFormat kPackedQ40 = {
    .type = DType::q4_0, .zero = 8, .planes = {kNibblesApart}};
inline constexpr PackedFormat kPackedQ41 = {
    .type = DType::q4_1, .least = Least::added, .planes = {kNibblesApart}};
inline constexpr PackedFormat kPackedQ50 = {
    .type = DType::q5_0, .zero = 16, .planes = {kNibblesApart, {.bits = 1, .to = 4}}};
inline constexpr PackedFormat kPackedQ51 = {
    .type = DType::q5_1, .least = Least::added, .planes = {kNibblesApart, {.bits = 1, .to = 4}}};
inline constexpr PackedFormat kPackedIq4Nl = {.type = DType::iq4_nl,
                                              .zero = 128,
                                              .table = CodeTable::uneven_steps,
                                              .planes = {kNibblesApart}};
inline constexpr PackedFormat kPackedMxfp4 = {.type = DType::mxfp4,
                                              .zero = 12,
                                              .scale = ScaleKind::exponents,
                                              .table = CodeTable::e2m1,
                                              .planes = {kNibblesApart}};
inline constexpr PackedFormat kPackedQ2K = {.type = DType::q2_k,
                                            .block = 256,
                                            .part = 16,
                                            .least = Least::taken_off,
                                            .scale = ScaleKind::nibbles,
                                            .planes = {{.bits = 2, .to = 0}}};
inline constexpr PackedFormat kPackedQ3K = {.type = DType::q3_k,
                                            .block = 256,
                                            .part = 16,
                                            .zero = 4,
                                            .scale = ScaleKind::signed_bytes,
                                            .planes = {{.bits = 2, .to = 0}, {.bits = 1, .to = 2}}};
inline constexpr PackedFormat kPackedQ4K = {.type = DType::q4_k,
                                            .block = 256,
                                            .least = Least::taken_off,
                                            .scale = ScaleKind::bytes,
                                            .planes = {kNibblesApart}};
inline constexpr PackedFormat kPackedQ5K = {.type = DType::q5_k,
                                            .block = 256,
                                            .least = Least::taken_off,
                                            .scale = ScaleKind::bytes,
                                            .planes = {kNibblesApart, {.bits = 1, .to = 4}}};
inline constexpr PackedFormat kPackedQ6K = {.type = DType::q6_k,
                                            .block = 256,
                                            .part = 16,
                                            .zero = 32,
                                            .scale = ScaleKind::signed_bytes,
                                            .planes = {{.bits = 4, .to = 0}, {.bits = 2, .to = 4}}};
inline constexpr PackedFormat kPackedIq4Xs = {.type = DType::iq4_xs,
                                              .block = 256,
                                              .zero = 128,
                                              .scale = ScaleKind::signed_bytes,
                                              .table = CodeTable::uneven_steps,
                                              .planes = {kNibblesApart}};

template <PackedFormat... F>
struct PackedFormats {};
using AllPackedFormats = PackedFormats<kPackedQ80, kPackedQ40, kPackedQ41, kPackedQ50, kPackedQ51,
                                       kPackedIq4Nl, kPackedMxfp4, kPackedQ2K, kPackedQ3K,
                                       kPackedQ4K, kPackedQ5K, kPackedQ6K, kPackedIq4Xs>;

// Functions of the layout. Static: each file has its own copy, see float_kernels.h.

inline constexpr std::size_t kVector = 4 * kRowGroup;  // bytes of a quad of 16 rows

// Of a plane: which of its vectors has quad `quad`, and from which bit on.
static constexpr int plane_vector(const Plane& plane, int quad) {
  return plane.near ? quad / (8 / plane.bits) : quad % plane.bits;
}
static constexpr int plane_shift(const Plane& plane, int quad) {
  return (plane.near ? quad % (8 / plane.bits) : quad / plane.bits) * plane.bits;
}

// Bytes of a run's values.
static constexpr std::size_t run_bytes(const PackedFormat& f) {
  return static_cast<std::size_t>(f.planes[0].bits + f.planes[1].bits) * kVector;
}

static constexpr std::size_t parts_of_run(const PackedFormat& f) {
  return kQuantBlock / f.part;
}

// Bytes of what a part has of its own, of all 16 rows.
static constexpr std::size_t sub_bytes(const PackedFormat& f) {
  if (f.block == kQuantBlock) return 0;
  return f.scale == ScaleKind::bytes ? 2 * kRowGroup : kRowGroup;
}

// Bytes of what a block has one of for each row.
static constexpr std::size_t scale_bytes(const PackedFormat& f) {
  if (f.scale == ScaleKind::exponents) return kRowGroup;
  return (f.least == Least::none ? 2 : 4) * kRowGroup;
}

// Bytes from block to block, for blocks of several runs: a whole number of vectors.
static constexpr std::size_t block_stride(const PackedFormat& f) {
  const std::size_t runs = f.block / kQuantBlock;
  const std::size_t bytes = runs * (run_bytes(f) + parts_of_run(f) * sub_bytes(f)) + scale_bytes(f);
  return (bytes + kVector - 1) / kVector * kVector;
}

// Bytes of 16 packed rows of `cols` columns, a multiple of 64.
static constexpr std::size_t packed_group_bytes(const PackedFormat& f, std::size_t cols) {
  if (f.block > kQuantBlock) return cols / f.block * block_stride(f);
  const std::size_t bytes = cols / kQuantBlock * (run_bytes(f) + scale_bytes(f));
  return (bytes + kVector - 1) / kVector * kVector;
}

// Where in a group run `run` has its values, what its parts have of their own, and the scales that
// its block has.
struct RunPlace {
  std::size_t values = 0;
  std::size_t subs = 0;
  std::size_t scales = 0;
};
static constexpr RunPlace run_place(const PackedFormat& f, std::size_t cols, std::size_t run) {
  if (f.block == kQuantBlock) {
    return {run * run_bytes(f), 0, cols / kQuantBlock * run_bytes(f) + run * scale_bytes(f)};
  }
  const std::size_t runs = f.block / kQuantBlock;
  const std::size_t block = run / runs * block_stride(f);
  const std::size_t subs = block + runs * run_bytes(f);
  return {block + run % runs * run_bytes(f), subs + run % runs * parts_of_run(f) * sub_bytes(f),
          subs + runs * parts_of_run(f) * sub_bytes(f)};
}

}  // namespace retort::tensor
