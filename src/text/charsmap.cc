// See charsmap.h.
//
// A unit of the double array (darts-clone): bits 0 to 7 the label, bit 8 whether a value hangs
// below, bits 10 to 30 the offset to the children, shifted left by 8 where bit 9 is set; bit 31
// marks a value, which is the other 31 bits.
#include "text/charsmap.h"

#include <array>

#include "base/utf8.h"

namespace retort::text {
namespace {

constexpr std::size_t kUnitBytes = 4;

std::uint32_t little_endian(std::string_view bytes) noexcept {
  std::uint32_t value = 0;
  for (std::size_t i = kUnitBytes; i > 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
  }
  return value;
}

bool has_value(std::uint32_t unit) noexcept {
  return (unit >> 8 & 1) != 0;
}

std::uint32_t value_of(std::uint32_t unit) noexcept {
  return unit & 0x7FFF'FFFF;
}

// A value's bit is kept, so that it is no byte's label.
std::uint32_t label_of(std::uint32_t unit) noexcept {
  return unit & 0x8000'00FF;
}

std::size_t offset_of(std::uint32_t unit) noexcept {
  return std::size_t{unit >> 10} << ((unit & 1U << 9) >> 6);
}

// Whether `text`, cut out of valid UTF-8, begins in the middle of a character: a damaged table may
// say to cut so.
bool is_inside_character(std::string_view text) noexcept {
  return !text.empty() && (static_cast<unsigned char>(text[0]) & 0xC0) == 0x80;
}

}  // namespace

Result<void> Charsmap::check(std::string_view table) {
  const auto wrong = [](const std::string& what) {
    return Error(ErrorKind::malformed, "the table of characters (precompiled_charsmap) " + what);
  };
  if (table.empty()) return {};
  if (table.size() < kUnitBytes) return wrong("is cut off");
  const std::size_t bytes = little_endian(table);
  if (bytes % kUnitBytes != 0 || bytes > table.size() - kUnitBytes) {
    return wrong("is shorter than it says");
  }
  const std::string_view texts = table.substr(kUnitBytes + bytes);
  if (texts.empty() || texts.back() != '\0') return wrong("has a text without an end");
  if (!base::is_utf8(texts)) return wrong("has texts that are not UTF-8");
  return {};
}

std::optional<std::string> Charsmap::from_base64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  std::array<std::uint8_t, 256> values;
  values.fill(64);
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::uint8_t>(i);
  }
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::uint8_t value = values[static_cast<unsigned char>(c)];
    if (value > 63) return std::nullopt;
    bits = bits << 6 | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xFF);
  }
  return bytes;
}

Charsmap::Charsmap(std::string_view table) noexcept {
  if (table.size() < kUnitBytes) return;
  units_ = table.substr(kUnitBytes, little_endian(table));
  texts_ = table.substr(kUnitBytes + units_.size());
}

std::optional<Charsmap::Match> Charsmap::longest(std::string_view text) const noexcept {
  return find(text, true);
}

std::optional<Charsmap::Match> Charsmap::shortest(std::string_view text) const noexcept {
  return find(text, false);
}

// Unit `index`; one that matches nothing where it is outside.
std::uint32_t Charsmap::unit(std::size_t index) const noexcept {
  if (index >= units_.size() / kUnitBytes) return 0x8000'0000;
  return little_endian(units_.substr(index * kUnitBytes, kUnitBytes));
}

std::optional<std::string_view> Charsmap::text_at(std::uint32_t offset) const noexcept {
  if (offset >= texts_.size()) return std::nullopt;
  const std::string_view text = texts_.substr(offset, texts_.find('\0', offset) - offset);
  if (is_inside_character(text)) return std::nullopt;
  return text;
}

std::optional<Charsmap::Match> Charsmap::find(std::string_view text,
                                              bool wants_longest) const noexcept {
  std::optional<Match> found;
  std::size_t position = offset_of(unit(0));
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    position ^= byte;
    const std::uint32_t here = unit(position);
    if (label_of(here) != byte) break;
    position ^= offset_of(here);
    if (!has_value(here) || is_inside_character(text.substr(i + 1))) continue;
    const auto becomes = text_at(value_of(unit(position)));
    if (!becomes) continue;
    found = Match{i + 1, *becomes};
    if (!wants_longest) break;
  }
  return found;
}

}  // namespace retort::text
