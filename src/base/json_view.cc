// Finding one's way in JSON text that is known to be well-formed.
//
// The scanning below trusts what check_json proved: brackets match, strings end, escapes are
// complete. It still never reads past the end of the text.
#include "base/json_view.h"

#include <charconv>
#include <cstddef>

#include "base/utf8.h"

namespace retort::base {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kScalarEnd = ",]} \t\r\n";

std::size_t skip_space(std::string_view text, std::size_t at) {
  const std::size_t next = text.find_first_not_of(kSpace, at);
  return next == std::string_view::npos ? text.size() : next;
}

// From an opening quote to behind the closing one.
std::size_t skip_string(std::string_view text, std::size_t at) {
  std::size_t quote = at;
  while (true) {
    quote = text.find('"', quote + 1);
    if (quote == std::string_view::npos) return text.size();
    std::size_t backslashes = 0;
    while (quote - backslashes > at + 1 && text[quote - backslashes - 1] == '\\') ++backslashes;
    if (backslashes % 2 == 0) return quote + 1;
  }
}

// From an opening bracket to behind the one that closes it.
std::size_t skip_container(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char byte = text[at];
    if (byte == '"') {
      at = skip_string(text, at);
      continue;
    }
    ++at;
    if (byte == '[' || byte == '{') ++depth;
    if ((byte == ']' || byte == '}') && --depth == 0) return at;
  }
  return text.size();
}

std::size_t skip_value(std::string_view text, std::size_t at) {
  if (at >= text.size()) return text.size();
  if (text[at] == '"') return skip_string(text, at);
  if (text[at] == '[' || text[at] == '{') return skip_container(text, at);
  const std::size_t end = text.find_first_of(kScalarEnd, at);
  return end == std::string_view::npos ? text.size() : end;
}

char32_t hex4(std::string_view digits) {
  std::uint32_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

// Appends what the escape at `at` (its backslash) stands for; returns behind it.
std::size_t append_escape(std::string_view text, std::size_t at, std::string& out) {
  constexpr std::string_view kLetters = "bfnrt";
  constexpr std::string_view kMeanings = "\b\f\n\r\t";
  const char kind = at + 1 < text.size() ? text[at + 1] : '\\';
  if (kind != 'u') {
    const std::size_t known = kLetters.find(kind);
    out += known == std::string_view::npos ? kind : kMeanings[known];
    return at + 2;
  }
  if (at + 6 > text.size()) return text.size();
  char32_t value = hex4(text.substr(at + 2, 4));
  at += 6;
  if (value >= 0xD800 && value < 0xDC00 && at + 6 <= text.size()) {
    const char32_t low = hex4(text.substr(at + 2, 4));
    value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
    at += 6;
  }
  append_utf8(out, value);
  return at;
}

// `quoted` with its quotes.
std::string decode_string(std::string_view quoted) {
  const std::string_view text = quoted.substr(1, quoted.size() - 2);
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t escape = text.find('\\', at);
    if (escape == std::string_view::npos) return out.append(text.substr(at));
    out.append(text.substr(at, escape - at));
    at = append_escape(text, escape, out);
  }
  return out;
}

// Calls visit(begin, end, value_begin) for each item of an array or object: of an array, begin is
// value_begin; of an object, [begin, end) starts with the key. `visit` says whether to go on.
template <typename Visit>
void for_each_item(std::string_view text, bool is_object, const Visit& visit) {
  std::size_t at = skip_space(text, 1);
  while (at + 1 < text.size()) {  // the closing bracket is the last byte
    const std::size_t begin = at;
    if (is_object) {
      at = skip_space(text, skip_string(text, at));  // at the colon
      at = skip_space(text, at + 1);
    }
    const std::size_t value_begin = at;
    at = skip_value(text, at);
    if (!visit(begin, value_begin, at)) return;
    at = skip_space(text, at);
    if (at < text.size() && text[at] == ',') at = skip_space(text, at + 1);
  }
}

}  // namespace

Result<JsonView> JsonView::parse(std::string_view text, const JsonLimits& limits) {
  if (Result<void> sound = check_json(text, limits); !sound) return std::move(sound).error();
  return checked(text);
}

JsonView JsonView::checked(std::string_view text) {
  const std::size_t begin = skip_space(text, 0);
  const std::size_t end = text.find_last_not_of(kSpace);
  return JsonView(end == std::string_view::npos ? std::string_view("null")
                                                : text.substr(begin, end + 1 - begin));
}

JsonView::Type JsonView::type() const {
  switch (text_.front()) {
    case 'n':
      return Type::null;
    case 't':
    case 'f':
      return Type::boolean;
    case '"':
      return Type::string;
    case '[':
      return Type::array;
    case '{':
      return Type::object;
    default:
      return text_.find_first_of(".eE") == std::string_view::npos ? Type::integer : Type::decimal;
  }
}

std::optional<std::int64_t> JsonView::integer() const {
  if (type() != Type::integer) return std::nullopt;
  std::int64_t value = 0;
  const auto read = std::from_chars(text_.data(), text_.data() + text_.size(), value);
  if (read.ec != std::errc{}) return std::nullopt;
  return value;
}

double JsonView::number() const {
  double value = 0;  // stays so on underflow
  std::from_chars(text_.data(), text_.data() + text_.size(), value);
  return value;
}

std::string JsonView::string() const {
  return is_string() ? decode_string(text_) : std::string();
}

std::vector<JsonView> JsonView::elements() const {
  std::vector<JsonView> found;
  if (!is_array()) return found;
  for_each_item(text_, false, [&](std::size_t, std::size_t begin, std::size_t end) {
    found.push_back(JsonView(text_.substr(begin, end - begin)));
    return true;
  });
  return found;
}

std::vector<JsonMember> JsonView::members() const {
  std::vector<JsonMember> found;
  if (!is_object()) return found;
  for_each_item(text_, true, [&](std::size_t key, std::size_t begin, std::size_t end) {
    found.push_back({decode_string(text_.substr(key, skip_string(text_, key) - key)),
                     JsonView(text_.substr(begin, end - begin))});
    return true;
  });
  return found;
}

std::optional<JsonView> JsonView::find(std::string_view key) const {
  std::optional<JsonView> found;
  if (!is_object()) return found;
  for_each_item(text_, true, [&](std::size_t at, std::size_t begin, std::size_t end) {
    if (decode_string(text_.substr(at, skip_string(text_, at) - at)) != key) return true;
    found = JsonView(text_.substr(begin, end - begin));
    return false;
  });
  return found;
}

}  // namespace retort::base
