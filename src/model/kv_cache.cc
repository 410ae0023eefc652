// See kv_cache.h.
#include "model/kv_cache.h"

#include <cstring>
#include <string>
#include <utility>

#include "tensor/kernels.h"

namespace retort::model {

static_assert(kPageTokens == tensor::kAttentionBlock);

namespace {

// Bytes of one head's keys, or values, of one layer in a page.
std::size_t head_block_bytes(const ModelConfig& config, KvType type) noexcept {
  const auto head_dim = static_cast<std::size_t>(config.head_dim);
  if (type == KvType::q8_0) return tensor::q8_part_bytes(head_dim);
  return head_dim * kPageTokens * (type == KvType::f16 ? 2 : 4);
}

// Writes one token's `count` elements into a part of a page where a token is a column.
template <typename T>
void scatter(std::byte* part, std::size_t slot, const T* from, std::size_t count) noexcept {
  for (std::size_t d = 0; d < count; ++d) {
    std::memcpy(part + (d * kPageTokens + slot) * sizeof(T), from + d, sizeof(T));
  }
}

}  // namespace

std::string_view kv_type_name(KvType type) noexcept {
  if (type == KvType::q8_0) return "q8_0";
  return type == KvType::f16 ? "f16" : "f32";
}

std::optional<KvType> find_kv_type(std::string_view name) noexcept {
  for (const KvType type : {KvType::f16, KvType::q8_0, KvType::f32}) {
    if (kv_type_name(type) == name) return type;
  }
  return std::nullopt;
}

KvType default_kv_type(const ModelConfig& config) noexcept {
  return config.weight_type == tensor::DType::f32 ? KvType::f32 : KvType::f16;
}

std::size_t KvCache::page_bytes(const ModelConfig& config, KvType type) noexcept {
  return static_cast<std::size_t>(config.layers * config.kv_heads) * 2 *
         head_block_bytes(config, type);
}

Result<KvCache> KvCache::make(const ModelConfig& config, std::size_t pages, KvType type) {
  KvCache cache;
  cache.pages_ = pages;
  cache.page_bytes_ = page_bytes(config, type);
  cache.block_bytes_ = head_block_bytes(config, type);
  cache.kv_heads_ = static_cast<std::size_t>(config.kv_heads);
  cache.head_dim_ = static_cast<std::size_t>(config.head_dim);
  cache.type_ = type;
  std::size_t bytes = 0;
  if (pages < 1 || pages > kPagesMax || __builtin_mul_overflow(pages, cache.page_bytes_, &bytes)) {
    return Error(ErrorKind::config, "a KV cache of " + std::to_string(pages) +
                                        " pages is not possible; give --kv-memory another size");
  }
  auto memory = tensor::Buffer::make(bytes);
  if (!memory) {
    return Error(ErrorKind::io,
                 "KV cache: " + memory.error().message() + "; give --kv-memory a smaller size");
  }
  cache.memory_ = std::move(*memory);
  return cache;
}

void KvCache::write(const tensor::Kernels& kernels, const Place& place, const float* key,
                    const float* value, std::byte* scratch) noexcept {
  std::byte* part = keys(place.page, place.layer, place.kv_head);
  if (type_ == KvType::q8_0) return write_q8(kernels, part, place.slot, key, value, scratch);
  if (type_ == KvType::f16) return write_f16(kernels, part, place.slot, key, value, scratch);
  scatter(part, place.slot, key, head_dim_);
  std::memcpy(part + block_bytes_ + place.slot * head_dim_ * sizeof(float), value,
              head_dim_ * sizeof(float));
}

void KvCache::write_f16(const tensor::Kernels& kernels, std::byte* keys, std::size_t slot,
                        const float* key, const float* value, std::byte* scratch) noexcept {
  auto* halves = reinterpret_cast<std::uint16_t*>(scratch);
  kernels.to_f16(key, head_dim_, halves);
  scatter(keys, slot, halves, head_dim_);
  kernels.to_f16(value, head_dim_, halves);
  std::memcpy(keys + block_bytes_ + slot * head_dim_ * 2, halves, head_dim_ * 2);
}

void KvCache::write_q8(const tensor::Kernels& kernels, std::byte* keys, std::size_t slot,
                       const float* key, const float* value, std::byte* scratch) noexcept {
  // Two bytes a block are fewer than a byte an element, since a head has two elements at least.
  const std::size_t blocks = tensor::q8_blocks(head_dim_);
  auto* scales = reinterpret_cast<std::uint16_t*>(scratch);
  auto* codes = reinterpret_cast<std::int8_t*>(scratch + 2 * blocks);
  std::byte* values = keys + block_bytes_;
  const std::size_t codes_bytes = head_dim_ * kPageTokens;
  kernels.to_q8(key, head_dim_, codes, scales);
  scatter(keys, slot, codes, head_dim_);
  scatter(keys + codes_bytes, slot, scales, blocks);
  kernels.to_q8(value, head_dim_, codes, scales);
  std::memcpy(values + slot * head_dim_, codes, head_dim_);
  std::memcpy(values + codes_bytes + slot * blocks * 2, scales, blocks * 2);
}

void KvCache::copy_page(PageId from, PageId to) noexcept {
  std::memcpy(memory_.data() + to * page_bytes_, memory_.data() + from * page_bytes_, page_bytes_);
}

}  // namespace retort::model
