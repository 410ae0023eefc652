// Normaliser: what a tokenizer does to text before it cuts it into words.
//
// Three steps cover the models that are supported: Unicode's NFC, a prefix, and replacing one plain
// text by another (a space by U+2581).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/vocabulary.h"

namespace retort::text {

// `text`, valid UTF-8, in Unicode's normalisation form C (UAX 15). n log n, whatever its marks.
std::string normalize_nfc(std::string_view text);

// `text`, valid UTF-8, after all steps: `text` itself where they change nothing, else `storage`. An
// empty text stays empty.
std::string_view normalize(std::string_view text, const std::vector<NormalizerStep>& steps,
                           std::string& storage);

}  // namespace retort::text
