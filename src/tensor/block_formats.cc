// See block_formats.h; blocks.h has the formats.
#include "tensor/block_formats.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "tensor/blocks.h"

namespace retort::tensor {
namespace {

template <typename Block>
void write_block(const Block& block, float* out) noexcept {
  std::array<std::uint8_t, Block::kElements> codes;
  block.codes(codes.data());
  for (std::size_t part = 0; part < Block::kElements / Block::kPart; ++part) {
    const float scale = block.scale(part);
    float least = 0;
    if constexpr (Block::kLeast != Least::none) least = block.least(part);
    for (std::size_t i = part * Block::kPart; i < (part + 1) * Block::kPart; ++i) {
      out[i] = element_of<Block>(codes[i], scale, least);
    }
  }
}

template <typename Block>
void dequantize(const std::byte* blocks, std::size_t elements, float* out) {
  for (std::size_t at = 0; at < elements; at += Block::kElements) {
    Block block;
    std::memcpy(&block, blocks, sizeof(block));
    write_block(block, out + at);
    blocks += sizeof(block);
  }
}

struct Entry {
  DType type;
  Dequantize function;
};
template <typename... Blocks>
constexpr std::array<Entry, sizeof...(Blocks)> entries_of() {
  return {{{Blocks::kType, dequantize<Blocks>}...}};
}
constexpr auto kEntries =
    entries_of<BlockQ40, BlockQ41, BlockQ50, BlockQ51, BlockQ80, BlockIq4Nl, BlockMxfp4, BlockQ2K,
               BlockQ3K, BlockQ4K, BlockQ5K, BlockQ6K, BlockIq4Xs>();

}  // namespace

Dequantize dequantizer(DType type) noexcept {
  for (const Entry& entry : kEntries) {
    if (entry.type == type) return entry.function;
  }
  return nullptr;
}

}  // namespace retort::tensor
