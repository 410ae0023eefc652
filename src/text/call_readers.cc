#include "text/call_readers.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>

#include "base/json_writer.h"
#include "base/utf8.h"

namespace retort::text {
namespace {

// The text that a JSON string stands for; nothing where it is no string.
std::optional<std::string> read_json_string(std::string_view json) {
  if (!json.starts_with('"')) return std::nullopt;
  boost::json::error_code error;
  const auto value = boost::json::parse(boost::json::string_view(json.data(), json.size()), error);
  if (error || !value.is_string()) return std::nullopt;
  return std::string(value.get_string());
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_json_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_json_space(text.back())) text.remove_suffix(1);
  return text;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

}  // namespace

bool is_json_object(std::string_view text) {
  if (!text.starts_with('{')) return false;
  JsonScanner scanner;
  auto state = JsonScanner::State::more;
  for (const char c : text) {
    if (state != JsonScanner::State::more) return false;
    state = scanner.push(c);
  }
  return state == JsonScanner::State::done;
}

// ---- CallObject

CallState CallObject::push(char c) {
  const bool value_begins = scanner_.depth() == 1 && scanner_.at_value() && !is_json_space(c);
  const JsonScanner::State scanned = scanner_.push(c);
  if (scanned == JsonScanner::State::broken) return CallState::broken;
  if (value_begins) begin_value(c);
  if (in_value_) {
    const bool ended = scanner_.depth() < 2 && scanner_.between_values();
    // A number ends only at the byte behind it.
    const bool part = !ended || scanner_.depth() == 1;
    if (part && streams_) fresh_ += c;
    if (part && !streams_) value_ += c;
    if (ended && !end_value()) return CallState::broken;
  } else {
    key_ += c;
  }
  if (scanned != JsonScanner::State::done) return CallState::more;
  if (begun_) return CallState::done;
  if (!name_ || needs_arguments_) return CallState::broken;
  give("{}");
  return CallState::done;
}

void CallObject::begin_value(char c) {
  // key_ holds what stands between two values: a comma, the key and a colon, with white space.
  const std::string_view between = std::string_view(key_).substr(0, key_.rfind(':'));
  key_ = read_json_string(trim(between.substr(between.find('"')))).value_or("");
  if (key_ == "parameters") key_ = "arguments";
  value_.clear();
  in_value_ = true;
  streams_ = !begun_ && name_ && key_ == "arguments" && c == '{';
  if (streams_) begun_ = true;
}

bool CallObject::end_value() {
  in_value_ = false;
  const std::string key = std::exchange(key_, {});
  if (std::exchange(streams_, false)) {
    arguments_over_ = true;
    return true;
  }
  // Nothing that stands behind the arguments matters to a call that has begun.
  if (begun_) return true;
  if (key == "name") return read_name();
  return key != "arguments" || read_arguments();
}

bool CallObject::read_name() {
  if (name_) return false;
  name_ = read_json_string(trim(value_));
  if (!name_ || name_->empty()) return false;
  if (arguments_) give(*std::exchange(arguments_, {}));
  return true;
}

bool CallObject::read_arguments() {
  if (arguments_) return false;
  const std::string_view spelled = trim(value_);
  std::string arguments = read_json_string(spelled).value_or(std::string(spelled));
  if (arguments == "null") arguments = "{}";
  if (!is_json_object(arguments)) return false;
  if (name_) {
    give(arguments);
  } else {
    arguments_ = std::move(arguments);
  }
  return true;
}

void CallObject::give(std::string_view arguments) {
  begun_ = true;
  arguments_over_ = true;
  fresh_ += arguments;
}

// ---- Python's literals as JSON

namespace {

constexpr std::size_t kDepthMax = JsonScanner::kDepthMax;

// Reads "(a=1, b=[None])" and writes {"a": 1, "b": [null]}. (The Python Language Reference, 2.4 and
// 6.2, as far as what it describes is a value.)
class PythonArguments {
 public:
  explicit PythonArguments(std::string_view text) : text_(text) {}

