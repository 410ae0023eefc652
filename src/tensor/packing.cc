// See packing.h.
//
// A row is packed block by block: its codes as bytes, then each quad's bits into the planes, which
// is arithmetic on 32-bit words, then the scales as they are.
#include "tensor/packing.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "tensor/blocks.h"
#include "tensor/packed_layout.h"

namespace retort::tensor {
namespace {

constexpr int kQuads = 8;

// Whether the kernels' table of codes is the formats' table of values, plus the zero. The kernels
// have their own because they may include no code that others share.
constexpr bool stands_for(const std::uint8_t (&codes)[16],
                          const std::array<std::int8_t, 16>& values, const PackedFormat& format) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (codes[i] != values[i] + format.zero) return false;
  }
  return true;
}
static_assert(stands_for(kUnevenCodes, kUnevenSteps, kPackedIq4Nl));
static_assert(stands_for(kUnevenCodes, kUnevenSteps, kPackedIq4Xs));
static_assert(stands_for(kE2m1Codes, kTwiceE2m1, kPackedMxfp4));

template <typename T>
T load(const std::byte* data) noexcept {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

// The lowest `bits` bits of each of a word's four bytes.
constexpr std::uint32_t byte_mask(int bits) {
  return 0x01010101U * ((1U << bits) - 1U);
}

// A plane's part of 32 codes, of one row.
template <Plane P>
void put_plane(const std::array<std::uint32_t, kQuads>& quads, std::byte* plane) noexcept {
  std::array<std::uint32_t, P.bits> words = {};
  for (int quad = 0; quad < kQuads; ++quad) {
    const std::uint32_t bits = quads[static_cast<std::size_t>(quad)] >> P.to & byte_mask(P.bits);
    words[static_cast<std::size_t>(plane_vector(P, quad))] |= bits << plane_shift(P, quad);
  }
  for (std::size_t v = 0; v < words.size(); ++v) std::memcpy(plane + v * kVector, &words[v], 4);
}

template <Plane P>
void get_plane(const std::byte* plane, std::array<std::uint32_t, kQuads>& quads) noexcept {
  for (int quad = 0; quad < kQuads; ++quad) {
    const auto vector = static_cast<std::size_t>(plane_vector(P, quad));
    const std::uint32_t bits = load<std::uint32_t>(plane + vector * kVector);
    quads[static_cast<std::size_t>(quad)] |= (bits >> plane_shift(P, quad) & byte_mask(P.bits))
                                             << P.to;
  }
}

template <PackedFormat F>
void put_codes(const std::uint8_t* codes, std::byte* values) noexcept {
  std::array<std::uint32_t, kQuads> quads;
  std::memcpy(quads.data(), codes, sizeof(quads));
  put_plane<F.planes[0]>(quads, values);
  if constexpr (F.planes[1].bits > 0) {
    put_plane<F.planes[1]>(quads, values + static_cast<std::size_t>(F.planes[0].bits) * kVector);
  }
}

template <PackedFormat F>
void get_codes(const std::byte* values, std::uint8_t* codes) noexcept {
  std::array<std::uint32_t, kQuads> quads = {};
  get_plane<F.planes[0]>(values, quads);
  if constexpr (F.planes[1].bits > 0) {
    get_plane<F.planes[1]>(values + static_cast<std::size_t>(F.planes[0].bits) * kVector, quads);
  }
  std::memcpy(codes, quads.data(), sizeof(quads));
}

// What a part has of its own; `to` is the lane's first byte.
template <typename Block, PackedFormat F>
void put_subs(const Block& block, std::size_t part, std::byte* to) noexcept {
  if constexpr (F.scale == ScaleKind::signed_bytes) {
    *to = static_cast<std::byte>(block.sub_scale(part));
  } else if constexpr (F.scale == ScaleKind::bytes) {
    to[0] = static_cast<std::byte>(block.sub_scale(part));
    to[kRowGroup] = static_cast<std::byte>(block.sub_least(part));
  } else if constexpr (F.scale == ScaleKind::nibbles) {
    *to = static_cast<std::byte>(block.subs(part));
  }
}

template <typename Block, PackedFormat F>
void put_scales(const Block& block, std::size_t lane, std::byte* to) noexcept {
  if constexpr (F.scale == ScaleKind::exponents) {
    to[lane] = static_cast<std::byte>(block.exponent);
  } else {
    std::memcpy(to + 2 * lane, &block.half_scale, 2);
    if constexpr (F.least != Least::none) {
      std::memcpy(to + 2 * kRowGroup + 2 * lane, &block.half_least, 2);
    }
  }
}

template <typename Block, PackedFormat F>
void pack_row(const std::byte* row, std::size_t cols, std::size_t lane, std::byte* group) {
  constexpr std::size_t kRuns = Block::kElements / kQuantBlock;
  constexpr std::size_t kParts = kQuantBlock / Block::kPart;
  std::array<std::uint8_t, Block::kElements> codes;
  for (std::size_t first = 0; first < cols / kQuantBlock; first += kRuns) {
    const Block block = load<Block>(row + first / kRuns * sizeof(Block));
    block.codes(codes.data());
    put_scales<Block, F>(block, lane, group + run_place(F, cols, first).scales);
    for (std::size_t run = 0; run < kRuns; ++run) {
      const RunPlace place = run_place(F, cols, first + run);
      put_codes<F>(codes.data() + run * kQuantBlock, group + place.values + lane * 4);
      for (std::size_t part = 0; part < kParts; ++part) {
        put_subs<Block, F>(block, run * kParts + part,
                           group + place.subs + part * sub_bytes(F) + lane);
      }
    }
  }
}

struct PartScale {
  float scale;
  float least;
};

template <typename Block, PackedFormat F>
PartScale read_scale(const std::byte* subs, const std::byte* scales, std::size_t lane) noexcept {
  if constexpr (F.scale == ScaleKind::exponents) {
    return {Block::scale_of(static_cast<std::uint8_t>(scales[lane])), 0};
  } else {
    const float d = float_from_f16(load<std::uint16_t>(scales + 2 * lane));
    float m = 0;
    if constexpr (F.least != Least::none) {
      m = float_from_f16(load<std::uint16_t>(scales + 2 * kRowGroup + 2 * lane));
    }
    const auto sub = static_cast<int>(subs[lane]);
    switch (F.scale) {
      case ScaleKind::signed_bytes:
        return {d * static_cast<float>(static_cast<std::int8_t>(sub)), 0};
      case ScaleKind::bytes:
        return {d * static_cast<float>(sub),
                m * static_cast<float>(static_cast<int>(subs[kRowGroup + lane]))};
      case ScaleKind::nibbles:
        return {d * static_cast<float>(sub & 15), m * static_cast<float>(sub >> 4)};
      default:
        return {d, m};
    }
  }
}

template <typename Block, PackedFormat F>
void read_row(const std::byte* group, std::size_t cols, std::size_t lane, float* out) {
  std::array<std::uint8_t, kQuantBlock> codes;
  for (std::size_t run = 0; run < cols / kQuantBlock; ++run) {
    const RunPlace place = run_place(F, cols, run);
    get_codes<F>(group + place.values + lane * 4, codes.data());
    for (std::size_t at = 0; at < kQuantBlock; at += Block::kPart) {
      const std::byte* subs = group + place.subs + at / Block::kPart * sub_bytes(F);
      const PartScale part = read_scale<Block, F>(subs, group + place.scales, lane);
      for (std::size_t i = at; i < at + Block::kPart; ++i) {
        out[run * kQuantBlock + i] = element_of<Block>(codes[i], part.scale, part.least);
      }
    }
  }
}

struct Entry {
  DType type;
  Packing packing;
};

template <typename Block, PackedFormat F>
constexpr Entry entry_of() {
  static_assert(F.type == Block::kType && F.block == Block::kElements && F.part == Block::kPart);
  static_assert(F.least == Block::kLeast && (F.table != CodeTable::none || F.zero == Block::kZero));
  return {F.type,
          {[](std::size_t cols) { return packed_group_bytes(F, cols); }, pack_row<Block, F>,
           read_row<Block, F>}};
}

constexpr Entry kEntries[] = {
    entry_of<BlockQ80, kPackedQ80>(),     entry_of<BlockQ40, kPackedQ40>(),
    entry_of<BlockQ41, kPackedQ41>(),     entry_of<BlockQ50, kPackedQ50>(),
    entry_of<BlockQ51, kPackedQ51>(),     entry_of<BlockIq4Nl, kPackedIq4Nl>(),
    entry_of<BlockMxfp4, kPackedMxfp4>(), entry_of<BlockQ2K, kPackedQ2K>(),
    entry_of<BlockQ3K, kPackedQ3K>(),     entry_of<BlockQ4K, kPackedQ4K>(),
    entry_of<BlockQ5K, kPackedQ5K>(),     entry_of<BlockQ6K, kPackedQ6K>(),
    entry_of<BlockIq4Xs, kPackedIq4Xs>(),
};

}  // namespace

const Packing* packing(DType type) noexcept {
  for (const Entry& entry : kEntries) {
    if (entry.type == type) return &entry.packing;
  }
  return nullptr;
}

}  // namespace retort::tensor
