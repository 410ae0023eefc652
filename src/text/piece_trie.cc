// See piece_trie.h.
#include "text/piece_trie.h"

#include <algorithm>

namespace retort::text {

PieceTrie::PieceTrie(std::vector<Piece> pieces) {
  std::ranges::sort(pieces, [](const Piece& left, const Piece& right) {
    return left.text != right.text ? left.text < right.text : left.id > right.id;
  });
  // A node's pieces: those that begin with what leads to it. In the nodes' order, level by level.
  struct Range {
    std::size_t begin, end;
  };
  std::vector<Range> level = {{0, pieces.size()}};
  nodes_.emplace_back();
  bytes_.push_back(0);
  std::size_t node = 0;
  for (std::size_t depth = 0; !level.empty(); ++depth) {
    std::vector<Range> next;
    for (Range range : level) {
      nodes_[node].children = static_cast<std::uint32_t>(nodes_.size());
      // Sorted, a piece that ends here comes before those that go on.
      for (; range.begin < range.end && pieces[range.begin].text.size() == depth; ++range.begin) {
        if (nodes_[node].id < 0) nodes_[node].id = pieces[range.begin].id;
      }
      while (range.begin < range.end) {
        const char byte = pieces[range.begin].text[depth];
        std::size_t end = range.begin;
        while (end < range.end && pieces[end].text[depth] == byte) ++end;
        next.push_back({range.begin, end});
        nodes_.emplace_back();
        bytes_.push_back(static_cast<unsigned char>(byte));
        range.begin = end;
      }
      ++node;
    }
    level = std::move(next);
  }
  nodes_.push_back({.children = static_cast<std::uint32_t>(nodes_.size()), .id = -1});
  for (std::uint32_t each = nodes_[0].children; each < nodes_[1].children; ++each) {
    first_[bytes_[each]] = each;
  }
}

}  // namespace retort::text
