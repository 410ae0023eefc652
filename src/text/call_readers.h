// CallObject and PythonCall: the two ways to write one tool call that holds its own name, read byte
// by byte: {"name": "f", "arguments": {...}} and f(a=1, b="x").
//
// The tool-call parser looks for the marks around calls and gives these what stands between. They
// know at each byte whether it can still become a call, however the answer was cut.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "text/json_scanner.h"

namespace retort::text {

enum class CallState : unsigned char { more, done, broken };

// "parameters" is another word for "arguments", and their object may stand in a string, as on the
// wire. Not thread-safe.
class CallObject {
 public:
  // `needs_arguments`: without any it is no call; else they are {} then.
  explicit CallObject(bool needs_arguments) : needs_arguments_(needs_arguments) {}

  CallState push(char c);

  // Where it is complete.
  const std::optional<std::string>& name() const { return name_; }
  // Whether the name is there and the arguments have begun: from here on it is a call.
  bool begun() const { return begun_; }
  // What has come of the arguments since the last time: the bytes as they stand.
  std::string take_arguments() { return std::exchange(fresh_, {}); }
  bool arguments_over() const { return arguments_over_; }

 private:
  void begin_value(char c);
  bool end_value();
  bool read_name();
  bool read_arguments();
  void give(std::string_view arguments);

  bool needs_arguments_;
  JsonScanner scanner_;
  std::string key_;    // and what stands around it, until its value begins
  std::string value_;  // of that key, where it must be read whole
  bool in_value_ = false;
  bool streams_ = false;  // the value is the arguments, and comes out as it comes
  std::optional<std::string> name_;
  std::optional<std::string> arguments_;  // that came before the name
  bool begun_ = false;
  bool arguments_over_ = false;
  std::string fresh_;
};

// A call with keyword arguments that are literals; `f.call(...)` is f. True, False and None may be
// spelled as in JSON, tuples are arrays. Not thread-safe.
class PythonCall {
 public:
  CallState push(char c);

  bool has_name() const { return !open_.empty(); }
  const std::string& name() const { return name_; }
  // The JSON object; once done.
  const std::string& arguments() const { return arguments_; }

 private:
  bool push_in_string(char c);
  bool push_in_code(char c);

  std::string name_;
  std::string inside_;  // the brackets of the call
  std::string open_;    // the brackets that are open
  char quote_ = 0;
  std::size_t quotes_ = 0;    // in a row, of the kind that opened the string
  bool string_open_ = false;  // past the quotes that open it
  bool triple_ = false;
  bool escaped_ = false;
  std::string arguments_;
};

// Whether `text` is one JSON object and nothing else.
bool is_json_object(std::string_view text);

}  // namespace retort::text
