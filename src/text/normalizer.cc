#include "text/normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <functional>

#include "base/utf8.h"
#include "text/sentencepiece_normalizer.h"

namespace retort::text {
namespace {

// No character below U+0300 is changed by NFC, nor joins one before it.
bool may_change(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0xCC; });
}

int combining_class(utf8proc_int32_t c) {
  return utf8proc_get_property(c)->combining_class;
}

// The canonical decomposition of each character, marks not yet in order.
std::vector<utf8proc_int32_t> decompose(std::string_view text) {
  std::vector<utf8proc_int32_t> points;
  points.reserve(text.size());
  constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
  while (!text.empty()) {
    const base::CodePoint point = base::decode_utf8(text);
    if (point.bytes == 0) break;
    text.remove_prefix(point.bytes);
    utf8proc_int32_t parts[32];
    const utf8proc_ssize_t count = utf8proc_decompose_char(
        static_cast<utf8proc_int32_t>(point.value), parts, 32, kOptions, nullptr);
    if (count < 1 || count > 32) {
      points.push_back(static_cast<utf8proc_int32_t>(point.value));
    } else {
      points.insert(points.end(), parts, parts + count);
    }
  }
  return points;
}

// The canonical ordering algorithm: marks behind a character in the order of their classes, those
// of one class as they came. utf8proc's own swaps neighbours, which takes quadratic time on a long
// run.
void order_marks(std::vector<utf8proc_int32_t>& points) {
  struct Mark {
    int order;
    std::size_t index;
    utf8proc_int32_t point;
    bool operator<(const Mark& other) const {
      return order != other.order ? order < other.order : index < other.index;
    }
  };
  std::vector<Mark> marks;
  for (std::size_t i = 0; i <= points.size(); ++i) {
    const int order = i < points.size() ? combining_class(points[i]) : 0;
    if (order != 0) {
      marks.push_back({order, i, points[i]});
    } else if (!marks.empty()) {
      std::ranges::sort(marks, std::less<>());
      for (std::size_t k = 0; k < marks.size(); ++k) points[i - marks.size() + k] = marks[k].point;
      marks.clear();
    }
  }
}

std::string replace_all(std::string_view text, std::string_view pattern, std::string_view content) {
  std::string replaced;
  replaced.reserve(text.size() + text.size() / 4);
  while (true) {
    const std::size_t found = text.find(pattern);
    replaced += text.substr(0, found);
    if (found == std::string_view::npos) return replaced;
    replaced += content;
    text.remove_prefix(found + pattern.size());
  }
}

std::string apply(const NormalizerStep& step, std::string_view text) {
  switch (step.kind) {
    case NormalizerStep::Kind::nfc:
      return normalize_nfc(text);
    case NormalizerStep::Kind::prepend:
      return step.content + std::string(text);
    case NormalizerStep::Kind::replace:
      return replace_all(text, step.pattern, step.content);
    case NormalizerStep::Kind::replace_space_runs:
      return replace_space_runs(text, step.content);
    case NormalizerStep::Kind::strip_front:
      return std::string(strip_front(text));
    case NormalizerStep::Kind::strip_back:
      return std::string(strip_back(text));
    case NormalizerStep::Kind::precompiled:
      return normalize_precompiled(text, step.content);
    case NormalizerStep::Kind::sentencepiece:
      return normalize_sentencepiece(text, {.charsmap = step.content,
                                            .adds_prefix = step.adds_prefix,
                                            .removes_extra_spaces = step.removes_extra_spaces});
  }
  return std::string(text);
}

}  // namespace

std::string normalize_nfc(std::string_view text) {
  if (!may_change(text)) return std::string(text);
  std::vector<utf8proc_int32_t> points = decompose(text);
  order_marks(points);
  const utf8proc_ssize_t count =
      utf8proc_normalize_utf32(points.data(), static_cast<utf8proc_ssize_t>(points.size()),
                               static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  points.resize(static_cast<std::size_t>(std::max<utf8proc_ssize_t>(count, 0)));
  std::string normalized;
  normalized.reserve(text.size());
  for (const utf8proc_int32_t point : points) {
    base::append_utf8(normalized, static_cast<char32_t>(point));
  }
  return normalized;
}

std::string_view normalize(std::string_view text, const std::vector<NormalizerStep>& steps,
                           std::string& storage) {
  if (text.empty()) return text;
  std::string_view normalized = text;
  for (const NormalizerStep& step : steps) {
    if (normalized.empty()) return normalized;
    if (step.kind == NormalizerStep::Kind::nfc && !may_change(normalized)) continue;
    storage = apply(step, normalized);
    normalized = storage;
  }
  return normalized;
}

}  // namespace retort::text
