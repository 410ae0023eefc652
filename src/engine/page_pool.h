// Which pages of the KV cache are free. The pages' contents are model::KvCache's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/batch.h"

namespace retort::engine {

// Not thread-safe: the engine's thread owns it.
class PagePool {
 public:
  explicit PagePool(std::size_t pages);

  // A free page, or nothing where none is left.
  std::optional<model::PageId> take();
  // One more holder of a page that is taken: it is free again when each has given it back.
  void share(model::PageId page);
  void give_back(std::vector<model::PageId>& pages);  // and empties the list

  std::size_t free() const noexcept { return free_.size(); }
  std::size_t total() const noexcept { return total_; }

  static std::size_t pages_for(std::size_t tokens);

 private:
  std::size_t total_;
  std::vector<model::PageId> free_;
  std::vector<std::uint32_t> holders_;  // by page
};

}  // namespace retort::engine
