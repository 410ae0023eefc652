#include "terminal/markdown_colours.h"

#include <utility>

namespace retort::terminal {
namespace {

constexpr std::string_view kUnseen = "\xef\xbf\xbd";  // U+FFFD
constexpr char kC2 = '\xc2';
constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kCode = "\x1b[36m";
constexpr std::string_view kHeading = "\x1b[1;35m";

}  // namespace

std::string MarkdownColours::add(std::string_view piece) {
  if (!is_on_) return std::string(piece);
  std::string out;
  for (const char letter : piece) take_byte(out, letter);
  return out;
}

std::string MarkdownColours::finish() {
  if (!is_on_) return "";
  std::string out;
  if (std::exchange(after_c2_, false)) take(out, kC2);
  end_run(out);
  return out + std::string(kPlain);
}

// A terminal obeys control characters: a model's words must not move its cursor, set its title or
// fill its clipboard. U+0080 to U+009F, which are control characters too, are C2 and another byte.
void MarkdownColours::take_byte(std::string& out, char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  if (std::exchange(after_c2_, false)) {
    if (byte >= 0x80 && byte < 0xa0) return take_text(out, kUnseen);
    take(out, kC2);
  }
  after_c2_ = letter == kC2;
  if (after_c2_) return;
  const bool is_control = (byte < 0x20 && letter != '\n' && letter != '\t') || byte == 0x7f;
  is_control ? take_text(out, kUnseen) : take(out, letter);
}

void MarkdownColours::take_text(std::string& out, std::string_view text) {
  for (const char letter : text) take(out, letter);
}

void MarkdownColours::take(std::string& out, char letter) {
  const bool is_mark = letter == '`' || letter == '*' || letter == '#';
  if (!run_.empty() && letter != run_.front()) end_run(out);
  if (is_mark) {
    run_ += letter;
    return;
  }
  out += letter;
  if (letter != '\n') {
    at_line_begin_ = at_line_begin_ && letter == ' ';
    return;
  }
  at_line_begin_ = true;
  if (std::exchange(is_heading_, false)) paint(out);
}

// A whole run of one mark: what it begins or ends. Within code the others mean nothing.
void MarkdownColours::end_run(std::string& out) {
  if (run_.empty()) return;
  const std::string run = std::exchange(run_, {});
  const bool begins_line = std::exchange(at_line_begin_, false);
  const bool in_code = is_code_ || is_fence_;
  bool* changed = nullptr;
  if (run.front() == '`' && run.size() >= 3 && begins_line) {
    changed = &is_fence_;
  } else if (run.front() == '`' && !is_fence_) {
    changed = &is_code_;
  } else if (run == "**" && !in_code) {
    changed = &is_bold_;
  } else if (run.front() == '#' && begins_line && !in_code) {
    changed = &is_heading_;
  }
  // The mark has the colour of what it encloses.
  const bool ends = changed != nullptr && *changed;
  if (changed != nullptr) *changed = !*changed;
  if (changed != nullptr && !ends) paint(out);
  out += run;
  if (ends) paint(out);
}

void MarkdownColours::paint(std::string& out) const {
  out += kPlain;
  if (is_bold_) out += kBold;
  if (is_heading_) out += kHeading;
  if (is_code_ || is_fence_) out += kCode;
}

}  // namespace retort::terminal
