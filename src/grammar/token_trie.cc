#include "grammar/token_trie.h"

#include <algorithm>
#include <deque>
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

// Sorted entries that share their first `depth` bytes: a node whose children are not made yet.
struct Group {
  std::size_t begin, end, depth;
};

ByteTree make_tree(std::vector<Entry> entries) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.bytes != b.bytes ? a.bytes < b.bytes : a.token < b.token;
  });
  ByteTree tree;
  tree.bytes.push_back(0);
  std::deque<Group> waiting{{0, entries.size(), 0}};
  while (!waiting.empty()) {
    const Group node = waiting.front();
    waiting.pop_front();
    tree.first_child.push_back(static_cast<std::uint32_t>(tree.bytes.size()));
    tree.first_token.push_back(static_cast<std::uint32_t>(tree.tokens.size()));
    std::size_t at = node.begin;
    for (; at < node.end && entries[at].bytes.size() == node.depth; ++at) {
      tree.tokens.push_back(entries[at].token);
    }
    while (at < node.end) {
      const char byte = entries[at].bytes[node.depth];
      std::size_t end = at;
      while (end < node.end && entries[end].bytes[node.depth] == byte) ++end;
      tree.bytes.push_back(static_cast<std::uint8_t>(byte));
      waiting.push_back({at, end, node.depth + 1});
      at = end;
    }
  }
  tree.first_child.push_back(static_cast<std::uint32_t>(tree.bytes.size()));
  tree.first_token.push_back(static_cast<std::uint32_t>(tree.tokens.size()));
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
                                  std::span<const std::uint32_t> hidden,
                                  std::span<const std::uint32_t> marks) {
  const std::unordered_set<std::uint32_t> left_out(hidden.begin(), hidden.end());
  const std::unordered_set<std::uint32_t> meaningful(marks.begin(), marks.end());
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
  if (bytes >= std::size_t{1} << 28) {
    return Error(ErrorKind::malformed,
                 "The vocabulary's tokens have " + std::to_string(bytes) +
                     " bytes in all; constrained answers need less than 256 MiB.");
  }
  std::vector<Entry> plain = entries;
  std::erase_if(plain, [&](const Entry& entry) { return meaningful.contains(entry.token); });
  trie.string_ = make_string_tokens(plain, trie.words());
  trie.all_ = make_tree(std::move(entries));
  return trie;
}

}  // namespace retort::grammar
