// See sentencepiece_normalizer.h.
#include "text/sentencepiece_normalizer.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/utf8.h"
#include "text/charsmap.h"
#include "text/white_space.h"

namespace retort::text {
namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581

// What the front of `text` becomes; it has at least one character.
Charsmap::Match next_piece(const Charsmap& map, std::string_view text) {
  if (const auto match = map.longest(text)) return *match;
  const std::size_t bytes = std::max<std::size_t>(base::decode_utf8(text).bytes, 1);
  return {bytes, text.substr(0, bytes)};
}

void append_marked(std::string& out, std::string_view text) {
  for (const char c : text) c == ' ' ? out.append(kSpaceMark) : out.append(1, c);
}

// The bytes of the grapheme cluster at the front of `text`.
std::size_t grapheme_bytes(std::string_view text) {
  utf8proc_int32_t state = 0;
  base::CodePoint before = base::decode_utf8(text);
  std::size_t bytes = std::max<std::size_t>(before.bytes, 1);
  while (bytes < text.size()) {
    const base::CodePoint next = base::decode_utf8(text.substr(bytes));
    if (next.bytes == 0 ||
        utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(before.value),
                                         static_cast<utf8proc_int32_t>(next.value), &state)) {
      break;
    }
    bytes += next.bytes;
    before = next;
  }
  return bytes;
}

}  // namespace

std::string normalize_sentencepiece(std::string_view text, const SentencePieceRules& rules) {
  const Charsmap map(rules.charsmap);
  if (rules.removes_extra_spaces) {
    while (!text.empty()) {
      const Charsmap::Match piece = next_piece(map, text);
      if (piece.becomes != " ") break;
      text.remove_prefix(piece.bytes);
    }
  }
  std::string out;
  if (text.empty()) return out;
  out.reserve(text.size() + text.size() / 2);
  if (rules.adds_prefix) out += kSpaceMark;
  bool after_space = rules.removes_extra_spaces;
  while (!text.empty()) {
    Charsmap::Match piece = next_piece(map, text);
    text.remove_prefix(piece.bytes);
    while (after_space && piece.becomes.starts_with(' ')) piece.becomes.remove_prefix(1);
    if (piece.becomes.empty()) continue;
    append_marked(out, piece.becomes);
    after_space = rules.removes_extra_spaces && piece.becomes.ends_with(' ');
  }
  while (rules.removes_extra_spaces && out.ends_with(kSpaceMark)) {
    out.resize(out.size() - kSpaceMark.size());
  }
  return out;
}

std::string normalize_precompiled(std::string_view text, std::string_view charsmap) {
  constexpr std::size_t kLookedUpBytesMax = 5;
  const Charsmap map(charsmap);
  std::string out;
  out.reserve(text.size());
  // Characters up to `plain` belong to a cluster that has no entry as a whole.
  std::size_t plain = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (at >= plain) {
      const std::size_t bytes = grapheme_bytes(text.substr(at));
      const bool is_short = bytes <= kLookedUpBytesMax;
      if (const auto match = is_short ? map.shortest(text.substr(at, bytes)) : std::nullopt) {
        out += match->becomes;
        at += bytes;
        continue;
      }
      plain = at + bytes;
    }
    const std::size_t bytes = std::max<std::size_t>(base::decode_utf8(text.substr(at)).bytes, 1);
    const std::string_view character = text.substr(at, bytes);
    const auto match = map.shortest(character);
    out += match ? match->becomes : character;
    at += bytes;
  }
  return out;
}

std::string replace_space_runs(std::string_view text, std::string_view content) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_not_of(' ', at), text.size());
    if (end - at >= 2) {
      out += content;
      at = end;
    } else {
      out += text[at++];
    }
  }
  return out;
}

std::string_view strip_front(std::string_view text) {
  return text.substr(skip_spaces(text, 0));
}

std::string_view strip_back(std::string_view text) {
  return text.substr(0, skip_spaces_back(text, text.size(), 0));
}

}  // namespace retort::text
