// UnigramEncoder: a text to the ids of its tokens by a unigram model: of all ways to cut it into
// pieces the one whose scores, the pieces' log probabilities, have the largest sum.
//
// Kudo, "Subword Regularization" (2018); SentencePiece's Viterbi search, which Hugging Face's
// tokenizers copied: one pass over the text, at each character all pieces that begin there. Where
// sums are equal the cut that was found first stays, so the order of the search is theirs too.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <retort/result.h>

#include "text/piece_trie.h"
#include "text/vocabulary.h"

namespace retort::text {

class UnigramEncoder {
 public:
  // The best way to a place in the text.
  struct Step {
    double score = 0;
    std::uint32_t bytes = 0;  // of its last piece; 0: nothing leads there yet
    TokenId id = -1;          // of that piece; -1: a character that is in no piece
  };
  // Working memory of one caller, kept from text to text.
  struct Scratch {
    std::vector<Step> steps;  // [bytes of the text + 1]
    std::vector<std::uint32_t> ends;
  };

  // Errors (malformed): neither byte tokens nor an unknown token.
  static Result<UnigramEncoder> make(const Vocabulary& vocabulary);

  // Appends the ids of `text`, valid UTF-8 of less than 4 GiB. Never those of control tokens, nor
  // of byte tokens whose names the text spells. Linear in the text times the longest piece.
  // Thread-safe.
  void encode(std::string_view text, std::vector<TokenId>& ids, Scratch& scratch) const;

  // Appends the id of a byte that is no part of valid UTF-8; false where it has no token.
  bool encode_byte(unsigned char byte, std::vector<TokenId>& ids) const;

 private:
  explicit UnigramEncoder(const Vocabulary& vocabulary);

  void search(std::string_view text, std::vector<Step>& steps) const;
  void offer(Step& step, double score, std::size_t bytes, TokenId id) const;
  void push_unknown(std::string_view text, std::vector<TokenId>& ids) const;

  PieceTrie pieces_;
  std::vector<double> scores_;  // by id
  std::array<TokenId, 256> byte_ids_;
  TokenId unknown_;  // -1: none
  double unknown_score_;
  bool single_precision_;
};

}  // namespace retort::text
