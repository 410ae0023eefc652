#include "grammar/token_trie.h"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "grammar/expression.h"

namespace retort::grammar {
namespace {

struct Entry {
  std::string_view bytes;
  std::uint32_t token;
};

// The tree of sorted entries [begin, end), which share their first `depth` bytes.
void grow(ByteTree& tree, std::span<const Entry> entries, std::size_t depth, std::uint8_t byte) {
  const std::size_t node = tree.nodes.size();
  tree.nodes.push_back({.byte = byte, .subtree = 1, .tokens_end = 0});
  tree.depth = std::max(tree.depth, depth);
  std::size_t at = 0;
  for (; at < entries.size() && entries[at].bytes.size() == depth; ++at) {
    tree.tokens.push_back(entries[at].token);
  }
  tree.nodes[node].tokens_end = static_cast<std::uint32_t>(tree.tokens.size());
  while (at < entries.size()) {
    const char next = entries[at].bytes[depth];
    std::size_t end = at;
    while (end < entries.size() && entries[end].bytes[depth] == next) ++end;
    grow(tree, entries.subspan(at, end - at), depth + 1, static_cast<std::uint8_t>(next));
    at = end;
  }
  tree.nodes[node].subtree = static_cast<std::uint32_t>(tree.nodes.size() - node) & 0xFFFFFFu;
}

ByteTree make_tree(std::vector<Entry> entries) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.bytes != b.bytes ? a.bytes < b.bytes : a.token < b.token;
  });
  ByteTree tree;
  grow(tree, entries, 0, 0);
  return tree;
}

struct StringUse {
  std::size_t characters = 0;         // begun within the string
  std::optional<std::size_t> behind;  // offset behind the quote, where it closes the string
};

// How `piece` reads from between two characters of a JSON string; nothing where it cannot.
std::optional<StringUse> read_in_string(ExpressionPool& pool, std::string_view piece) {
  const Expression between = pool.json_string_rest(0, kUnbounded);
  StringUse use;
  Expression at = between;
  for (std::size_t i = 0; i < piece.size(); ++i) {
    if (at == between && piece[i] == '"') {
      use.behind = i + 1;
      return use;
    }
    if (at == between) ++use.characters;
    at = pool.derivative(at, static_cast<std::uint8_t>(piece[i]));
    if (at == ExpressionPool::nothing()) return std::nullopt;
  }
  return use;
}

StringTokens make_string_tokens(std::span<const Entry> entries, std::size_t words) {
  StringTokens string;
  string.inside.fill(TokenSet(words, 0));
  ExpressionPool pool;
  std::vector<Entry> behind, closing;
  for (const Entry& entry : entries) {
    const auto use = read_in_string(pool, entry.bytes);
    if (!use) continue;
    if (use->behind) {
      behind.push_back({entry.bytes.substr(*use->behind), entry.token});
      closing.push_back(entry);
      continue;
    }
    string.characters_max = std::max(string.characters_max, use->characters);
    for (std::size_t k = std::min(use->characters, StringTokens::kCharactersMax);
         k < string.inside.size(); ++k) {
      add_token(string.inside[k], entry.token);
    }
  }
  string.behind_quote = make_tree(std::move(behind));
  string.closing = make_tree(std::move(closing));
  return string;
}

}  // namespace

Result<TokenTrie> TokenTrie::make(std::span<const std::string> pieces,
                                  std::span<const std::uint32_t> control) {
  const std::unordered_set<std::uint32_t> left_out(control.begin(), control.end());
  TokenTrie trie;
  trie.vocabulary_ = pieces.size();
  trie.pieces_.assign(pieces.begin(), pieces.end());
  std::vector<Entry> entries;
  std::size_t bytes = 0;
  for (std::uint32_t token = 0; token < pieces.size(); ++token) {
    const std::string& piece = trie.pieces_[token];
    if (piece.empty() || piece.size() > kPieceBytesMax || left_out.contains(token)) continue;
    entries.push_back({piece, token});
    bytes += piece.size();
  }
  if (bytes >= std::size_t{1} << 24) {
    return Error(ErrorKind::malformed,
                 "The vocabulary's tokens have " + std::to_string(bytes) +
                     " bytes in all; constrained answers need less than 16 MiB.");
  }
  trie.string_ = make_string_tokens(entries, trie.words());
  trie.all_ = make_tree(std::move(entries));
  return trie;
}

}  // namespace retort::grammar
