// Strings with provenance: cutting, joining, stripping, replacing, and Python's case mappings.
#include "text/jinja_text.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/utf8.h"

namespace retort::text::jinja {
namespace {

// Code points whose upper case is more than one code point: Unicode's SpecialCasing.txt, the
// unconditional part. What follows 0 is not there.
struct Expansion {
  char32_t from;
  std::array<char32_t, 3> upper;
};
constexpr std::array kExpansions = std::to_array<Expansion>({
    {0xDF, {0x53, 0x53}},
    {0x149, {0x2BC, 0x4E}},
    {0x1F0, {0x4A, 0x30C}},
    {0x390, {0x399, 0x308, 0x301}},
    {0x3B0, {0x3A5, 0x308, 0x301}},
    {0x587, {0x535, 0x552}},
    {0x1E96, {0x48, 0x331}},
    {0x1E97, {0x54, 0x308}},
    {0x1E98, {0x57, 0x30A}},
    {0x1E99, {0x59, 0x30A}},
    {0x1E9A, {0x41, 0x2BE}},
    {0x1F50, {0x3A5, 0x313}},
    {0x1F52, {0x3A5, 0x313, 0x300}},
    {0x1F54, {0x3A5, 0x313, 0x301}},
    {0x1F56, {0x3A5, 0x313, 0x342}},
    {0x1FB2, {0x1FBA, 0x399}},
    {0x1FB3, {0x391, 0x399}},
    {0x1FB4, {0x386, 0x399}},
    {0x1FB6, {0x391, 0x342}},
    {0x1FB7, {0x391, 0x342, 0x399}},
    {0x1FBC, {0x391, 0x399}},
    {0x1FC2, {0x1FCA, 0x399}},
    {0x1FC3, {0x397, 0x399}},
    {0x1FC4, {0x389, 0x399}},
    {0x1FC6, {0x397, 0x342}},
    {0x1FC7, {0x397, 0x342, 0x399}},
    {0x1FCC, {0x397, 0x399}},
    {0x1FD2, {0x399, 0x308, 0x300}},
    {0x1FD3, {0x399, 0x308, 0x301}},
    {0x1FD6, {0x399, 0x342}},
    {0x1FD7, {0x399, 0x308, 0x342}},
    {0x1FE2, {0x3A5, 0x308, 0x300}},
    {0x1FE3, {0x3A5, 0x308, 0x301}},
    {0x1FE4, {0x3A1, 0x313}},
    {0x1FE6, {0x3A5, 0x342}},
    {0x1FE7, {0x3A5, 0x308, 0x342}},
    {0x1FF2, {0x1FFA, 0x399}},
    {0x1FF3, {0x3A9, 0x399}},
    {0x1FF4, {0x38F, 0x399}},
    {0x1FF6, {0x3A9, 0x342}},
    {0x1FF7, {0x3A9, 0x342, 0x399}},
    {0x1FFC, {0x3A9, 0x399}},
    {0xFB00, {0x46, 0x46}},
    {0xFB01, {0x46, 0x49}},
    {0xFB02, {0x46, 0x4C}},
    {0xFB03, {0x46, 0x46, 0x49}},
    {0xFB04, {0x46, 0x46, 0x4C}},
    {0xFB05, {0x53, 0x54}},
    {0xFB06, {0x53, 0x54}},
    {0xFB13, {0x544, 0x546}},
    {0xFB14, {0x544, 0x535}},
    {0xFB15, {0x544, 0x53B}},
    {0xFB16, {0x54E, 0x546}},
    {0xFB17, {0x544, 0x53D}},
});

using Mapped = std::array<char32_t, 3>;

char32_t simple(utf8proc_int32_t (*map)(utf8proc_int32_t), char32_t point) {
  return static_cast<char32_t>(map(static_cast<utf8proc_int32_t>(point)));
}

utf8proc_category_t category(char32_t point) noexcept {
  return utf8proc_category(static_cast<utf8proc_int32_t>(point));
}

Mapped upper_of(char32_t point) {
  if (point < 0x80) return {point >= 'a' && point <= 'z' ? point - 32 : point};
  // The Greek small letters with iota subscript (and their titlecase forms) repeat by eights.
  if (point >= 0x1F80 && point <= 0x1FAF) {
    const char32_t base = point < 0x1F90 ? 0x1F08 : point < 0x1FA0 ? 0x1F28 : 0x1F68;
    return {base + (point & 7), 0x399};
  }
  const auto* found = std::lower_bound(
      kExpansions.begin(), kExpansions.end(), point,
      [](const Expansion& expansion, char32_t wanted) { return expansion.from < wanted; });
  if (found != kExpansions.end() && found->from == point) return found->upper;
  return {simple(utf8proc_toupper, point)};
}

Mapped lower_of(char32_t point) {
  if (point < 0x80) return {point >= 'A' && point <= 'Z' ? point + 32 : point};
  if (point == 0x130) return {0x69, 0x307};
  return {simple(utf8proc_tolower, point)};
}

Mapped title_of(char32_t point) {
  if (point < 0x80) return upper_of(point);
  if (category(point) == UTF8PROC_CATEGORY_LT) return {point};
  const char32_t single = simple(utf8proc_totitle, point);
  Mapped upper = upper_of(point);
  if (upper[1] == 0 || (single != point && point != 0xDF)) return {single};
  if (point == 0x149) return upper;
  for (std::size_t i = 1; i < upper.size() && upper[i] != 0; ++i) {
    upper[i] = upper[i] == 0x399 && upper[0] != 0x399 ? 0x345 : lower_of(upper[i])[0];
  }
  return upper;
}

// Whether the letter has case at all; case-ignorable characters (marks, apostrophes) stand between.
bool is_cased(char32_t point) noexcept {
  const auto c = category(point);
  return c == UTF8PROC_CATEGORY_LU || c == UTF8PROC_CATEGORY_LL || c == UTF8PROC_CATEGORY_LT ||
         (point >= 0x2160 && point <= 0x217F) || (point >= 0x24B6 && point <= 0x24E9);
}

bool is_case_ignorable(char32_t point) noexcept {
  switch (category(point)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return point == '\'' || point == '.' || point == ':' || point == 0xB7 || point == 0x387 ||
             point == 0x2018 || point == 0x2019 || point == 0x2024 || point == 0x2027;
  }
}

char32_t point_before(std::string_view bytes, std::size_t& at) {
  do --at;
  while (at > 0 && (static_cast<unsigned char>(bytes[at]) & 0xC0) == 0x80);
  return base::decode_utf8(bytes.substr(at)).value;
}

// Unicode's Final_Sigma: a cased letter before, none after, ignorable ones skipped.
bool is_final_sigma(std::string_view bytes, std::size_t at) {
  std::size_t before = at;
  char32_t point = 0;
  do {
    if (before == 0) return false;
    point = point_before(bytes, before);
  } while (is_case_ignorable(point));
  if (!is_cased(point)) return false;
  for (std::size_t after = at + 2; after < bytes.size();) {
    const base::CodePoint next = base::decode_utf8(bytes.substr(after));
    if (!is_case_ignorable(next.value)) return !is_cased(next.value);
    after += std::max<std::size_t>(next.bytes, 1);
  }
  return true;
}

std::u32string sorted_points(std::string_view bytes) {
  std::u32string points;
  while (!bytes.empty()) {
    const base::CodePoint point = base::decode_utf8(bytes);
    points.push_back(point.value);
    bytes.remove_prefix(std::max<std::size_t>(point.bytes, 1));
  }
  std::sort(points.begin(), points.end());
  return points;
}

Mapped fold_of(char32_t point) {
  const Mapped upper = upper_of(point);
  if (upper[1] == 0) return {simple(utf8proc_tolower, upper[0])};
  Mapped folded{};
  for (std::size_t i = 0; i < upper.size() && upper[i] != 0; ++i) folded[i] = lower_of(upper[i])[0];
  return folded;
}

Mapped map_point(char32_t point, Case to, bool first, bool after_cased) {
  switch (to) {
    case Case::upper:
      return upper_of(point);
    case Case::fold:
      return fold_of(point);
    case Case::title:
      return after_cased ? lower_of(point) : title_of(point);
    case Case::capitalize:
      return first ? title_of(point) : lower_of(point);
    case Case::swap:
      return is_upper(point) ? lower_of(point) : is_lower(point) ? upper_of(point) : Mapped{point};
    case Case::lower:
      break;
  }
  return lower_of(point);
}

}  // namespace

Text::Text(std::string bytes, std::vector<Span> literals, bool markup) {
  auto body = std::make_shared<Body>();
  body->points = static_cast<std::size_t>(
      std::count_if(bytes.begin(), bytes.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  body->bytes = std::move(bytes);
  body->literals = std::move(literals);
  body->markup = markup;
  body_ = std::move(body);
}

Text Text::data(std::string_view bytes) {
  if (base::is_utf8(bytes)) return Text(std::string(bytes), {}, false);
  return Text(base::replace_invalid_utf8(bytes), {}, false);
}

Text Text::literal(std::string_view bytes) {
  TextBuilder builder;
  builder.append_literal(base::is_utf8(bytes) ? std::string(bytes)
                                              : base::replace_invalid_utf8(bytes));
  return std::move(builder).text();
}

Text Text::with_markup(bool markup) const {
  if (markup == body_->markup) return *this;
  return Text(body_->bytes, body_->literals, markup);
}

std::size_t Text::byte_of(std::size_t index) const noexcept {
  if (ascii()) return std::min(index, size());
  const std::string_view all = bytes();
  std::size_t at = 0;
  for (; at < all.size(); ++at) {
    if ((all[at] & 0xC0) == 0x80) continue;
    if (index-- == 0) return at;
  }
  return at;
}

std::size_t Text::point_of(std::size_t byte) const noexcept {
  if (ascii()) return byte;
  const std::string_view front = bytes().substr(0, byte);
  return static_cast<std::size_t>(
      std::count_if(front.begin(), front.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

Text Text::sub(std::size_t begin, std::size_t end) const {
  if (begin == 0 && end == size()) return *this;
  TextBuilder builder;
  if (begin < end) builder.append(*this, begin, end);
  return std::move(builder).text(markup());
}

void TextBuilder::mark(std::size_t begin, std::size_t end) {
  if (begin == end) return;
  if (!literals_.empty() && literals_.back().end == begin) {
    literals_.back().end = end;
  } else {
    literals_.push_back({begin, end});
  }
}

void TextBuilder::append(const Text& piece, std::size_t begin, std::size_t end) {
  const std::size_t at = bytes_.size();
  bytes_.append(piece.bytes().substr(begin, end - begin));
  const auto& spans = piece.literals();
  auto span =
      std::lower_bound(spans.begin(), spans.end(), begin,
                       [](const Text::Span& one, std::size_t wanted) { return one.end <= wanted; });
  for (; span != spans.end() && span->begin < end; ++span) {
    mark(at + std::max(span->begin, begin) - begin, at + std::min(span->end, end) - begin);
  }
}

void TextBuilder::append_literal(std::string_view bytes) {
  const std::size_t at = bytes_.size();
  bytes_.append(bytes);
  mark(at, bytes_.size());
}

void TextBuilder::append_like(std::string_view bytes, const Text& source, std::size_t at) {
  const auto& spans = source.literals();
  const auto span =
      std::lower_bound(spans.begin(), spans.end(), at,
                       [](const Text::Span& one, std::size_t wanted) { return one.end <= wanted; });
  if (span != spans.end() && span->begin <= at) {
    append_literal(bytes);
  } else {
    append_data(bytes);
  }
}

Text TextBuilder::text(bool markup) && {
  return Text(std::move(bytes_), std::move(literals_), markup);
}

PromptText TextBuilder::prompt() && {
  return {std::move(bytes_), std::move(literals_)};
}

bool is_space(char32_t point) noexcept {
  return (point >= 0x09 && point <= 0x0D) || (point >= 0x1C && point <= 0x20) || point == 0x85 ||
         point == 0xA0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200A) ||
         point == 0x2028 || point == 0x2029 || point == 0x202F || point == 0x205F ||
         point == 0x3000;
}

bool is_line_break(char32_t point) noexcept {
  return (point >= 0x0A && point <= 0x0D) || (point >= 0x1C && point <= 0x1E) || point == 0x85 ||
         point == 0x2028 || point == 0x2029;
}

bool is_printable(char32_t point) noexcept {
  if (point < 0x7F) return point >= 0x20;
  switch (category(point)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

bool is_alpha(char32_t point) noexcept {
  const auto c = category(point);
  return c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_LO;
}

bool is_decimal(char32_t point) noexcept {
  return category(point) == UTF8PROC_CATEGORY_ND;
}

bool is_digit(char32_t point) noexcept {
  // Numeric_Type=Digit: superscripts, subscripts, circled and parenthesized digits.
  return is_decimal(point) || point == 0xB2 || point == 0xB3 || point == 0xB9 || point == 0x2070 ||
         (point >= 0x2074 && point <= 0x2079) || (point >= 0x2080 && point <= 0x2089) ||
         (point >= 0x2460 && point <= 0x2468) || (point >= 0x2474 && point <= 0x247C) ||
         (point >= 0x2488 && point <= 0x2490) || point == 0x24EA ||
         (point >= 0x24F5 && point <= 0x24FD) || point == 0x24FF ||
         (point >= 0x2776 && point <= 0x277E) || (point >= 0x2780 && point <= 0x2788) ||
         (point >= 0x278A && point <= 0x2792);
}

bool is_numeric(char32_t point) noexcept {
  const auto c = category(point);
  return c == UTF8PROC_CATEGORY_ND || c == UTF8PROC_CATEGORY_NL || c == UTF8PROC_CATEGORY_NO;
}

bool is_word(char32_t point) noexcept {
  return point == '_' || is_alpha(point) || is_numeric(point);
}

bool is_lower(char32_t point) noexcept {
  return category(point) == UTF8PROC_CATEGORY_LL || point == 0xAA || point == 0xBA ||
         (point >= 0x2170 && point <= 0x217F) || (point >= 0x24D0 && point <= 0x24E9);
}

bool is_upper(char32_t point) noexcept {
  return category(point) == UTF8PROC_CATEGORY_LU || (point >= 0x2160 && point <= 0x216F) ||
         (point >= 0x24B6 && point <= 0x24CF);
}

bool is_title(char32_t point) noexcept {
  return category(point) == UTF8PROC_CATEGORY_LT;
}

Text map_case(const Text& text, Case to) {
  TextBuilder builder;
  const std::string_view bytes = text.bytes();
  bool after_cased = false;
  for (std::size_t at = 0; at < bytes.size();) {
    const base::CodePoint point = base::decode_utf8(bytes.substr(at));
    Mapped mapped = map_point(point.value, to, at == 0, after_cased);
    if (point.value == 0x3A3 && mapped[0] == 0x3C3 && to != Case::fold &&
        is_final_sigma(bytes, at)) {
      mapped = {0x3C2};
    }
    std::string encoded;
    for (std::size_t i = 0; i < mapped.size() && (i == 0 || mapped[i] != 0); ++i) {
      base::append_utf8(encoded, mapped[i]);
    }
    builder.append_like(encoded, text, at);
    after_cased = is_cased(point.value);
    at += std::max<std::size_t>(point.bytes, 1);
  }
  return std::move(builder).text(text.markup());
}

Text strip(const Text& text, const Text* chars, bool left, bool right) {
  const std::string_view bytes = text.bytes();
  const std::u32string set = chars == nullptr ? std::u32string() : sorted_points(chars->bytes());
  const auto goes = [&](std::size_t at, std::size_t count) {
    const char32_t point = base::decode_utf8(bytes.substr(at, count)).value;
    if (chars == nullptr) return is_space(point);
    return std::binary_search(set.begin(), set.end(), point);
  };
  std::size_t begin = 0;
  std::size_t end = bytes.size();
  while (left && begin < end) {
    const std::size_t count =
        std::max<std::size_t>(base::decode_utf8(bytes.substr(begin)).bytes, 1);
    if (!goes(begin, count)) break;
    begin += count;
  }
  while (right && end > begin) {
    std::size_t at = end;
    point_before(bytes, at);
    if (!goes(at, end - at)) break;
    end = at;
  }
  return text.sub(begin, end);
}

std::size_t find_first(std::string_view haystack, std::string_view needle, std::size_t begin,
                       std::size_t end) noexcept {
  if (begin > end || end - begin < needle.size()) return std::string_view::npos;
  if (needle.empty()) return begin;
  const void* found = memmem(haystack.data() + begin, end - begin, needle.data(), needle.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - haystack.data());
}

std::size_t find_last(std::string_view haystack, std::string_view needle, std::size_t begin,
                      std::size_t end) {
  if (begin > end || end - begin < needle.size()) return std::string_view::npos;
  if (needle.empty()) return end;
  // Searching the reversed bytes keeps memmem's linear time.
  const std::string_view part = haystack.substr(begin, end - begin);
  const std::string reversed(part.rbegin(), part.rend());
  const std::string wanted(needle.rbegin(), needle.rend());
  const std::size_t found = find_first(reversed, wanted, 0, reversed.size());
  if (found == std::string_view::npos) return found;
  return end - found - needle.size();
}

Text replace(const Text& text, const Text& old, const Text& with, std::int64_t count) {
  TextBuilder builder;
  const std::string_view bytes = text.bytes();
  std::size_t from = 0;  // everything before is written
  std::size_t at = 0;    // the next match may begin here
  for (; count != 0; --count) {
    const std::size_t found = find_first(bytes, old.bytes(), at, bytes.size());
    if (found == std::string_view::npos) break;
    builder.append(text, from, found);
    builder.append(with);
    from = found + old.size();
    if (!old.empty()) {
      at = from;
      continue;
    }
    // An empty needle matches before every code point, and at the end.
    if (found == bytes.size()) break;
    at = found + std::max<std::size_t>(base::decode_utf8(bytes.substr(found)).bytes, 1);
  }
  builder.append(text, from, bytes.size());
  return std::move(builder).text(text.markup());
}

Text escape_markup(const Text& text) {
  if (text.markup()) return text;
  TextBuilder builder;
  const std::string_view bytes = text.bytes();
  std::size_t from = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const char c = bytes[at];
    const std::string_view entity = c == '&'    ? "&amp;"
                                    : c == '<'  ? "&lt;"
                                    : c == '>'  ? "&gt;"
                                    : c == '\'' ? "&#39;"
                                    : c == '"'  ? "&#34;"
                                                : "";
    if (entity.empty()) continue;
    builder.append(text, from, at);
    builder.append_like(entity, text, at);
    from = at + 1;
  }
  builder.append(text, from, bytes.size());
  return std::move(builder).text(true);
}

}  // namespace retort::text::jinja
