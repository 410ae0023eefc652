// ToolCallParser: a model's answer text, as it comes, to content and tool calls.
//
// Models write calls in the form their chat template taught them; each form is a row of a table.
// The parser works on text: where a form's marks are control tokens, their text is pushed too. A
// call comes out whole, when its block is complete and well-formed: until then nobody knows that it
// is one, and one fragment a call is what every client reads. A block that is broken or unfinished
// is content, byte for byte, never an error. What comes out does not depend on how the text was
// cut.
//
// White space between content and a call belongs to neither: that before a call is left out, and
// that behind a call unless content surrounds it. An answer without calls comes out as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "text/json_scanner.h"

namespace retort::text {

struct ToolCallFormat {
  enum class Body : std::uint8_t {
    object,   // {"name", "arguments"} between begin and end
    array,    // [{"name", "arguments"}, ...] behind begin
    objects,  // the whole answer: {"name", "parameters"}, more of them behind semicolons
  };
  std::string_view name;
  std::string_view begin;  // with Body::objects it may be missing
  std::string_view end;    // empty: the JSON ends by itself
  Body body;
};

// The form that a chat template teaches, by the marks in its text; null where none is known.
const ToolCallFormat* find_tool_call_format(std::string_view chat_template) noexcept;
// By name: "hermes", "mistral", "llama3"; null where there is none.
const ToolCallFormat* find_tool_call_format_named(std::string_view name) noexcept;

struct ContentPiece {
  std::string text;
  friend bool operator==(const ContentPiece&, const ContentPiece&) = default;
};
struct ToolCallBegin {
  std::size_t index = 0;  // of the call in the answer, from 0
  std::string name;
  friend bool operator==(const ToolCallBegin&, const ToolCallBegin&) = default;
};
struct ToolCallArguments {
  std::size_t index = 0;
  std::string piece;  // a JSON object, as the model spelled it
  friend bool operator==(const ToolCallArguments&, const ToolCallArguments&) = default;
};
struct ToolCallEnd {
  std::size_t index = 0;
  friend bool operator==(const ToolCallEnd&, const ToolCallEnd&) = default;
};
using AnswerEvent = std::variant<ContentPiece, ToolCallBegin, ToolCallArguments, ToolCallEnd>;

struct ToolCallLimits {
  std::size_t block_bytes_max = 1u << 20;  // a longer block is content
  std::size_t calls_max = 128;             // what would be more of them is content
};

// One answer. Not thread-safe.
class ToolCallParser {
 public:
  explicit ToolCallParser(const ToolCallFormat& format, const ToolCallLimits& limits = {});

  // The next piece of the answer, whole UTF-8.
  std::vector<AnswerEvent> push(std::string_view text);
  // The end of the answer.
  std::vector<AnswerEvent> finish();

  // How many calls came out so far.
  std::size_t calls() const noexcept { return calls_; }

 private:
  enum class State : std::uint8_t {
    start,    // Body::objects: white space, or the mark, before the first {
    content,  // looking for the mark
    opening,  // behind the mark, before the JSON
    json,
    closing,  // behind the JSON
    plain,    // Body::objects: the answer is no call
  };
  struct Call {
    std::string name, arguments;
  };

  void take(char c);
  void take_at_start(char c);
  void take_content(char c);
  void take_json(char c);
  void take_closing(char c);
  void begin_json();
  bool read_calls();
  bool read_call(std::string_view object);
  void give_calls();
  void give_up();  // the block is content
  void put(std::string_view content);
  void end_piece();

  ToolCallFormat format_;
  ToolCallLimits limits_;
  State state_;
  std::string mark_;   // the part of a mark that has come
  std::string block_;  // since the mark began
  std::size_t json_begin_ = 0;
  JsonScanner scanner_;
  std::vector<Call> pending_;
  std::string space_;  // white space that content or a call may follow
  std::string piece_;  // content not yet given
  bool has_content_ = false;
  std::size_t calls_ = 0;
  std::vector<AnswerEvent> events_;
};

}  // namespace retort::text
