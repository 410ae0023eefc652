#include "engine/page_pool.h"

namespace retort::engine {

PagePool::PagePool(std::size_t pages) : total_(pages), holders_(pages, 0) {
  free_.reserve(pages);
  // The last is taken first: low page numbers come first, so a small load touches little memory.
  for (std::size_t i = pages; i > 0; --i) free_.push_back(static_cast<model::PageId>(i - 1));
}

std::optional<model::PageId> PagePool::take() {
  if (free_.empty()) return std::nullopt;
  const model::PageId page = free_.back();
  free_.pop_back();
  holders_[static_cast<std::size_t>(page)] = 1;
  return page;
}

void PagePool::share(model::PageId page) {
  ++holders_[static_cast<std::size_t>(page)];
}

void PagePool::give_back(std::vector<model::PageId>& pages) {
  for (auto page = pages.rbegin(); page != pages.rend(); ++page) {
    if (--holders_[static_cast<std::size_t>(*page)] == 0) free_.push_back(*page);
  }
  pages.clear();
}

std::size_t PagePool::pages_for(std::size_t tokens) {
  constexpr std::size_t kPage = model::kPageTokens;
  return (tokens + kPage - 1) / kPage;
}

}  // namespace retort::engine
