// What SentencePiece, and Hugging Face's copy of it, do to a text before a unigram model cuts it:
// characters by a precompiled table, extra spaces away, U+2581 for spaces.
#pragma once

#include <string>
#include <string_view>

namespace retort::text {

// How SentencePiece's own library normalises (sentencepiece, src/normalizer.cc).
struct SentencePieceRules {
  std::string_view charsmap;          // checked; empty: characters stay as they are
  bool adds_prefix = true;            // a space before the text (add_dummy_prefix)
  bool removes_extra_spaces = false;  // at both ends, and all but one of a run
};

// `text`, valid UTF-8, with U+2581 in place of spaces.
std::string normalize_sentencepiece(std::string_view text, const SentencePieceRules& rules);

// Hugging Face's `Precompiled`, which looks up each grapheme cluster of fewer than 6 bytes by the
// shortest entry that it begins with, and else each character.
std::string normalize_precompiled(std::string_view text, std::string_view charsmap);

// Each run of two or more spaces becomes `content`.
std::string replace_space_runs(std::string_view text, std::string_view content);

// `text` without the white space (Unicode's) at its front, or at its back.
std::string_view strip_front(std::string_view text);
std::string_view strip_back(std::string_view text);

}  // namespace retort::text
