// KvCache: the keys and values of every token that may be attended to, in fixed pages.
//
// A page holds kPageTokens consecutive positions of one sequence for all layers. Which page belongs
// to which sequence is the engine's business; here is only the memory. The forward pass writes a
// token's keys and values once and attention reads them page by page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <retort/result.h>

#include "arch/model_config.h"
#include "tensor/buffer.h"

namespace retort::tensor {
struct Kernels;
}

namespace retort::model {

using arch::ModelConfig;

using PageId = std::uint32_t;
inline constexpr int kPageTokens = 32;  // = tensor::kAttentionBlock

// How keys and values are stored: f32 loses nothing, f16 halves memory and traffic, and q8_0 (8
// bits, and a scale for each 32 elements of a head) nearly halves them again.
enum class KvType : std::uint8_t { f16, f32, q8_0 };

std::string_view kv_type_name(KvType type) noexcept;
// The type of that name.
std::optional<KvType> find_kv_type(std::string_view name) noexcept;

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

  // Writes the key and the value, [head_dim] f32 each, of position `slot` of a page. Several
  // threads may write different slots. `scratch` is kScratchBytes a head element.
  static constexpr std::size_t kScratchBytes = 2;
  struct Place {
    PageId page;
    std::size_t layer, kv_head, slot;
  };
  void write(const tensor::Kernels& kernels, const Place& place, const float* key,
             const float* value, std::byte* scratch) noexcept;

  // Where one layer's and one KV head's keys [head_dim, kPageTokens] of a page lie, in elements of
  // type() (q8_0: as tensor/kernels.h says); its values [kPageTokens, head_dim] lie values_offset()
  // bytes behind them, and the same head's keys of page p p * page_stride() bytes behind page 0's.
  std::byte* keys(PageId page, std::size_t layer, std::size_t kv_head) noexcept {
    return memory_.data() + page * page_bytes_ + (layer * kv_heads_ + kv_head) * 2 * block_bytes_;
  }
  std::size_t values_offset() const noexcept { return block_bytes_; }
  std::size_t page_stride() const noexcept { return page_bytes_; }

 private:
  KvCache() = default;
  void write_f16(const tensor::Kernels& kernels, std::byte* keys, std::size_t slot,
                 const float* key, const float* value, std::byte* scratch) noexcept;
  void write_q8(const tensor::Kernels& kernels, std::byte* keys, std::size_t slot, const float* key,
                const float* value, std::byte* scratch) noexcept;

  tensor::Buffer memory_;
  std::size_t pages_ = 0;
  std::size_t page_bytes_ = 0;
  std::size_t block_bytes_ = 0;  // of one head's keys, or values, of one layer
  std::size_t kv_heads_ = 0;
  std::size_t head_dim_ = 0;
  KvType type_ = KvType::f16;
};

}  // namespace retort::model
