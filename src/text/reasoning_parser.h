// ReasoningParser: the thinking that a model writes before its answer, apart from the answer.
//
// Models that think do so at the beginning of an answer, between two marks that their chat template
// knows; a template may have written the first mark itself. White space around the marks belongs to
// neither. What comes out does not depend on how the text was cut.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace retort::text {

struct ReasoningFormat {
  std::string_view begin, end;

  bool has_mark(std::string_view token) const noexcept { return token == begin || token == end; }
};

// The marks that a chat template knows; null where it knows none.
const ReasoningFormat* find_reasoning_format(std::string_view chat_template) noexcept;

// Whether a prompt ends within the thinking: its last word is the first mark.
bool ends_in_reasoning(std::string_view prompt, const ReasoningFormat& format) noexcept;

// One answer. Not thread-safe.
class ReasoningParser {
 public:
  struct Pieces {
    std::string reasoning, content;
    friend bool operator==(const Pieces&, const Pieces&) = default;
  };

  // `begun`: the prompt holds the first mark.
  ReasoningParser(const ReasoningFormat& format, bool begun)
      : format_(format), state_(begun ? State::opened : State::start) {}

  // The next piece of the answer, whole UTF-8.
  Pieces push(std::string_view text);
  // The end of the answer: what was held back.
  Pieces finish();

  // Whether the answer proper has not begun.
  bool reasoning() const noexcept { return state_ == State::opened || state_ == State::inside; }

 private:
  enum class State : std::uint8_t {
    start,    // white space, or the beginning of the first mark
    opened,   // white space behind it
    inside,   // the thinking
    closed,   // white space behind the second mark
    content,  // all the rest
  };

  void take(char c, Pieces& pieces);
  void take_start(char c, Pieces& pieces);
  void take_inside(char c, Pieces& pieces);

  ReasoningFormat format_;
  State state_;
  std::string held_;   // at the start: all of it; inside: what may be the second mark
  std::string space_;  // inside: white space that may stand before it
};

}  // namespace retort::text
