// The words of refusal, as OpenAI's service writes them and its users search for them.
#include "protocol/fields.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/utf8.h"

namespace retort::protocol {
namespace {

constexpr std::size_t kNameBytesMax = 64;

std::string_view words_for(JsonView::Type type) {
  switch (type) {
    case JsonView::Type::null:
      return "null";
    case JsonView::Type::boolean:
      return "a boolean";
    case JsonView::Type::integer:
      return "an integer";
    case JsonView::Type::decimal:
      return "a decimal number";
    case JsonView::Type::string:
      return "a string";
    case JsonView::Type::array:
      return "an array";
    case JsonView::Type::object:
      return "an object";
  }
  return "something else";
}

std::string spelled(double value) {
  std::array<char, 32> digits;
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return {digits.data(), written.ptr};
}

// How many code points `text`, valid UTF-8, has: its bytes but the continuation bytes.
std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  }));
}

std::string listed(std::span<const std::string_view> words) {
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) list += words.size() > 2 ? ", " : " ";
    if (i > 0 && i + 1 == words.size()) list += "and ";
    list += '\'' + std::string(words[i]) + '\'';
  }
  return list;
}

}  // namespace

std::string quoted(std::string_view text) {
  if (text.size() <= kNameBytesMax) return '\'' + std::string(text) + '\'';
  std::string_view cut = text.substr(0, kNameBytesMax);
  cut.remove_suffix(base::incomplete_utf8_suffix(cut));
  return '\'' + std::string(cut) + "...'";
}

std::string Path::spelled(bool encode) const {
  if (parent_ == nullptr) return {};
  std::string text = parent_->spelled(encode);
  if (is_index_) return text + '[' + std::to_string(index_) + ']';
  if (!text.empty()) text += '.';
  // A name over the header's limit need not be spelled whole: it is only counted.
  const std::string_view name = name_.substr(0, IgnoredFields::kHeaderBytesMax + 1);
  return text + (encode ? encode_field_name(name) : std::string(name));
}

void FieldReader::refuse(Error error) {
  if (!error_) error_ = std::move(error);
}

void FieldReader::refuse(const Path& path, std::string_view code, std::string message) {
  if (error_) return;
  error_ = Error(ErrorKind::invalid_request, std::move(message))
               .with_param(path.text())
               .with_code(std::string(code));
}

void FieldReader::refuse_missing(const Path& path) {
  refuse(path, "missing_required_parameter", "Missing required parameter: '" + path.text() + "'.");
}

void FieldReader::refuse_type(const Path& path, std::string_view expected, const JsonView& got) {
  refuse(path, "invalid_type",
         "Invalid type for '" + path.text() + "': expected " + std::string(expected) +
             ", but got " + std::string(words_for(got.type())) + " instead.");
}

void FieldReader::refuse_value(const Path& path, std::string_view got,
                               std::span<const std::string_view> supported) {
  refuse(path, "invalid_value",
         "Invalid value: " + quoted(got) + ". Supported values are: " + listed(supported) + ".");
}

void FieldReader::refuse_unsupported(const Path& path, std::string_view why) {
  refuse(path, "unsupported_parameter",
         "Unsupported parameter: '" + path.text() + "' is not supported" + std::string(why) + ".");
}

void FieldReader::refuse_range(const Path& path, std::string_view kind, bool above,
                               const std::string& expected, std::string_view got) {
  refuse(path, std::string(kind) + (above ? "_above_max_value" : "_below_min_value"),
         "Invalid '" + path.text() + "': " + std::string(kind) +
             (above ? " above maximum value" : " below minimum value") + ". Expected a value " +
             expected + ", but got " + std::string(got.substr(0, kNameBytesMax)) + " instead.");
}

void FieldReader::boolean(const JsonView& value, const Path& path, std::optional<bool>& out) {
  if (value.type() != JsonView::Type::boolean) return refuse_type(path, "a boolean", value);
  out = value.boolean();
}

void FieldReader::integer(const JsonView& value, const Path& path, IntegerRange range,
                          std::optional<std::int64_t>& out) {
  if (value.type() != JsonView::Type::integer) return refuse_type(path, "an integer", value);
  const std::optional<std::int64_t> read = value.integer();
  const bool negative = value.text().front() == '-';
  if (read ? *read > range.max : !negative) {
    return refuse_range(path, "integer", true, "<= " + std::to_string(range.max), value.text());
  }
  if (read ? *read < range.min : negative) {
    return refuse_range(path, "integer", false, ">= " + std::to_string(range.min), value.text());
  }
  out = read;
}

