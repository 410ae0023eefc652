// Tokenizer: text to token ids and back, by the rules of the vocabulary it was made from.
//
// After the chat template is rendered, the prompt's text becomes ids here; the engine knows ids
// only. The rules are Hugging Face's, in its order: added tokens are cut out first, then the text
// between them is normalised, cut into words by the pre-tokenizer, and each word merged by
// byte-pair encoding. One rule is our own: a control token comes only from a chat template's
// literal.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <retort/result.h>

#include "text/prompt_text.h"
#include "text/vocabulary.h"

namespace retort::text {

class Tokenizer {
 public:
  // Checks the vocabulary and builds the tables. Errors (malformed) name the token, merge or
  // setting at fault.
  static Result<Tokenizer> make(Vocabulary vocabulary);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // All methods are const and safe to call from several threads at once. Time and memory grow with
  // the text as n log n at worst, whatever it holds.

  // The ids of a text that holds no control tokens: whatever it spells, no id returned is one.
  // User-defined tokens are found in any text. Neither beginning nor end token is added. Bytes that
  // are not UTF-8 become byte tokens where the vocabulary has them, U+FFFD where it has not.
  std::vector<TokenId> encode(std::string_view text) const;

  // The same, and control tokens are recognised where they lie whole in one range of
  // `prompt.literals`. As Hugging Face encodes a rendered chat template, nothing is added: a
  // template writes its own beginning token.
  std::vector<TokenId> encode(const PromptText& prompt) const;

  // The bytes that a token adds to a text: maybe not whole UTF-8 characters; for a control token
  // its name. Empty where the id is outside the vocabulary. Valid as long as the tokenizer.
  std::string_view piece(TokenId id) const noexcept;
  // The token as its file spells it.
  std::string_view token_text(TokenId id) const noexcept;
  // The token that its file spells so.
  std::optional<TokenId> find(std::string_view token_text) const noexcept;

  // False for ids outside the vocabulary.
  bool is_control(TokenId id) const noexcept;
  bool is_end_of_generation(TokenId id) const noexcept;
  TokenType type(TokenId id) const noexcept;

  std::optional<TokenId> bos() const noexcept;
  std::optional<TokenId> eos() const noexcept;
  const std::vector<TokenId>& end_of_generation() const noexcept;
  // What the file says about adding them to a bare text; encode() does not.
  bool adds_bos() const noexcept;
  bool adds_eos() const noexcept;
  // Whether decoded text begins with a space that was not in the text (SentencePiece).
  bool strips_leading_space() const noexcept;
  // By name; "default" is the one for ordinary chats.
  const std::map<std::string, std::string, std::less<>>& chat_templates() const noexcept;

  std::size_t vocab_size() const noexcept;

 private:
  struct Tables;
  class Encoding;
  explicit Tokenizer(std::unique_ptr<const Tables> tables);

  std::unique_ptr<const Tables> tables_;
};

}  // namespace retort::text
