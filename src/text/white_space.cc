// See white_space.h.
#include "text/white_space.h"

namespace retort::text {

base::CodePoint last_code_point(std::string_view text) {
  std::size_t begin = text.size();
  while (begin > 0 && text.size() - begin < 4) {
    --begin;
    if ((static_cast<unsigned char>(text[begin]) & 0xC0) != 0x80) break;
  }
  return base::decode_utf8(text.substr(begin));
}

bool is_white_space(char32_t c) noexcept {
  return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

std::size_t find_space(std::string_view text, std::size_t position) {
  while (position < text.size()) {
    const base::CodePoint point = base::decode_utf8(text.substr(position));
    if (is_white_space(point.value)) break;
    position += point.bytes > 0 ? point.bytes : 1;
  }
  return position;
}

std::size_t skip_spaces(std::string_view text, std::size_t position) {
  while (position < text.size()) {
    const base::CodePoint point = base::decode_utf8(text.substr(position));
    if (point.bytes == 0 || !is_white_space(point.value)) break;
    position += point.bytes;
  }
  return position;
}

std::size_t skip_spaces_back(std::string_view text, std::size_t position, std::size_t least) {
  while (position > least) {
    const base::CodePoint point = last_code_point(text.substr(0, position));
    if (point.bytes == 0 || !is_white_space(point.value) || position - point.bytes < least) break;
    position -= point.bytes;
  }
  return position;
}

}  // namespace retort::text
