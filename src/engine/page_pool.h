// Which pages of the KV cache are free, who holds the others, and what they hold. The pages'
// contents are model::KvCache's.
//
// A full page is known by its key: all tokens from the sequence's beginning to the page's end. When
// its last holder gives it back it stays as it is until its room is needed, and a sequence that
// begins with the same tokens takes it over instead of computing it again. Since what is computed
// for a token depends on the tokens before it and on nothing else (promise 2), that changes no
// answer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <list>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "model/batch.h"

namespace retort::engine {

// A SHA-256 digest, so that nobody can make two beginnings that are taken for the same.
using PageKey = std::array<std::uint8_t, 32>;

// The key of the page that holds `tokens`, behind the page of `before` (for the first page: the key
// of a salt, any bytes).
PageKey next_page_key(const PageKey& before, std::span<const model::TokenId> tokens);

// Not thread-safe: the engine's thread owns it.
class PagePool {
 public:
  explicit PagePool(std::size_t pages);

  // A page to write to, or nothing where all are held. Takes one that holds nothing known where
  // there is one, else the one that was given back the longest time ago.
  std::optional<model::PageId> take();
  // One more holder of a page that is held.
  void share(model::PageId page);
  // Gives up all of `pages`, and empties the list.
  void give_back(std::vector<model::PageId>& pages);

  // Says what a held page holds, now that it is full. Where another page is known by that key,
  // nothing happens.
  void remember(model::PageId page, const PageKey& key);
  // The page known by `key`, with the caller as one more holder.
  std::optional<model::PageId> find(const PageKey& key);

  std::size_t free() const noexcept { return empty_.size() + idle_.size(); }
  std::size_t total() const noexcept { return pages_.size(); }

  static std::size_t pages_for(std::size_t tokens);

 private:
  struct Page {
    std::uint32_t holders = 0;
    std::optional<PageKey> key;
    std::list<model::PageId>::iterator idle;  // where there is no holder, but a key
  };
  struct KeyHash {
    std::size_t operator()(const PageKey& key) const noexcept {
      std::size_t hash = 0;
      std::memcpy(&hash, key.data(), sizeof hash);
      return hash;
    }
  };

  Page& at(model::PageId page) { return pages_[static_cast<std::size_t>(page)]; }

  std::vector<Page> pages_;
  std::vector<model::PageId> empty_;  // no holder, no key
  std::list<model::PageId> idle_;     // no holder, a key; given back the longest time ago first
  std::unordered_map<PageKey, model::PageId, KeyHash> known_;
};

}  // namespace retort::engine
