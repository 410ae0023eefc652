// Charsmap: SentencePiece's precompiled table of characters and what each becomes (NFKC and more).
//
// A model file carries it as bytes: the length of a double-array trie (4 bytes, little-endian), the
// trie's 32-bit units (Yata, darts-clone), and the texts that its values point to, each ended by a
// NUL (sentencepiece, src/normalizer.cc). Nothing in it is trusted: every look-up stays inside it
// whatever it holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <retort/result.h>

namespace retort::text {

// A view of the table's bytes, cheap to make. Thread-safe.
class Charsmap {
 public:
  // What the beginning of a text becomes.
  struct Match {
    std::size_t bytes = 0;  // of the text
    std::string_view becomes;
  };

  // Errors (malformed): lengths that do not fit, or texts that are not UTF-8. An empty table is
  // fine and changes nothing.
  static Result<void> check(std::string_view table);

  // A table as tokenizer.json has it, in base64 (RFC 4648); nothing where it is not that.
  static std::optional<std::string> from_base64(std::string_view text);

  // `table` outlives it, and was checked.
  explicit Charsmap(std::string_view table) noexcept;

  // The longest, or the shortest, beginning of `text` that has an entry.
  std::optional<Match> longest(std::string_view text) const noexcept;
  std::optional<Match> shortest(std::string_view text) const noexcept;

 private:
  std::optional<Match> find(std::string_view text, bool wants_longest) const noexcept;
  std::optional<std::string_view> text_at(std::uint32_t offset) const noexcept;
  std::uint32_t unit(std::size_t index) const noexcept;

  std::string_view units_;
  std::string_view texts_;
};

}  // namespace retort::text
