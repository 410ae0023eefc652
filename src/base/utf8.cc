#include "base/utf8.h"

#include <cstring>

namespace retort::base {
namespace {

// Length of the sequence that `lead` begins, 0 where it begins none, and the range of the second
// byte (RFC 3629, section 4: this is what rules out overlong forms and surrogates).
struct Lead {
  std::size_t bytes;
  unsigned char second_min;
  unsigned char second_max;
};

Lead read_lead(unsigned char lead) noexcept {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xC2) return {0, 0, 0};
  if (lead < 0xE0) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead < 0xF0) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead < 0xF4) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// The bytes at the front of `text` that are surely ASCII, found eight at a time: most text is.
std::size_t ascii_prefix(std::string_view text) noexcept {
  std::size_t count = 0;
  std::uint64_t eight;
  for (; count + sizeof eight <= text.size(); count += sizeof eight) {
    std::memcpy(&eight, text.data() + count, sizeof eight);
    if ((eight & 0x8080808080808080u) != 0) break;
  }
  return count;
}

// How many bytes of `text` agree with the sequence its first byte begins.
std::size_t agreeing_bytes(std::string_view text, const Lead& lead) noexcept {
  std::size_t count = 1;
  while (count < lead.bytes && count < text.size()) {
    const auto byte = static_cast<unsigned char>(text[count]);
    const unsigned char low = count == 1 ? lead.second_min : 0x80;
    const unsigned char high = count == 1 ? lead.second_max : 0xBF;
    if (byte < low || byte > high) break;
    ++count;
  }
  return count;
}

}  // namespace

CodePoint decode_utf8(std::string_view text) noexcept {
  if (text.empty()) return {};
  const auto first = static_cast<unsigned char>(text[0]);
  const Lead lead = read_lead(first);
  if (lead.bytes == 0 || agreeing_bytes(text, lead) < lead.bytes) return {};
  if (lead.bytes == 1) return {first, 1};
  char32_t value = first & (0x7Fu >> lead.bytes);
  for (std::size_t i = 1; i < lead.bytes; ++i) {
    value = (value << 6) | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  }
  return {value, lead.bytes};
}

void append_utf8(std::string& text, char32_t value) {
  if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) value = 0xFFFD;
  const auto put = [&text](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xC0 | (value >> 6));
    put(0x80 | (value & 0x3F));
  } else if (value < 0x10000) {
    put(0xE0 | (value >> 12));
    put(0x80 | ((value >> 6) & 0x3F));
    put(0x80 | (value & 0x3F));
  } else {
    put(0xF0 | (value >> 18));
    put(0x80 | ((value >> 12) & 0x3F));
    put(0x80 | ((value >> 6) & 0x3F));
    put(0x80 | (value & 0x3F));
  }
}

std::size_t valid_utf8_prefix(std::string_view text) noexcept {
  std::size_t position = 0;
  while (position < text.size()) {
    position += ascii_prefix(text.substr(position));
    if (position == text.size()) break;
    const CodePoint point = decode_utf8(text.substr(position));
    if (point.bytes == 0) break;
    position += point.bytes;
  }
  return position;
}

std::size_t incomplete_utf8_suffix(std::string_view text) noexcept {
  for (std::size_t count = 1; count <= 3 && count <= text.size(); ++count) {
    const std::string_view tail = text.substr(text.size() - count);
    const Lead lead = read_lead(static_cast<unsigned char>(tail[0]));
    if (lead.bytes > count) return agreeing_bytes(tail, lead) == count ? count : 0;
    if (lead.bytes != 0) return 0;
  }
  return 0;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const std::size_t valid = valid_utf8_prefix(text);
    clean.append(text.substr(0, valid));
    text.remove_prefix(valid);
    if (text.empty()) break;
    append_utf8(clean, 0xFFFD);
    text.remove_prefix(1);
  }
  return clean;
}

}  // namespace retort::base
