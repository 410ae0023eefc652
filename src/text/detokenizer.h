// Detokenizer: the tokens of an answer, as they come, to text that is whole UTF-8 at every step.
//
// A character may be spread over several tokens; what is not yet whole is held back. One path makes
// streamed and unstreamed text, so they are equal byte for byte.
#pragma once

#include <string>
#include <string_view>

#include "text/tokenizer.h"

namespace retort::text {

// Bytes to text. A sequence that can never become a character is U+FFFD: one for its longest part
// that could have begun one (Unicode 15, section 3.9, and Hugging Face).
class Utf8Assembler {
 public:
  // The text that is whole now.
  std::string push(std::string_view bytes);
  // What was held back, as U+FFFD.
  std::string finish();

 private:
  std::string held_;  // the beginning of a character: at most 3 bytes
};

// One answer. `tokenizer` outlives it. Not thread-safe.
class Detokenizer {
 public:
  explicit Detokenizer(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  // The text that is whole after this token; empty for control and unknown tokens, and ids outside
  // the vocabulary. The space that SentencePiece puts before a text is not part of it.
  std::string push(TokenId token);

  // The same for a token whose text a reader of the answer needs though it is a control token (the
  // marks of a tool call).
  std::string push_visibly(TokenId token);

  // The end of the answer: what was held back, as U+FFFD.
  std::string finish();

 private:
  const Tokenizer& tokenizer_;
  Utf8Assembler assembler_;
  bool is_first_ = true;
};

}  // namespace retort::text
