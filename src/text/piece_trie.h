// PieceTrie: finds all pieces of a vocabulary that a text begins with, in one walk.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "text/vocabulary.h"

namespace retort::text {

// A trie over bytes, level by level, the children of a node side by side. Const and thread-safe.
class PieceTrie {
 public:
  struct Piece {
    std::string_view text;  // not empty; need not outlive the trie
    TokenId id = -1;
  };

  PieceTrie() = default;
  // Of pieces alike the one of the highest id counts, as in Hugging Face's tokenizers.
  explicit PieceTrie(std::vector<Piece> pieces);

  // Calls found(bytes, id) for each piece that `text` begins with, the shortest first.
  template <typename Found>
  void visit(std::string_view text, const Found& found) const {
    std::uint32_t node = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      node = child(node, static_cast<unsigned char>(text[i]));
      if (node == 0) return;
      if (nodes_[node].id >= 0) found(i + 1, nodes_[node].id);
    }
  }

 private:
  struct Node {
    std::uint32_t children = 0;  // the first one; they end where the next node's begin
    TokenId id = -1;             // of the piece that ends here; -1: none
  };

  // 0, the root, where there is no such child.
  std::uint32_t child(std::uint32_t node, unsigned char byte) const noexcept {
    if (node == 0) return first_[byte];
    const std::uint32_t end = nodes_[node + 1].children;
    for (std::uint32_t each = nodes_[node].children; each < end; ++each) {
      if (bytes_[each] >= byte) return bytes_[each] == byte ? each : 0;
    }
    return 0;
  }

  std::array<std::uint32_t, 256> first_{};  // the root's children, by byte
  std::vector<Node> nodes_;                 // and one behind the last
  std::vector<unsigned char> bytes_;        // by node: what leads to it
};

}  // namespace retort::text
