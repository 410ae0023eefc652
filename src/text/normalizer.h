// Normaliser: what a tokenizer does to text before it cuts it into words.
//
// The steps that the supported models take: Unicode's NFC, a prefix, replacing one plain text by
// another (a space by U+2581), and for unigram models SentencePiece's own normaliser.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/vocabulary.h"

namespace retort::text {

// `text`, valid UTF-8, in Unicode's normalisation form C (UAX 15). n log n, whatever its marks.
std::string normalize_nfc(std::string_view text);

// `text`, valid UTF-8, after all steps: `text` itself where there is none, else `storage`. An
// empty text stays empty.
std::string_view normalize(std::string_view text, const std::vector<NormalizerStep>& steps,
                           std::string& storage);

}  // namespace retort::text
