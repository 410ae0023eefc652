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

// A tree level by level, so that the children of a node lie side by side: to see which of them may
// come takes one look at a row of bytes.
struct ByteTree {
  std::vector<std::uint8_t> bytes;         // [nodes]; node 0 is the root, the empty string
  std::vector<std::uint32_t> first_child;  // [nodes + 1]: node i's children are [i] to [i + 1]
  std::vector<std::uint32_t> first_token;  // [nodes + 1], the same way
  std::vector<std::uint32_t> tokens;

  std::span<const std::uint32_t> tokens_of(std::size_t node) const {
    return std::span(tokens).subspan(first_token[node], first_token[node + 1] - first_token[node]);
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
  // `pieces`: the bytes of token i. Empty ones, those beyond kPieceBytesMax, and the `hidden` never
  // come out of a mask; `marks`, tokens that mean more than their bytes, not within free text of a
  // JSON string. Fails where the pieces have 2^28 bytes or more in
  // all. Costs 0.1 s for 128,000 tokens.
  static Result<TokenTrie> make(std::span<const std::string> pieces,
                                std::span<const std::uint32_t> hidden,
                                std::span<const std::uint32_t> marks = {});
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
