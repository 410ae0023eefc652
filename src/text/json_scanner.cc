#include "text/json_scanner.h"

namespace retort::text {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

JsonScanner::State JsonScanner::push(char c) {
  if (state_ == State::more && !accept(c)) state_ = State::broken;
  return state_;
}

bool JsonScanner::accept(char c) {
  switch (expect_) {
    case Expect::string:
    case Expect::escape:
    case Expect::hex:
      return accept_in_string(c);
    case Expect::number: {
      bool ends = false;
      if (!accept_in_number(c, ends)) return false;
      if (!ends) return true;
      end_value();
      return accept(c);
    }
    case Expect::literal:
      if (c != literal_.front()) return false;
      literal_.remove_prefix(1);
      if (literal_.empty()) end_value();
      return true;
    default:
      break;
  }
  if (is_json_space(c)) return expect_ != Expect::start;
  switch (expect_) {
    case Expect::start:
      return (c == '{' || c == '[') && open(c);
    case Expect::first_key:
      if (c == '}') return close(c);
      [[fallthrough]];
    case Expect::key:
      in_key_ = true;
      expect_ = Expect::string;
      return c == '"';
    case Expect::colon:
      expect_ = Expect::value;
      return c == ':';
    case Expect::separator:
      if (c != ',') return close(c);
      expect_ = open_.back() == '{' ? Expect::key : Expect::value;
      return true;
    case Expect::first_element:
      if (c == ']') return close(c);
      [[fallthrough]];
    default:
      return accept_value(c);
  }
}

bool JsonScanner::accept_value(char c) {
  if (c == '{' || c == '[') return open(c);
  if (c == '"') {
    in_key_ = false;
    expect_ = Expect::string;
    return true;
  }
  if (c == '-' || is_digit(c)) {
    number_ = c == '-' ? NumberPart::sign : c == '0' ? NumberPart::zero : NumberPart::whole;
    expect_ = Expect::number;
    return true;
  }
  for (const std::string_view literal : {"true", "false", "null"}) {
    if (c != literal.front()) continue;
    literal_ = literal.substr(1);
    expect_ = Expect::literal;
    return true;
  }
  return false;
}

bool JsonScanner::accept_in_string(char c) {
  if (expect_ == Expect::hex) {
    if (--hex_left_ == 0) expect_ = Expect::string;
    return is_hex(c);
  }
  if (expect_ == Expect::escape) {
    hex_left_ = 4;
    expect_ = c == 'u' ? Expect::hex : Expect::string;
    return std::string_view("\"\\/bfnrtu").find(c) != std::string_view::npos;
  }
  if (c == '\\') {
    expect_ = Expect::escape;
  } else if (c == '"') {
    if (in_key_) {
      expect_ = Expect::colon;
    } else {
      end_value();
    }
  }
  return static_cast<unsigned char>(c) >= 0x20;
}

bool JsonScanner::accept_in_number(char c, bool& ends) {
  const NumberPart part = number_;
  const auto go = [this](NumberPart next) {
    number_ = next;
    return true;
  };
  const bool is_e = c == 'e' || c == 'E';
  switch (part) {
    case NumberPart::sign:
      return is_digit(c) && go(c == '0' ? NumberPart::zero : NumberPart::whole);
    case NumberPart::point:
      return is_digit(c) && go(NumberPart::fraction);
    case NumberPart::exponent:
      if (c == '+' || c == '-') return go(NumberPart::exponent_sign);
      [[fallthrough]];
    case NumberPart::exponent_sign:
      return is_digit(c) && go(NumberPart::exponent_digits);
    case NumberPart::zero:
    case NumberPart::whole:
      if (c == '.') return go(NumberPart::point);
      [[fallthrough]];
    case NumberPart::fraction:
      if (is_e) return go(NumberPart::exponent);
      [[fallthrough]];
    case NumberPart::exponent_digits:
      if (is_digit(c)) return part != NumberPart::zero;
      ends = true;
  }
  return true;
}

bool JsonScanner::open(char c) {
  if (open_.size() == kDepthMax) return false;
  open_.push_back(c);
  expect_ = c == '{' ? Expect::first_key : Expect::first_element;
  return true;
}

bool JsonScanner::close(char c) {
  if (c != (open_.back() == '{' ? '}' : ']')) return false;
  open_.pop_back();
  end_value();
  return true;
}

void JsonScanner::end_value() {
  expect_ = Expect::separator;
  if (open_.empty()) state_ = State::done;
}

}  // namespace retort::text
