// JsonScanner: says at each byte whether a text can still become one JSON object or array, is one,
// or never will be (RFC 8259).
//
// The tool-call parser reads a model's answer with it: a call is known to be broken at the first
// byte that breaks it, however the answer was cut into pieces.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace retort::text {

inline bool is_json_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

class JsonScanner {
 public:
  enum class State : unsigned char { more, done, broken };

  static constexpr std::size_t kDepthMax = 64;

  // The next byte. Text is expected to be valid UTF-8. After done and broken the state stays.
  State push(char c);

  // How many brackets are open.
  std::size_t depth() const noexcept { return open_.size(); }
  // Whether the next byte that is no white space begins a member's value.
  bool at_value() const noexcept { return expect_ == Expect::value && open_.back() == '{'; }
  // Whether the last value has ended, and neither a key nor a value has begun since.
  bool between_values() const noexcept {
    return expect_ == Expect::separator || expect_ == Expect::key;
  }

 private:
  enum class Expect : unsigned char {
    start,          // the outermost { or [
    value,          // after [ and a comma, or a colon
    first_element,  // after [
    first_key,      // after {
    key,            // after { and a comma
    colon,
    separator,  // a comma, or the end of the container
    string,
    escape,
    hex,
    number,
    literal,
  };
  // How far a number has come (RFC 8259, section 6).
  enum class NumberPart : unsigned char {
    sign,
    zero,
    whole,
    point,
    fraction,
    exponent,
    exponent_sign,
    exponent_digits,
  };

  bool accept(char c);
  bool accept_value(char c);
  bool accept_in_string(char c);
  bool accept_in_number(char c, bool& ends);
  bool open(char c);
  bool close(char c);
  void end_value();

  State state_ = State::more;
  Expect expect_ = Expect::start;
  std::string open_;  // the brackets that are open
  bool in_key_ = false;
  unsigned hex_left_ = 0;
  NumberPart number_ = NumberPart::sign;
  std::string_view literal_;  // what must still come
};

}  // namespace retort::text