void FieldReader::number(const JsonView& value, const Path& path, NumberRange range,
                         std::optional<double>& out) {
  if (!value.is_number()) return refuse_type(path, "a number", value);
  const double read = value.number();
  if (read > range.max) {
    return refuse_range(path, "decimal", true, "<= " + spelled(range.max), value.text());
  }
  if (read < range.min || (range.above_min && read == range.min)) {
    return refuse_range(path, "decimal", false,
                        (range.above_min ? "> " : ">= ") + spelled(range.min), value.text());
  }
  out = read;
}

void FieldReader::string(const JsonView& value, const Path& path, std::optional<std::string>& out,
                         LengthRange length) {
  std::string read;
  string(value, path, read, length);
  if (!failed()) out = std::move(read);
}

void FieldReader::string(const JsonView& value, const Path& path, std::string& out,
                         LengthRange length) {
  if (!value.is_string()) return refuse_type(path, "a string", value);
  std::string read = value.string();
  if (check_length(read, path, length)) out = std::move(read);
}

bool FieldReader::check_length(std::string_view text, const Path& path, LengthRange length) {
  const std::size_t points = count_code_points(text);
  const std::string got =
      points == 0 ? "an empty string" : "a string with length " + std::to_string(points);
  if (points > length.max) {
    refuse(path, "string_above_max_length",
           "Invalid '" + path.text() +
               "': string too long. Expected a string with maximum length " +
               std::to_string(length.max) + ", but got " + got + " instead.");
  } else if (points < length.min) {
    refuse(path, "string_below_min_length",
           "Invalid '" + path.text() +
               "': string too short. Expected a string with minimum length " +
               std::to_string(length.min) + ", but got " + got + " instead.");
  }
  return points >= length.min && points <= length.max;
}

void FieldReader::word(const JsonView& value, const Path& path,
                       std::span<const std::string_view> supported,
                       std::optional<std::string>& out) {
  std::string read;
  string(value, path, read);
  if (failed()) return;
  if (std::find(supported.begin(), supported.end(), read) == supported.end()) {
    return refuse_value(path, read, supported);
  }
  out = std::move(read);
}

void FieldReader::identifier(const JsonView& value, const Path& path, std::string& out) {
  constexpr std::string_view kAlphabet =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  std::string read;
  string(value, path, read, {1, kNameBytesMax});
  if (failed()) return;
  if (read.find_first_not_of(kAlphabet) != std::string::npos) {
    return refuse(path, "invalid_value",
                  "Invalid '" + path.text() +
                      "': string does not match pattern. Expected a string that matches the "
                      "pattern '^[a-zA-Z0-9_-]+$'.");
  }
  out = std::move(read);
}

void FieldReader::require(const JsonView& object, const Path& path, std::string_view name) {
  const std::optional<JsonView> value = object.find(name);
  if (!value || value->is_null()) refuse_missing(Path(path, name));
}

bool FieldReader::is_object(const JsonView& value, const Path& path) {
  if (!value.is_object()) refuse_type(path, "an object", value);
  return value.is_object();
}

std::vector<JsonView> FieldReader::array(const JsonView& value, const Path& path,
                                         LengthRange length) {
  if (!value.is_array()) {
    refuse_type(path, "an array", value);
    return {};
  }
  std::vector<JsonView> elements = value.elements();
  if (elements.size() < length.min) {
    refuse(path, "empty_array",
           "Invalid '" + path.text() +
               "': empty array. Expected an array with minimum length 1, but got an empty array "
               "instead.");
  } else if (elements.size() > length.max) {
    refuse(path, "array_above_max_length",
           "Invalid '" + path.text() + "': array too long. Expected an array with maximum length " +
               std::to_string(length.max) + ", but got an array with length " +
               std::to_string(elements.size()) + " instead.");
  }
  if (failed()) elements.clear();
  return elements;
}

void FieldReader::unknown(const JsonMember& member, const Path& path, Extra* extra) {
  ignored_.add(path.encoded());
  if (extra != nullptr) extra->emplace_back(member.key, member.value.json());
}

}  // namespace retort::protocol
