// TokenTrie: the tokens of a vocabulary as a tree of bytes, laid out for walking.
//
// The mask of a step is a walk down this tree beside a matcher: where a byte cannot come next, the
// whole subtree is passed over. Most masks lie within free text of a JSON string, where nearly
// every token fits: those come from tables made here once a vocabulary (StringTokens), and only
// tokens that close the string are walked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <retort/result.h>

namespace retort::grammar {

// A set of token ids, one bit each.
using TokenSet = std::vector<std::uint64_t>;

inline void add_token(TokenSet& set, std::uint32_t token) {
  set[token >> 6] |= std::uint64_t{1} << (token & 63);
}
inline bool has_token(std::span<const std::uint64_t> set, std::uint32_t token) {
  return (set[token >> 6] >> (token & 63) & 1) != 0;
}

// A tree in depth-first order: node i's first child is i + 1, its next sibling i + subtree.
struct ByteTree {
  struct Node {
    std::uint32_t byte : 8;
    std::uint32_t subtree : 24;  // nodes, this one counted in
    std::uint32_t tokens_end;    // node i's own tokens are tokens[node i-1's end, this end)
  };
  std::vector<Node> nodes;  // node 0 is the root: the empty string
  std::vector<std::uint32_t> tokens;
  std::size_t depth = 0;  // of the deepest node

  std::span<const std::uint32_t> tokens_of(std::size_t node) const {
    const std::size_t begin = node == 0 ? 0 : nodes[node - 1].tokens_end;
    return std::span(tokens).subspan(begin, nodes[node].tokens_end - begin);
  }
};

// Tokens beside the rest of a JSON string, from a place between two characters.
struct StringTokens {
  static constexpr std::size_t kCharactersMax = 48;

  // inside[k]: those that stay within the string and need no more than k characters; the last one
  // holds those that need more, too.
  std::array<TokenSet, kCharactersMax + 1> inside;
  std::size_t characters_max = 0;  // the most that any token needs
  // Those that close the string and go on with something, by what they go on with.
  ByteTree behind_quote;
  // The same tokens by all their bytes.
  ByteTree closing;
};

class TokenTrie {
 public:
  // `pieces`: the bytes of token i. Empty ones, those beyond kPieceBytesMax, and those that
  // `control` names never come out of a mask. Fails where the pieces have more than 2^24 bytes in
  // all (a vocabulary of a million tokens has a third of that). Costs 0.1 s for 128,000 tokens.
  static Result<TokenTrie> make(std::span<const std::string> pieces,
                                std::span<const std::uint32_t> control);
  static constexpr std::size_t kPieceBytesMax = 1024;

  std::size_t vocabulary() const noexcept { return vocabulary_; }
  std::size_t words() const noexcept { return (vocabulary_ + 63) / 64; }  // of a TokenSet
  std::string_view piece(std::uint32_t token) const { return pieces_[token]; }
  const ByteTree& all() const noexcept { return all_; }
  const StringTokens& string() const noexcept { return string_; }

 private:
  TokenTrie() = default;

  std::size_t vocabulary_ = 0;
  std::vector<std::string> pieces_;
  ByteTree all_;
  StringTokens string_;
};

}  // namespace retort::grammar
