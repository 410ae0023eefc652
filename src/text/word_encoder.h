// WordEncoder: one word to the ids of its tokens, by byte-pair merging.
//
// Both kinds of vocabulary come down to it: a word becomes a row of symbols (bytes, or characters
// with byte tokens for those that have none), and these merge. Most words of real text are tokens
// themselves; for those the answer was worked out when the encoder was made.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <retort/result.h>

#include "text/merges.h"
#include "text/vocabulary.h"

namespace retort::text {

class WordEncoder {
 public:
  // Working memory of one caller, kept from word to word.
  struct Scratch {
    std::vector<std::int32_t> symbols;
    MergeTable::Scratch merge;
  };

  // `words` holds for each token the text that spells it in a word: its bytes, or with
  // Kind::characters its file spelling; `words` and what it looks at outlive the encoder. Errors
  // name the merge or the missing token.
  static Result<WordEncoder> make(const Vocabulary& vocabulary,
                                  const std::vector<std::string_view>& words);

  // Appends the ids of `word`, valid UTF-8. Never those of control tokens. What the vocabulary can
  // express in no way (falcon has no token for the byte 0x03) is left out, as Hugging Face does.
  // Thread-safe.
  void encode(std::string_view word, std::vector<TokenId>& ids, Scratch& scratch) const;

  // Appends the id of a byte that is no part of valid UTF-8; false where it has no token.
  bool encode_byte(unsigned char byte, std::vector<TokenId>& ids) const;

 private:
  // A character that is no token, but part of one: it may merge.
  struct PartOnly {
    std::string text;
  };
  struct WordSlot {
    std::uint32_t hash = 0;
    TokenId id = -1;
  };

  explicit WordEncoder(const Vocabulary& vocabulary, const std::vector<std::string_view>& words);

  Result<void> read_symbols(const Vocabulary& vocabulary);
  Result<void> read_merges(const Vocabulary& vocabulary);
  void read_scores(const Vocabulary& vocabulary);
  std::int32_t part(std::string_view text,
                    std::unordered_map<std::string_view, std::int32_t>& parts);
  void learn_words(const Vocabulary& vocabulary);
  void add_word(TokenId id);
  TokenId find_word(std::string_view word) const noexcept;
  void encode_by_merging(std::string_view word, std::vector<TokenId>& ids, Scratch& scratch) const;
  void push_character(std::string_view bytes, char32_t character,
                      std::vector<std::int32_t>& symbols) const;
  void push_fallback(std::string_view bytes, std::vector<std::int32_t>& symbols) const;

  const std::vector<std::string_view>* words_;
  bool byte_level_;
  bool byte_fallback_;
  bool fuses_unknown_;
  TokenId unknown_;  // -1: none
  TokenId tokens_;   // count; symbols from here on are parts_
  MergeTable merges_;
  std::array<TokenId, 256>
      byte_ids_;  // byte_level: of each byte's letter; else of <0xNN>; -1: none
  std::unordered_map<char32_t, std::int32_t> characters_;
  std::vector<PartOnly> parts_;
  std::vector<WordSlot> slots_;  // open addressing, a power of two, at most half full
};

}  // namespace retort::text
