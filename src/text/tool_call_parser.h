// ToolCallParser: a model's answer text, as it comes, to content and tool calls.
//
// Models write calls in the form their chat template taught them; each form is a row of a table.
// The parser works on text: where a form's marks are control tokens, their text is pushed too. What
// comes out does not depend on how the text was cut.
//
// A call begins when its name is complete, and is that of a function which may be called, and its
// arguments begin; from there on they come out byte by byte as the model writes them. (Python's
// are rewritten as JSON, and so come out whole.) What breaks before is content, byte for byte, and
// never an error. What breaks behind that point cannot be taken back: the arguments then run on to
// the block's closing mark, as the model wrote them. Their reader expects that, since the contract
// has always said that a model may put anything there, and it is the model that must see it.
//
// White space between content and a call belongs to neither: that before a call is left out, and
// that behind a call unless content surrounds it. An answer without calls comes out as it is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "text/call_readers.h"
#include "text/json_scanner.h"

namespace retort::text {

// block: begin, calls, end. White space may stand between any two of its parts.
struct ToolCallFormat {
  enum class Body : std::uint8_t {
    json,   // {"name", "arguments"}: one, more of them behind semicolons, or an array
    any,    // the same, or Python's [f(a=1), g(b="x")] or f(a=1)
    named,  // of each call: call_begin, its name, name_end, its arguments, call_end
  };
  std::string_view name;
  Body body = Body::json;
  std::string_view begin;
  std::string_view end;  // empty: the calls end by themselves
  std::string_view call_begin = {};
  std::string_view name_end = {};
  std::string_view call_end = {};
  std::string_view id_begin = {};      // behind the name: the model's own id of the call
  std::string_view content_name = {};  // what stands for a name where content follows
  bool whole = false;                  // the answer may begin with calls without the mark
  std::string_view also = {};          // another row that the same models use
  // How a call is written where it is not the model's choice (the parser takes every way).
  bool list = false;  // objects stand in an array
  std::string_view arguments_key = "arguments";

  // Whether a control token of this text is a mark, or a part of one.
  bool has_mark(std::string_view token) const noexcept;
};

// The form that a chat template teaches, by the marks in its text; null where none is known.
const ToolCallFormat* find_tool_call_format(std::string_view chat_template) noexcept;
// By name, the first column of the table; null where there is none.
const ToolCallFormat* find_tool_call_format_named(std::string_view name) noexcept;
// Every name.
std::vector<std::string_view> tool_call_format_names();

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
  std::string piece;  // of a JSON object, as the model spelled it
  friend bool operator==(const ToolCallArguments&, const ToolCallArguments&) = default;
};
struct ToolCallEnd {
  std::size_t index = 0;
  friend bool operator==(const ToolCallEnd&, const ToolCallEnd&) = default;
};
using AnswerEvent = std::variant<ContentPiece, ToolCallBegin, ToolCallArguments, ToolCallEnd>;

struct ToolCallLimits {
  std::size_t block_bytes_max = 1u << 20;  // more that is no call yet is content
  std::size_t calls_max = 128;             // what would be more of them is content
};

// One answer. Not thread-safe.
class ToolCallParser {
 public:
  // `names`: the functions that may be called, where another's name is content; empty: any.
  explicit ToolCallParser(const ToolCallFormat& format, std::vector<std::string> names = {},
                          const ToolCallLimits& limits = {});

  // The next piece of the answer, whole UTF-8.
  std::vector<AnswerEvent> push(std::string_view text);
  // The end of the answer. A call that has begun ends with it.
  std::vector<AnswerEvent> finish();

  // How many calls came out whole so far.
  std::size_t calls() const noexcept { return calls_; }
  // Whether a call has begun and not ended.
  bool in_call() const noexcept { return in_call_; }

 private:
  enum class State : std::uint8_t {
    content,           // looking for a mark
    open,              // before a call's first byte
    object,            // in a call that is a JSON object
    python,            // in a call that is Python
    head,              // in a call's name
    before_arguments,  // behind the name
    arguments,
    spill,    // in arguments that are broken
    closing,  // behind a call, or before the first call_begin
  };

  void take(char c);
  void take_content(char c);
  void take_open(char c);
  void take_object(char c);
  void take_python(char c);
  void take_head(char c);
  void take_before_arguments(char c);
  void take_arguments(char c);
  void take_spill(char c);
  void take_closing(char c);
  bool take_separator(char c);
  void open_block(const ToolCallFormat& form);
  bool may_call(std::string_view name) const;
  void begin_call(std::string name);
  void add_arguments(std::string_view piece);
  void end_call();
  void give_up();  // what is held is content
  void put(std::string_view content);
  void end_piece();
  template <typename IsPrefix, typename Give>
  void extend_mark(char c, const IsPrefix& is_prefix, const Give& give);

  std::array<const ToolCallFormat*, 2> formats_;  // the second may be null
  const ToolCallFormat* form_;                    // of the block
  std::vector<std::string> names_;
  ToolCallLimits limits_;
  State state_ = State::content;
  std::string mark_;     // the part of a mark that has come
  std::string held_;     // since the block began, or the last call in it ended
  std::string head_;     // the name so far
  bool marked_ = false;  // the block began with its mark
  bool in_list_ = false;
  bool in_call_ = false;
  std::size_t block_calls_ = 0;
  std::optional<CallObject> object_;
  std::optional<PythonCall> python_;
  JsonScanner scanner_;
  std::string space_;      // white space that content or a call may follow
  std::string piece_;      // content not yet given
  std::string arguments_;  // of the call that has begun, not yet given
  bool has_content_ = false;
  std::size_t calls_ = 0;
  std::vector<AnswerEvent> events_;
};

}  // namespace retort::text
