#include "grammar/spelling.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/utf8.h"

namespace retort::grammar {
namespace {

// The escapes of two characters (RFC 8259, section 7).
struct ShortEscape {
  char letter;
  char32_t character;
};
constexpr std::array kShortEscapes = {
    ShortEscape{'"', '"'},  ShortEscape{'\\', '\\'}, ShortEscape{'/', '/'},  ShortEscape{'b', '\b'},
    ShortEscape{'f', '\f'}, ShortEscape{'n', '\n'},  ShortEscape{'r', '\r'}, ShortEscape{'t', '\t'},
};

// One byte of a code point's spelling: it holds the next `bits` bits, highest first.
struct Place {
  unsigned bits;
  unsigned base;  // of the byte, or of the hexadecimal digit, that stands for 0
  bool hex = false;
  Expression before = ExpressionPool::empty();  // stands in front of it
};

ByteSet spelled(const Place& place, unsigned value) {
  const unsigned digit = place.base + value;
  if (!place.hex) return ByteSet::of(static_cast<std::uint8_t>(digit));
  if (digit < 10) return ByteSet::of(static_cast<std::uint8_t>('0' + digit));
  return ByteSet::of(static_cast<std::uint8_t>('a' + digit - 10)) |
         ByteSet::of(static_cast<std::uint8_t>('A' + digit - 10));
}

// The part of `ranges` from `first` to `last`, as distances from `first`.
CodePointSet cut(std::span<const CodePoints> ranges, char32_t first, char32_t last) {
  CodePointSet within;
  auto range = std::ranges::lower_bound(ranges, first, {}, &CodePoints::last);
  for (; range != ranges.end() && range->first <= last; ++range) {
    within.push_back({std::max(range->first, first) - first, std::min(range->last, last) - first});
  }
  return within;
}

// The values in `ranges`, each in its places. Values whose rests are the same share a set of bytes,
// so that the expression grows with the ends of the ranges and not with what lies between.
Expression in_places(ExpressionPool& pool, std::span<const Place> places,
                     std::span<const CodePoints> ranges) {
  if (ranges.empty()) return ExpressionPool::nothing();
  if (places.empty()) return ExpressionPool::empty();
  unsigned rest_bits = 0;
  for (const Place& place : places.subspan(1)) rest_bits += place.bits;
  const char32_t step = char32_t{1} << rest_bits;
  const unsigned count = 1u << places[0].bits;
  std::map<Expression, ByteSet> bytes_of_rest;
  const bool full = ranges[0].first == 0 && ranges[0].last == step * count - 1;
  const Expression full_rest =
      full ? in_places(pool, places.subspan(1), CodePointSet{{0, step - 1}}) : 0;
  for (unsigned value = 0; value < count; ++value) {
    const Expression rest =
        full ? full_rest
             : in_places(pool, places.subspan(1),
                         cut(ranges, value * step, static_cast<char32_t>((value + 1) * step - 1)));
    if (rest == ExpressionPool::nothing()) continue;
    ByteSet& bytes = bytes_of_rest[rest];
    bytes = bytes | spelled(places[0], value);
  }
  std::vector<Expression> ways;
  for (const auto& [rest, bytes] : bytes_of_rest) {
    ways.push_back(pool.concat({places[0].before, pool.bytes(bytes), rest}));
  }
  return pool.either(ways);
}

// RFC 3629: of each length, only the code points that need it.
Expression in_utf8(ExpressionPool& pool, const CodePointSet& set) {
  constexpr Place kMore{6, 0x80};
  constexpr std::array kOne = {Place{7, 0}};
  constexpr std::array kTwo = {Place{5, 0xC0}, kMore};
  constexpr std::array kThree = {Place{4, 0xE0}, kMore, kMore};
  constexpr std::array kFour = {Place{3, 0xF0}, kMore, kMore, kMore};
  const auto part = [&](std::span<const Place> places, char32_t first, char32_t last) {
    CodePointSet within = cut(set, first, last);
    for (CodePoints& range : within) range = {range.first + first, range.last + first};
    return in_places(pool, places, within);
  };
  return pool.either({part(kOne, 0, 0x7F), part(kTwo, 0x80, 0x7FF), part(kThree, 0x800, 0xFFFF),
                      part(kFour, 0x10000, 0x10FFFF)});
}

Expression in_unicode_escape(ExpressionPool& pool, const CodePointSet& set) {
  constexpr Place kDigit{4, 0, true};
  constexpr std::array kUnit = {kDigit, kDigit, kDigit, kDigit};
  const Expression unit = in_places(pool, kUnit, cut(set, 0, 0xFFFF));
  // Ten bits in D800 to DBFF, ten in DC00 to DFFF.
  const Expression d = pool.bytes(ByteSet::of('d') | ByteSet::of('D'));
  const Expression between = pool.concat(pool.literal("\\u"), d);
  const std::array pair = {Place{2, 8, true},           kDigit, kDigit,
                           Place{2, 12, true, between}, kDigit, kDigit};
  const Expression pairs = in_places(pool, pair, cut(set, 0x10000, 0x10FFFF));
  return pool.concat(pool.literal("u"), pool.either(unit, pool.concat(d, pairs)));
}

Expression in_json_string(ExpressionPool& pool, const CodePointSet& set) {
  ByteSet letters;
  for (const ShortEscape& escape : kShortEscapes) {
    if (contains(set, escape.character)) letters.add(static_cast<std::uint8_t>(escape.letter));
  }
  const CodePointSet plain = without(set, make_set({{0, 0x1F}, {'"', '"'}, {'\\', '\\'}}));
  const Expression escapes = pool.either(pool.bytes(letters), in_unicode_escape(pool, set));
  return pool.either(in_utf8(pool, plain), pool.concat(pool.literal("\\"), escapes));
}

}  // namespace

Expression one_character(ExpressionPool& pool, const CodePointSet& set, Spelling spelling) {
  if (spelling == Spelling::utf8) return in_utf8(pool, set);
  if (set == all_code_points()) return pool.json_character();
  const Expression spellings = in_json_string(pool, set);
  pool.declare_json_characters(spellings);
  return spellings;
}

std::string json_spelling(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string spelling;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const auto escape = std::ranges::find(kShortEscapes, byte, &ShortEscape::character);
    if (escape != kShortEscapes.end() && c != '/') {
      spelling += {'\\', escape->letter};
    } else if (byte < 0x20) {
      spelling += "\\u00";
      spelling += {kHex[byte >> 4], kHex[byte & 15]};
    } else {
      spelling += c;
    }
  }
  return spelling;
}

}  // namespace retort::grammar
