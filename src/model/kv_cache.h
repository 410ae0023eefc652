// KvCache: the keys and values of every token that may be attended to, in fixed pages.
//
// A page holds kPageTokens consecutive positions of one sequence for all layers. Which page belongs
// to which sequence is the engine's business; here is only the memory. The forward pass writes a
// token's keys and values once and attention reads them page by page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <retort/result.h>

#include "arch/model_config.h"
#include "tensor/buffer.h"

namespace retort::model {

using arch::ModelConfig;

using PageId = std::uint32_t;
inline constexpr int kPageTokens = 32;  // = tensor::kAttentionBlock

// How keys and values are stored. f16 halves memory and traffic; f32 loses nothing.
enum class KvType : std::uint8_t { f16, f32 };

std::string_view kv_type_name(KvType type) noexcept;

// f32 for models whose weights are F32, f16 for all others: rounding keys and values to f16 adds
// less error than weights of 16 bits or fewer carry already (docs/numerics.md).
KvType default_kv_type(const ModelConfig& config) noexcept;

// Not thread-safe: one step reads and writes at a time. A page's content is undefined until it is
// written.
class KvCache {
 public:
  static constexpr std::size_t kPagesMax = std::size_t{1} << 31;

  // Bytes of one page of a model; at least one, never overflows for a validated config.
  static std::size_t page_bytes(const ModelConfig& config, KvType type) noexcept;

  // Reserves `pages` pages (1 to kPagesMax). Memory is taken from the system page by page as it is
  // first written. Errors (io): the system refuses so much memory.
  static Result<KvCache> make(const ModelConfig& config, std::size_t pages, KvType type);

  std::size_t pages() const noexcept { return pages_; }
  std::size_t bytes() const noexcept { return pages_ * page_bytes_; }
  KvType type() const noexcept { return type_; }

  // Copies page `from` over page `to` (both below pages()), for copy-on-write.
  void copy_page(PageId from, PageId to) noexcept;

  // Where one layer's and one KV head's keys [head_dim, kPageTokens] of a page lie, in elements of
  // type(); its values [kPageTokens, head_dim] lie values_offset() bytes behind them, and the same
  // head's keys of page p p * page_stride() bytes behind page 0's.
  std::byte* keys(PageId page, std::size_t layer, std::size_t kv_head) noexcept {
    return memory_.data() + page * page_bytes_ + (layer * kv_heads_ + kv_head) * 2 * block_bytes_;
  }
  std::size_t values_offset() const noexcept { return block_bytes_; }
  std::size_t page_stride() const noexcept { return page_bytes_; }

 private:
  KvCache() = default;
  tensor::Buffer memory_;
  std::size_t pages_ = 0;
  std::size_t page_bytes_ = 0;
  std::size_t block_bytes_ = 0;  // of one head's keys, or values, of one layer
  std::size_t kv_heads_ = 0;
  KvType type_ = KvType::f16;
};

}  // namespace retort::model
