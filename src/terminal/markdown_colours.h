// MarkdownColours: text as it streams in, with the little Markdown that models write made visible:
// **bold**, `code`, fenced code and headings. The marks stay, so that what is copied is what was
// said; control characters are shown, not obeyed.
#pragma once

#include <string>
#include <string_view>

namespace retort::terminal {

// Not thread-safe. Marks that are cut between two pieces are known all the same.
class MarkdownColours {
 public:
  explicit MarkdownColours(bool is_on) : is_on_(is_on) {}

  // The piece with colours. A mark that may go on is held back until the next piece.
  std::string add(std::string_view piece);
  // What was held back, and the colours off.
  std::string finish();

 private:
  void take_byte(std::string& out, char letter);
  void take_text(std::string& out, std::string_view text);
  void take(std::string& out, char letter);
  void end_run(std::string& out);
  void paint(std::string& out) const;

  const bool is_on_;
  std::string run_;  // of the same mark: ` or * or #
  bool after_c2_ = false;
  bool at_line_begin_ = true;
  bool is_bold_ = false;
  bool is_code_ = false;
  bool is_fence_ = false;
  bool is_heading_ = false;
};

}  // namespace retort::terminal
