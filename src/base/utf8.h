// UTF-8, byte by byte: the encoding of every text that enters or leaves Retort (RFC 3629).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace retort::base {

// One code point read from the front of a text.
struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;  // 1 to 4; 0 where the text is empty or its front is no valid sequence
};

// Reads the first code point of `text`. Overlong forms, surrogates and values above U+10FFFF are
// not valid. Thread-safe, as everything here.
CodePoint decode_utf8(std::string_view text) noexcept;

// Appends `value` in UTF-8; a surrogate or a value above U+10FFFF becomes U+FFFD.
void append_utf8(std::string& text, char32_t value);

// The byte at which `text` stops being valid UTF-8, or text.size() where all of it is.
std::size_t valid_utf8_prefix(std::string_view text) noexcept;

inline bool is_utf8(std::string_view text) noexcept {
  return valid_utf8_prefix(text) == text.size();
}

// How many bytes at the end of `text` are the beginning of a sequence whose rest may still come: 0
// to 3.
std::size_t incomplete_utf8_suffix(std::string_view text) noexcept;

// `text` with each byte that is no part of a valid sequence replaced by U+FFFD.
std::string replace_invalid_utf8(std::string_view text);

}  // namespace retort::base