  // The JSON, or nothing where the text is something else.
  std::optional<std::string> read() {
    if (!take('(') || !arguments()) return std::nullopt;
    skip_space();
    if (at_ != text_.size() || !is_json_object(out_)) return std::nullopt;
    return std::move(out_);
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && is_json_space(text_[at_])) ++at_;
  }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool take(char c) {
    skip_space();
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  std::string_view word() {
    skip_space();
    const std::size_t begin = at_;
    while (is_name_char(peek())) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  // Items up to `end`, with commas between and perhaps one behind.
  template <typename Item>
  bool items(char end, const Item& item) {
    for (bool first = true; !take(end); first = false) {
      if (!first && !take(',')) return false;
      if (!first && take(end)) return true;
      if (!first) out_ += ", ";
      if (!item()) return false;
    }
    return true;
  }

  bool arguments() {
    std::vector<std::string_view> names;
    out_ += '{';
    const bool read = items(')', [&] {
      const std::string_view name = word();
      if (name.empty() || is_digit(name.front()) || !take('=')) return false;
      if (std::ranges::find(names, name) != names.end()) return false;
      names.push_back(name);
      base::append_json_string(out_, name);
      out_ += ": ";
      return value();
    });
    out_ += '}';
    return read;
  }

  bool value() {
    if (++depth_ > kDepthMax) return false;
    const bool read = value_at(peek_past_space());
    --depth_;
    return read;
  }

  char peek_past_space() {
    skip_space();
    return peek();
  }

  bool value_at(char c) {
    if (c == '[') return list(']');
    if (c == '(') return list(')');
    if (c == '{') return dict();
    const bool prefixed =
        (c == 'r' || c == 'R' || c == 'u' || c == 'U') && (peek(1) == '\'' || peek(1) == '"');
    if (c == '\'' || c == '"' || prefixed) return strings();
    if (is_digit(c) || c == '-' || c == '+' || c == '.') return number();
    const std::string_view name = word();
    if (name == "True" || name == "true") return write("true");
    if (name == "False" || name == "false") return write("false");
    return (name == "None" || name == "null") && write("null");
  }

  bool write(std::string_view json) {
    out_ += json;
    return true;
  }

  bool list(char end) {
    ++at_;
    out_ += '[';
    const bool read = items(end, [this] { return value(); });
    out_ += ']';
    return read;
  }

  bool dict() {
    ++at_;
    out_ += '{';
    const bool read = items('}', [this] {
      const char c = peek_past_space();
      if ((c != '\'' && c != '"') || !strings() || !take(':')) return false;
      out_ += ": ";
      return value();
    });
    out_ += '}';
    return read;
  }

  // Strings side by side are one.
  bool strings() {
    std::string text;
    do {
      if (!string(text)) return false;
      skip_space();
    } while (peek() == '\'' || peek() == '"');
    if (!base::is_utf8(text)) return false;
    base::append_json_string(out_, text);
    return true;
  }

  bool string(std::string& text) {
    bool raw = false;
    if (peek() != '\'' && peek() != '"') {
      raw = peek() == 'r' || peek() == 'R';
      ++at_;
    }
    const char quote = peek();
    const bool triple = peek(1) == quote && peek(2) == quote;
    const std::size_t quotes = triple ? 3 : 1;
    at_ += quotes;
    while (at_ < text_.size()) {
      if (peek() == quote && (!triple || (peek(1) == quote && peek(2) == quote))) {
        at_ += quotes;
        return true;
      }
      if (peek() != '\\') {
        text += text_[at_++];
      } else if (raw) {
        text += text_.substr(at_, 2);
        at_ += 2;
      } else if (!escape(text)) {
        return false;
      }
    }
    return false;
  }

  bool escape(std::string& text) {
    constexpr std::string_view kLetters = "\n\\'\"abfnrtv";
    constexpr std::string_view kMeanings[] = {"",   "\\", "'",  "\"", "\a", "\b",
                                              "\f", "\n", "\r", "\t", "\v"};
    const char c = peek(1);
    at_ += 2;
    if (const std::size_t letter = kLetters.find(c); letter != std::string_view::npos) {
      text += kMeanings[letter];
      return true;
    }
    if (c == 'x') return code_point(2, text);
    if (c == 'u') return code_point(4, text);
    if (c == 'U') return code_point(8, text);
    if (c == 'N' || is_digit(c) || c == '\0') return false;
    // Any other backslash stands for itself.
    text += '\\';
    text += c;
    return true;
  }

  bool hex(std::size_t digits, std::uint32_t& value) {
    value = 0;
    for (std::size_t i = 0; i < digits; ++i, ++at_) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      const char c = peek();
      const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
      const std::size_t digit = kDigits.find(lower);
      if (c == '\0' || digit == std::string_view::npos) return false;
      value = value * 16 + static_cast<std::uint32_t>(digit);
    }
    return true;
  }

  // Models know JSON's pairs of surrogates and write them here too.
  bool code_point(std::size_t digits, std::string& text) {
    std::uint32_t value = 0;
    if (!hex(digits, value)) return false;
    if (value >= 0xD800 && value < 0xDC00 && digits == 4 && peek() == '\\' && peek(1) == 'u') {
      at_ += 2;
      std::uint32_t low = 0;
      if (!hex(4, low) || low < 0xDC00 || low > 0xDFFF) return false;
      value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
    }
    if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return false;
    base::append_utf8(text, value);
    return true;
  }

  // Digits as they stand, without the underscores that may part them.
  std::string digits() {
    std::string found;
    while (is_digit(peek()) || (peek() == '_' && !found.empty() && is_digit(peek(1)))) {
      if (peek() != '_') found += peek();
      ++at_;
    }
    return found;
  }

  bool number() {
    if (peek() == '-') out_ += '-';
    if (peek() == '-' || peek() == '+') ++at_;
    const std::string whole = digits();
    std::string fraction;
    const bool has_point = peek() == '.';
    if (has_point) {
      ++at_;
      fraction = digits();
    }
    if (whole.empty() && fraction.empty()) return false;
    if (whole.size() > 1 && whole.front() == '0') return false;
    out_ += whole.empty() ? "0" : whole;
    if (has_point) out_ += '.' + (fraction.empty() ? "0" : fraction);
    if (peek() == 'e' || peek() == 'E') {
      out_ += 'e';
      ++at_;
      if (peek() == '-' || peek() == '+') out_ += text_[at_++];
      const std::string exponent = digits();
      if (exponent.empty()) return false;
      out_ += exponent;
    }
    // 0x10, 1j and the like.
    return !is_name_char(peek());
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::string out_;
};

}  // namespace

// ---- PythonCall

CallState PythonCall::push(char c) {
  if (open_.empty()) {
    if (is_name_char(c) || c == '.' || c == '-') {
      name_ += c;
      return CallState::more;
    }
    if (c != '(' || name_.empty()) return CallState::broken;
    if (name_.ends_with(".call")) name_.resize(name_.size() - 5);
    if (name_.empty()) return CallState::broken;
  }
  inside_ += c;
  if (quote_ != 0 && push_in_string(c)) return CallState::more;
  if (!push_in_code(c)) return CallState::broken;
  if (!open_.empty()) return CallState::more;
  std::optional<std::string> arguments = PythonArguments(inside_).read();
  // The name stays known.
  open_ = "(";
  if (!arguments) return CallState::broken;
  arguments_ = std::move(*arguments);
  return CallState::done;
}

// False: the string had ended before `c`, which is code.
bool PythonCall::push_in_string(char c) {
  if (!string_open_) {
    if (c == quote_ && quotes_ < 2) {
      ++quotes_;
      return true;
    }
    if (quotes_ == 2 && c != quote_) {  // the empty string
      quote_ = 0;
      return false;
    }
    triple_ = quotes_ == 2;
    string_open_ = true;
    quotes_ = 0;
    if (triple_) return true;
  }
  if (escaped_) {
    escaped_ = false;
    quotes_ = 0;
    return true;
  }
  escaped_ = c == '\\';
  quotes_ = c == quote_ ? quotes_ + 1 : 0;
  if (quotes_ == (triple_ ? 3u : 1u)) quote_ = 0;
  return true;
}

bool PythonCall::push_in_code(char c) {
  if (c == '\'' || c == '"') {
    quote_ = c;
    quotes_ = 1;
    string_open_ = false;
    escaped_ = false;
  } else if (c == '(' || c == '[' || c == '{') {
    if (open_.size() == kDepthMax) return false;
    open_ += c;
  } else if (c == ')' || c == ']' || c == '}') {
    const char opening = c == ')' ? '(' : c == ']' ? '[' : '{';
    if (open_.empty() || open_.back() != opening) return false;
    open_.pop_back();
  }
  return true;
}

}  // namespace retort::text
