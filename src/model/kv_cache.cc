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
  const std::size_t element = type == KvType::f16 ? 2 : 4;
  return static_cast<std::size_t>(config.head_dim) * kPageTokens * element;
}

}  // namespace

std::string_view kv_type_name(KvType type) noexcept {
  return type == KvType::f16 ? "f16" : "f32";
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

void KvCache::copy_page(PageId from, PageId to) noexcept {
  std::memcpy(memory_.data() + to * page_bytes_, memory_.data() + from * page_bytes_, page_bytes_);
}

}  // namespace retort::model
