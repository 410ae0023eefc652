// White space as Unicode has it, which Hugging Face's tokenizers strip.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/utf8.h"

namespace retort::text {

// The last character of `text`, valid UTF-8; of 0 bytes where it is empty.
base::CodePoint last_code_point(std::string_view text);

// Unicode's White_Space.
bool is_white_space(char32_t c) noexcept;

// Where the first white space at or behind `position` begins; the text's end where there is none.
std::size_t find_space(std::string_view text, std::size_t position);
// Where the white space that begins at `position` of `text`, valid UTF-8, ends.
std::size_t skip_spaces(std::string_view text, std::size_t position);
// Where the white space that ends at `position` begins, at `least` at the earliest.
std::size_t skip_spaces_back(std::string_view text, std::size_t position, std::size_t least);

}  // namespace retort::text
