#include "engine/page_pool.h"

#include <string>
#include <string_view>

#include "base/crypto.h"

namespace retort::engine {

PageKey next_page_key(const PageKey& before, std::span<const model::TokenId> tokens) {
  std::string text(reinterpret_cast<const char*>(before.data()), before.size());
  text.append(reinterpret_cast<const char*>(tokens.data()), tokens.size_bytes());
  return base::sha256(text);
}

PagePool::PagePool(std::size_t pages) : pages_(pages) {
  empty_.reserve(pages);
  // The last is taken first: low page numbers come first, so a small load touches little memory.
  for (std::size_t i = pages; i > 0; --i) empty_.push_back(static_cast<model::PageId>(i - 1));
}

std::optional<model::PageId> PagePool::take() {
  model::PageId taken{};
  if (!empty_.empty()) {
    taken = empty_.back();
    empty_.pop_back();
  } else if (!idle_.empty()) {
    taken = idle_.front();
    idle_.pop_front();
    known_.erase(*at(taken).key);
    at(taken).key.reset();
  } else {
    return std::nullopt;
  }
  at(taken).holders = 1;
  return taken;
}

void PagePool::share(model::PageId page) {
  ++at(page).holders;
}

// The last page first: the beginning of a sequence is of more use than its end.
void PagePool::give_back(std::vector<model::PageId>& pages) {
  for (auto each = pages.rbegin(); each != pages.rend(); ++each) {
    Page& page = at(*each);
    if (--page.holders > 0) continue;
    if (page.key) {
      page.idle = idle_.insert(idle_.end(), *each);
    } else {
      empty_.push_back(*each);
    }
  }
  pages.clear();
}

void PagePool::remember(model::PageId page, const PageKey& key) {
  if (at(page).key || !known_.try_emplace(key, page).second) return;
  at(page).key = key;
}

std::optional<model::PageId> PagePool::find(const PageKey& key) {
  const auto found = known_.find(key);
  if (found == known_.end()) return std::nullopt;
  Page& page = at(found->second);
  if (page.holders++ == 0) idle_.erase(page.idle);
  return found->second;
}

std::size_t PagePool::pages_for(std::size_t tokens) {
  constexpr std::size_t kPage = model::kPageTokens;
  return (tokens + kPage - 1) / kPage;
}

}  // namespace retort::engine
