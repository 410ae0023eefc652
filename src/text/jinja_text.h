// Text: a string of the template language that knows which of its bytes the template itself wrote.
//
// Promise 8 (text stays text) begins here: a string is UTF-8 bytes and the byte ranges that came
// from the template's own literals. Every operation that cuts, joins or maps strings carries the
// ranges along; what is made anew (a number's digits, JSON punctuation) counts as data. Positions
// are code points, as in Python.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/prompt_text.h"

namespace retort::text::jinja {

class Text {
 public:
  using Span = PromptText::Span;

  Text() : Text(std::string(), {}, false) {}
  // `bytes` must be valid UTF-8; `literals` sorted, disjoint, merged and within `bytes`.
  Text(std::string bytes, std::vector<Span> literals, bool markup);

  // Bytes from outside: no literal range. What is no valid UTF-8 becomes U+FFFD.
  static Text data(std::string_view bytes);
  // Bytes that the template (or a trusted variable) wrote: one literal range.
  static Text literal(std::string_view bytes);

  std::string_view bytes() const noexcept { return body_->bytes; }
  const std::vector<Span>& literals() const noexcept { return body_->literals; }
  bool empty() const noexcept { return body_->bytes.empty(); }
  std::size_t size() const noexcept { return body_->bytes.size(); }  // bytes
  std::size_t points() const noexcept { return body_->points; }      // code points
  bool ascii() const noexcept { return body_->points == body_->bytes.size(); }
  // Whether it is Markup (the |safe and |escape filters), which escapes what is added to it.
  bool markup() const noexcept { return body_->markup; }
  const void* identity() const noexcept { return body_.get(); }

  // The same bytes under another flag.
  Text with_markup(bool markup) const;

  // The byte at which code point `index` begins; size() where index is points() or more.
  std::size_t byte_of(std::size_t index) const noexcept;
  // How many code points begin before byte `byte`.
  std::size_t point_of(std::size_t byte) const noexcept;
  // Bytes [begin, end), both on code point boundaries.
  Text sub(std::size_t begin, std::size_t end) const;

 private:
  struct Body {
    std::string bytes;
    std::vector<Span> literals;
    std::size_t points = 0;
    bool markup = false;
  };
  std::shared_ptr<const Body> body_;
};

// Appends pieces and keeps their ranges.
class TextBuilder {
 public:
  void append(const Text& piece) { append(piece, 0, piece.size()); }
  void append(const Text& piece, std::size_t begin, std::size_t end);
  void append_data(std::string_view bytes) { bytes_.append(bytes); }
  void append_literal(std::string_view bytes);
  // `bytes` with the provenance of byte `at` of `source`: for mapped characters.
  void append_like(std::string_view bytes, const Text& source, std::size_t at);

  std::size_t size() const noexcept { return bytes_.size(); }
  bool empty() const noexcept { return bytes_.empty(); }
  std::string_view bytes() const noexcept { return bytes_; }
  Text text(bool markup = false) &&;
  PromptText prompt() &&;

 private:
  void mark(std::size_t begin, std::size_t end);

  std::string bytes_;
  std::vector<Text::Span> literals_;
};

// Python's str.isspace() for one code point; also the \s of its regular expressions.
bool is_space(char32_t point) noexcept;
// Whether str.splitlines() breaks at this code point.
bool is_line_break(char32_t point) noexcept;
// Whether repr() shows the code point as it is (str.isprintable()).
bool is_printable(char32_t point) noexcept;
// Letter, decimal digit, other number, by Unicode category; and \w of regular expressions.
bool is_alpha(char32_t point) noexcept;
bool is_decimal(char32_t point) noexcept;
bool is_digit(char32_t point) noexcept;
bool is_numeric(char32_t point) noexcept;
bool is_word(char32_t point) noexcept;
bool is_lower(char32_t point) noexcept;
bool is_upper(char32_t point) noexcept;
bool is_title(char32_t point) noexcept;

enum class Case : std::uint8_t { lower, upper, title, capitalize, swap, fold };
// str.lower(), upper(), title(), capitalize(), swapcase(), casefold(): full case mappings.
Text map_case(const Text& text, Case to);

// str.strip() and its halves. `chars`: the code points to strip; null strips whitespace.
Text strip(const Text& text, const Text* chars, bool left, bool right);

// The byte where `needle` first (last) begins within [begin, end), or npos. Linear time.
std::size_t find_first(std::string_view haystack, std::string_view needle, std::size_t begin,
                       std::size_t end) noexcept;
std::size_t find_last(std::string_view haystack, std::string_view needle, std::size_t begin,
                      std::size_t end);

// str.replace(): at most `count` times, a negative count means all.
Text replace(const Text& text, const Text& old, const Text& with, std::int64_t count);

// html.escape of markupsafe: & < > ' " become entities; Markup stays as it is.
Text escape_markup(const Text& text);

}  // namespace retort::text::jinja
