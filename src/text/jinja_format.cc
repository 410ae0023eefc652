// Values as text: Python's str(), repr() and json.dumps(), the two ways of formatting (% and
// str.format), and numbers read from text.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

#include "base/utf8.h"
#include "text/jinja_run.h"

namespace retort::text::jinja {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

void append_hex(std::string& out, char32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
    out.push_back(kHex[(value >> shift) & 15]);
}

template <typename Visit>
void each_point(std::string_view bytes, const Visit& visit) {
  while (!bytes.empty()) {
    const base::CodePoint point = base::decode_utf8(bytes);
    const std::size_t size = std::max<std::size_t>(point.bytes, 1);
    visit(point.value, bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
}

// repr() of a string; `ascii` as ascii() has it.
std::string quote(std::string_view bytes, bool ascii) {
  const bool use_double =
      bytes.find('\'') != std::string_view::npos && bytes.find('"') == std::string_view::npos;
  const char mark = use_double ? '"' : '\'';
  std::string out(1, mark);
  each_point(bytes, [&](char32_t point, std::string_view encoded) {
    if (point == static_cast<char32_t>(mark) || point == '\\') {
      out.push_back('\\');
      out.append(encoded);
    } else if (point == '\n' || point == '\r' || point == '\t') {
      out.append(point == '\n' ? "\\n" : point == '\r' ? "\\r" : "\\t");
    } else if (is_printable(point) && !(ascii && point > 0x7E)) {
      out.append(encoded);
    } else {
      out.append(point < 0x100 ? "\\x" : point < 0x10000 ? "\\u" : "\\U");
      append_hex(out, point, point < 0x100 ? 2 : point < 0x10000 ? 4 : 8);
    }
  });
  out.push_back(mark);
  return out;
}

class Writer {
 public:
  explicit Writer(Run& run) : run_(run) {}

  std::string take() && { return std::move(out_); }

  void repr(const Value& value) {
    const Depth depth(run_);
    if (!depth.ok() || !run_.step()) return;
    switch (value.type()) {
      case Value::Type::undefined:
        return put("Undefined");
      case Value::Type::none:
        return put("None");
      case Value::Type::boolean:
        return put(value.boolean() ? "True" : "False");
      case Value::Type::integer:
        return put(std::to_string(value.integer()));
      case Value::Type::real:
        return put(float_repr(value.real()));
      case Value::Type::text:
        if (!run_.charge(value.text()->size())) return;
        if (!value.text()->markup()) return put(quote(value.text()->bytes(), false));
        return put(cat("Markup(", quote(value.text()->bytes(), false), ")"));
      case Value::Type::sequence:
        return sequence(*value.sequence());
      case Value::Type::mapping:
        return mapping(*value.mapping());
      case Value::Type::object:
        return object(*value.object());
    }
  }

 private:
  void put(std::string_view piece) {
    if (run_.charge(piece.size())) out_.append(piece);
  }

  void list(const List& items, std::string_view open, std::string_view close) {
    put(open);
    for (std::size_t i = 0; i < items.size() && !run_.failed(); ++i) {
      if (i > 0) put(", ");
      repr(items[i]);
    }
    put(close);
  }

  void sequence(const Sequence& value) {
    if (!value.tuple) return list(value.items, "[", "]");
    list(value.items, "(", value.items.size() == 1 ? ",)" : ")");
  }

  void mapping(const Mapping& value) {
    put("{");
    bool first = true;
    for (const auto& [key, item] : value.entries) {
      if (run_.failed()) return;
      if (!std::exchange(first, false)) put(", ");
      repr(key);
      put(": ");
      repr(item);
    }
    put("}");
  }

  void view(const View& value) {
    put(value.what == View::What::keys     ? "dict_keys("
        : value.what == View::What::values ? "dict_values("
                                           : "dict_items(");
    list(to_list(run_, std::shared_ptr<Object>(std::make_shared<View>(value.mapping, value.what))),
         "[", "]");
    put(")");
  }

  void range(const Range& value) {
    put(cat("range(", std::to_string(value.start), ", ", std::to_string(value.stop)));
    if (value.step != 1) put(cat(", ", std::to_string(value.step)));
    put(")");
  }

  void name_space(const Namespace& value) {
    put("<Namespace {");
    bool first = true;
    for (const auto& [name, item] : value.attributes) {
      if (run_.failed()) return;
      if (!std::exchange(first, false)) put(", ");
      put(quote(name, false));
      put(": ");
      repr(item);
    }
    put("}>");
  }

  // Python shows addresses here; there is nothing to match.
  void object(Object& value) {
    switch (value.kind) {
      case Object::Kind::function:
        return put(cat("<built-in method ", static_cast<Function&>(value).name, ">"));
      case Object::Kind::name_space:
        return name_space(static_cast<Namespace&>(value));
      case Object::Kind::macro: {
        const auto& macro = static_cast<Macro&>(value);
        return put(macro.name.empty() ? "<Macro anonymous>" : cat("<Macro '", macro.name, "'>"));
      }
      case Object::Kind::loop: {
        auto& loop = static_cast<Loop&>(value);
        const std::size_t length = loop.length(run_);
        return put(cat("<LoopContext ", std::to_string(loop.index0 + 1), "/",
                       std::to_string(length), ">"));
      }
      case Object::Kind::range:
        return range(static_cast<Range&>(value));
      case Object::Kind::view:
        return view(static_cast<View&>(value));
      case Object::Kind::big_integer:
        return put(std::to_string(static_cast<BigInteger&>(value).value));
      case Object::Kind::cycler:
        return put("<jinja2.utils.Cycler object>");
      case Object::Kind::joiner:
        return put("<jinja2.utils.Joiner object>");
      case Object::Kind::iterator:
        return put(cat("<", static_cast<Iterator&>(value).type, " object>"));
    }
  }

  Run& run_;
  std::string out_;
};

// json.dumps().
class JsonWriter {
 public:
  JsonWriter(Run& run, const JsonStyle& style) : run_(run), style_(style) {}

  std::string take() && { return std::move(out_); }

  void write(const Value& value) {
    const Depth depth(run_);
    if (!depth.ok() || !run_.step()) return;
    switch (value.type()) {
      case Value::Type::none:
        return put("null");
      case Value::Type::boolean:
        return put(value.boolean() ? "true" : "false");
      case Value::Type::integer:
        return put(std::to_string(value.integer()));
      case Value::Type::real:
        return put(real(value.real()));
      case Value::Type::text:
        return text(value.text()->bytes());
      case Value::Type::sequence:
        return sequence(value.sequence()->items);
      case Value::Type::mapping:
        return mapping(*value.mapping());
      default:
        break;
    }
    if (const Object* big = value.object(Object::Kind::big_integer)) {
      return put(std::to_string(static_cast<const BigInteger*>(big)->value));
    }
    run_.fail(cat("Object of type ", type_name(value), " is not JSON serializable"));
  }

 private:
  void put(std::string_view piece) {
    if (run_.charge(piece.size())) out_.append(piece);
  }

  static std::string real(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    return float_repr(value);
  }

  void escape(char32_t point) {
    static constexpr std::string_view kShort = "\"\\\n\r\t\f\b";
    static constexpr std::string_view kLetters = "\"\\nrtfb";
    const std::size_t known =
        point < 0x80 ? kShort.find(static_cast<char>(point)) : std::string_view::npos;
    out_.push_back('\\');
    if (known != std::string_view::npos) {
      out_.push_back(kLetters[known]);
      return;
    }
    out_.push_back('u');
    if (point < 0x10000) return append_hex(out_, point, 4);
    append_hex(out_, 0xD800 + ((point - 0x10000) >> 10), 4);
    out_.append("\\u");
    append_hex(out_, 0xDC00 + ((point - 0x10000) & 0x3FF), 4);
  }

  void text(std::string_view bytes) {
    if (!run_.charge(bytes.size() + 2)) return;
    out_.push_back('"');
    each_point(bytes, [&](char32_t point, std::string_view encoded) {
      const bool plain =
          point >= 0x20 && point != '"' && point != '\\' && (!style_.ascii || point < 0x7F);
      if (plain) {
        out_.append(encoded);
      } else {
        escape(point);
      }
    });
    out_.push_back('"');
  }

  void new_line() {
    if (!style_.indent) return;
    put("\n");
    for (std::size_t i = 0; i < level_ && !run_.failed(); ++i) put(*style_.indent);
  }

  void sequence(const List& items) {
    if (items.empty()) return put("[]");
    put("[");
    ++level_;
    for (std::size_t i = 0; i < items.size() && !run_.failed(); ++i) {
      if (i > 0) put(style_.item_separator);
      new_line();
      write(items[i]);
    }
    --level_;
    new_line();
    put("]");
  }

  void key(const Value& name) {
    switch (name.type()) {
      case Value::Type::text:
        return text(name.text()->bytes());
      case Value::Type::none:
        return text("null");
      case Value::Type::boolean:
        return text(name.boolean() ? "true" : "false");
      case Value::Type::integer:
        return text(std::to_string(name.integer()));
      case Value::Type::real:
        return text(real(name.real()));
      default:
        run_.fail(cat("keys must be str, int, float, bool or None, not ", type_name(name)));
    }
  }

  void mapping(const Mapping& value) {
    if (value.entries.empty()) return put("{}");
    std::vector<std::size_t> order(value.entries.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    if (style_.sort_keys) {
      merge_sort(order, [&](std::size_t a, std::size_t b) {
        return compare(run_, Operator::less, value.entries[a].first, value.entries[b].first);
      });
    }
    put("{");
    ++level_;
    for (std::size_t i = 0; i < order.size() && !run_.failed(); ++i) {
      if (i > 0) put(style_.item_separator);
      new_line();
      key(value.entries[order[i]].first);
      put(style_.key_separator);
      write(value.entries[order[i]].second);
    }
    --level_;
    new_line();
    put("}");
  }

  Run& run_;
  const JsonStyle& style_;
  std::string out_;
  std::size_t level_ = 0;
};

// ------------------------------------------------------------------------------------- formatting

// One conversion of % or of str.format.
struct Spec {
  std::string fill = " ";
  char align = '\0';  // < > ^ =, or none given
  char sign = '-';
  bool alternate = false;
  bool zero = false;
  bool comma = false;
  std::int64_t width = 0;
  std::int64_t precision = -1;
  char type = '\0';
};

// The widest field and the finest precision that are formatted; beyond is an error.
constexpr std::int64_t kFieldMax = 1'000'000;
constexpr std::int64_t kPrecisionMax = 1000;

void pad(Run& run, TextBuilder& out, const Text& body, const Spec& spec, char align) {
  const auto points = static_cast<std::int64_t>(body.points());
  const std::int64_t missing = std::max<std::int64_t>(spec.width - points, 0);
  const std::int64_t left = align == '>' ? missing : align == '^' ? missing / 2 : 0;
  if (!run.charge(static_cast<std::uint64_t>(missing) * spec.fill.size() + body.size())) return;
  for (std::int64_t i = 0; i < left; ++i) out.append_data(spec.fill);
  out.append(body);
  for (std::int64_t i = left; i < missing; ++i) out.append_data(spec.fill);
}

std::string with_commas(std::string digits) {
  const std::size_t whole = std::min(digits.find_first_not_of("0123456789"), digits.size());
  for (std::size_t at = whole; at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

// A number's text, sign apart, put together and padded ('=' pads between sign and digits).
void put_number(Run& run, TextBuilder& out, bool negative, std::string digits, const Spec& spec) {
  if (spec.comma) digits = with_commas(std::move(digits));
  std::string sign = negative ? "-" : spec.sign == '+' ? "+" : spec.sign == ' ' ? " " : "";
  const auto have = static_cast<std::int64_t>(sign.size() + digits.size());
  const bool inside = spec.align == '=' || (spec.align == '\0' && spec.zero);
  if (inside && have < spec.width) {
    const std::string fill = spec.align == '\0' ? "0" : spec.fill;
    std::string zeros;
    for (std::int64_t i = have; i < spec.width; ++i) zeros += fill;
    digits = zeros + digits;
  }
  pad(run, out, Text::data(sign + digits), spec, spec.align == '\0' ? '>' : spec.align);
}

std::string real_digits(double value, const Spec& spec, char type) {
  if (std::isnan(value) || std::isinf(value)) {
    const bool upper = type == 'E' || type == 'F' || type == 'G';
    return std::isnan(value) ? (upper ? "NAN" : "nan") : (upper ? "INF" : "inf");
  }
  const char format[] = {'%',
                         spec.alternate ? '#' : '.',
                         spec.alternate ? '.' : '*',
                         spec.alternate ? '*' : type,
                         spec.alternate ? type : '\0',
                         '\0'};
  const int precision = static_cast<int>(spec.precision < 0 ? 6 : spec.precision);
  // 309 digits before the point and kPrecisionMax behind it fit.
  std::array<char, 1400> buffer{};
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
  const int count = std::snprintf(buffer.data(), buffer.size(), format, precision, std::abs(value));
#pragma clang diagnostic pop
  return std::string(buffer.data(), static_cast<std::size_t>(std::max(count, 0)));
}

std::string integer_digits(std::uint64_t magnitude, const Spec& spec, char type) {
  std::array<char, 65> buffer{};
  const int base = type == 'x' || type == 'X' ? 16 : type == 'o' ? 8 : type == 'b' ? 2 : 10;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), magnitude, base);
  std::string digits(buffer.data(), end.ptr);
  const auto least = static_cast<std::size_t>(std::max<std::int64_t>(spec.precision, 0));
  if (digits.size() < least) digits.insert(0, least - digits.size(), '0');
  if (spec.alternate && base != 10) digits = cat("0", std::string(1, type), digits);
  if (type == 'X') {
    std::transform(digits.begin(), digits.end(), digits.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  }
  return digits;
}

std::uint64_t magnitude_of(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  return value < 0 ? 0 - bits : bits;
}

Text cut(const Text& text, std::int64_t precision) {
  if (precision < 0) return text;
  return text.sub(0, text.byte_of(static_cast<std::size_t>(precision)));
}

class PercentFormatter {
 public:
  PercentFormatter(Run& run, const Text& format, const Value& values)
      : run_(run), format_(format), values_(values), bytes_(format.bytes()) {
    positional_ =
        values.is_sequence() && values.sequence()->tuple ? values.sequence()->items : List{values};
  }

  Value run() {
    while (!run_.failed()) {
      const std::size_t mark = bytes_.find('%', at_);
      out_.append(format_, at_, std::min(mark, bytes_.size()));
      if (mark == std::string_view::npos) break;
      at_ = mark + 1;
      conversion(mark);
    }
    if (next_ < positional_.size() && !values_.is_mapping() && !by_name_) {
      return run_.fail("not all arguments converted during string formatting");
    }
    return run_.text(std::move(out_), format_.markup());
  }

 private:
  char peek() const { return at_ < bytes_.size() ? bytes_[at_] : '\0'; }

  Value argument() {
    if (next_ < positional_.size()) return positional_[next_++];
    return run_.fail("not enough arguments for format string");
  }

  std::int64_t number(std::int64_t most) {
    std::int64_t value = 0;
    if (peek() == '*') {
      ++at_;
      const Value given = argument();
      if (!given.is_integral()) run_.fail("* wants int");
      value = given.integer();
    }
    for (; peek() >= '0' && peek() <= '9'; ++at_)
      value = std::min(value * 10 + (peek() - '0'), most + 1);
    if (value > most || value < -most) run_.limit("a format's width or precision is too large");
    return value;
  }

  void conversion(std::size_t mark) {
    std::optional<Value> named;
    if (peek() == '(') named = by_key();
    Spec spec;
    for (; std::string_view("-+ 0#").find(peek()) != std::string_view::npos && peek() != '\0';
         ++at_) {
      if (peek() == '-') spec.align = '<';
      if (peek() == '+') spec.sign = '+';
      if (peek() == ' ' && spec.sign != '+') spec.sign = ' ';
      if (peek() == '0') spec.zero = true;
      if (peek() == '#') spec.alternate = true;
    }
    spec.width = number(kFieldMax);
    if (spec.width < 0) {
      spec.align = '<';
      spec.width = -spec.width;
    }
    if (peek() == '.') {
      ++at_;
      spec.precision = std::max<std::int64_t>(number(kPrecisionMax), 0);
    }
    while (peek() == 'h' || peek() == 'l' || peek() == 'L') ++at_;
    spec.type = peek();
    if (spec.type == '\0') {
      run_.fail("incomplete format");
      return;
    }
    ++at_;
    if (spec.type == '%') return out_.append(format_, mark, mark + 1);
    const Value value = named ? *named : argument();
    if (!run_.failed()) put(spec, value);
  }

  std::optional<Value> by_key() {
    const std::size_t close = bytes_.find(')', at_);
    if (close == std::string_view::npos) return run_.fail("incomplete format key");
    const std::string_view key = bytes_.substr(at_ + 1, close - at_ - 1);
    at_ = close + 1;
    by_name_ = true;
    if (!values_.is_mapping()) return run_.fail("format requires a mapping");
    const Value* found = values_.mapping()->find(key);
    return found != nullptr ? *found : run_.fail(cat("'", key, "'"));
  }

  void put(const Spec& spec, const Value& value) {
    const char align = spec.align == '\0' ? '>' : spec.align;
    switch (spec.type) {
      case 's': {
        const Text text = to_text(run_, value);
        const bool escape = format_.markup();
        return pad(run_, out_,
                   cut(escape ? escape_markup(value.is_text() ? *value.text() : text) : text,
                       spec.precision),
                   spec, align);
      }
      case 'r':
        return pad(run_, out_, cut(Text::data(repr(run_, value)), spec.precision), spec, align);
      case 'a': {
        const std::string shown =
            value.is_text() ? quote(value.text()->bytes(), true) : repr(run_, value);
        return pad(run_, out_, cut(Text::data(shown), spec.precision), spec, align);
      }
      case 'c':
        return character(spec, value, align);
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o':
        return integer(spec, value);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        if (!value.is_number()) {
          run_.fail(cat("must be real number, not ", type_name(value)));
          return;
        }
        return put_number(run_, out_, std::signbit(value.real()) && !std::isnan(value.real()),
                          real_digits(value.real(), spec, spec.type), spec);
      default:
        run_.fail(cat("unsupported format character '", std::string(1, spec.type), "'"));
    }
  }

  void character(const Spec& spec, const Value& value, char align) {
    if (value.is_text() && value.text()->points() == 1) {
      return pad(run_, out_, *value.text(), spec, align);
    }
    if (!value.is_integral() || value.integer() < 0 || value.integer() > 0x10FFFF) {
      run_.fail("%c requires int or char");
      return;
    }
    std::string encoded;
    base::append_utf8(encoded, static_cast<char32_t>(value.integer()));
    pad(run_, out_, Text::data(encoded), spec, align);
  }

  void integer(const Spec& spec, const Value& value) {
    const bool decimal = spec.type == 'd' || spec.type == 'i' || spec.type == 'u';
    if (value.is_integral()) {
      return put_number(run_, out_, value.integer() < 0,
                        integer_digits(magnitude_of(value.integer()), spec, spec.type), spec);
    }
    if (decimal && value.is_number() && std::abs(value.real()) < 9.2e18) {
      return put_number(
          run_, out_, value.real() <= -1,
          integer_digits(magnitude_of(static_cast<std::int64_t>(value.real())), spec, spec.type),
          spec);
    }
    run_.fail(cat("%", std::string(1, spec.type),
                  " format: ", decimal ? "a real number" : "an integer", " is required, not ",
                  type_name(value)));
  }

  Run& run_;
  const Text& format_;
  const Value& values_;
  std::string_view bytes_;
  TextBuilder out_;
  List positional_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;
  bool by_name_ = false;
};

class BraceFormatter {
 public:
  BraceFormatter(Run& run, const Text& format, const Arguments& arguments)
      : run_(run), format_(format), arguments_(arguments), bytes_(format.bytes()) {}

  Value run() {
    while (at_ < bytes_.size() && !run_.failed()) {
      const std::size_t mark = std::min(bytes_.find_first_of("{}", at_), bytes_.size());
      out_.append(format_, at_, mark);
      at_ = mark + 1;
      if (mark >= bytes_.size()) break;
      if (at_ < bytes_.size() && bytes_[at_] == bytes_[mark]) {
        out_.append(format_, at_, at_ + 1);
        ++at_;
      } else if (bytes_[mark] == '}') {
        return run_.fail("Single '}' encountered in format string");
      } else {
        field();
      }
    }
    return run_.text(std::move(out_), format_.markup());
  }

 private:
  void field() {
    const std::size_t close = bytes_.find('}', at_);
    if (close == std::string_view::npos) {
      run_.fail("Single '{' encountered in format string");
      return;
    }
    std::string_view body = bytes_.substr(at_, close - at_);
    at_ = close + 1;
    if (body.find('{') != std::string_view::npos) {
      run_.fail("nested fields in a format string are not supported");
      return;
    }
    std::string_view spec_text;
    const std::size_t colon = body.find(':');
    if (colon != std::string_view::npos) {
      spec_text = body.substr(colon + 1);
      body = body.substr(0, colon);
    }
    char conversion = '\0';
    if (body.size() >= 2 && body[body.size() - 2] == '!') {
      conversion = body.back();
      body.remove_suffix(2);
    }
    Value value = find(body);
    if (run_.failed()) return;
    if (conversion == 'r') value = run_.data(repr(run_, value));
    if (conversion == 's') value = to_text(run_, value);
    Spec spec;
    if (parse_spec(spec_text, spec)) put(spec, value);
  }

  Value find(std::string_view path) {
    const std::size_t end = std::min(path.find_first_of(".["), path.size());
    Value value = first(path.substr(0, end));
    path.remove_prefix(end);
    while (!path.empty() && !run_.failed()) {
      const bool item = path[0] == '[';
      const std::size_t stop =
          item ? path.find(']') : std::min(path.find_first_of(".[", 1), path.size());
      if (stop == std::string_view::npos) return run_.fail("Missing ']' in format string");
      const std::string_view name = path.substr(1, stop - 1);
      const auto index = parse_integer(name, 10);
      value = !item   ? get_attribute(run_, value, name)
              : index ? get_item(run_, value, *index)
                      : get_item(run_, value, Value::literal(name));
      path.remove_prefix(item ? stop + 1 : stop);
    }
    return value;
  }

  Value first(std::string_view name) {
    std::size_t index = automatic_;
    if (name.empty()) {
      ++automatic_;
    } else if (const auto number = parse_integer(name, 10)) {
      index = static_cast<std::size_t>(*number);
    } else {
      for (const auto& [key, value] : arguments_.named) {
        if (key == name) return value;
      }
      return run_.fail(cat("'", name, "'"));
    }
    if (index < arguments_.positional.size()) return arguments_.positional[index];
    return run_.fail("Replacement index " + std::to_string(index) +
                     " out of range for positional args tuple");
  }

  bool parse_spec(std::string_view text, Spec& spec) {
    const std::size_t fill = text.empty() ? 0 : base::decode_utf8(text).bytes;
    const auto is_align = [](char c) { return c == '<' || c == '>' || c == '^' || c == '='; };
    if (text.size() > fill && is_align(text[fill])) {
      spec.fill = text.substr(0, fill);
      spec.align = text[fill];
      text.remove_prefix(fill + 1);
    } else if (!text.empty() && is_align(text[0])) {
      spec.align = text[0];
      text.remove_prefix(1);
    }
    const auto take = [&](char c) {
      if (!text.starts_with(c)) return false;
      text.remove_prefix(1);
      return true;
    };
    if (take('+')) spec.sign = '+';
    if (take('-')) spec.sign = '-';
    if (take(' ')) spec.sign = ' ';
    spec.alternate = take('#');
    spec.zero = take('0');
    spec.width = digits(text);
    spec.comma = take(',');
    if (take('.')) spec.precision = digits(text);
    if (!text.empty()) {
      spec.type = text[0];
      text.remove_prefix(1);
    }
    if (spec.width > kFieldMax || spec.precision > kPrecisionMax) {
      run_.limit("a format's width or precision is too large");
    } else if (!text.empty()) {
      run_.fail("Invalid format specifier");
    }
    return !run_.failed();
  }

  static std::int64_t digits(std::string_view& text) {
    std::int64_t value = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1)) {
      value = std::min(value * 10 + (text[0] - '0'), kFieldMax + 1);
    }
    return value;
  }

  void put(const Spec& spec, const Value& value) {
    static constexpr std::string_view kReal = "eEfFgG%";
    const bool real_type = spec.type != '\0' && kReal.find(spec.type) != std::string_view::npos;
    if (value.type() == Value::Type::real || (value.is_integral() && real_type)) {
      return real(spec, value.real());
    }
    const bool plain = spec.type == '\0' || spec.type == 's';
    if (value.is_integral() && !(value.type() == Value::Type::boolean && plain)) {
      static constexpr std::string_view kInteger = "dxXobn";
      if (spec.type == '\0' || kInteger.find(spec.type) != std::string_view::npos) {
        return put_number(run_, out_, value.integer() < 0,
                          integer_digits(magnitude_of(value.integer()), spec, spec.type), spec);
      }
    } else if (plain) {
      Spec filled = spec;
      if (spec.zero && spec.align == '\0') filled.fill = "0";
      return pad(run_, out_, cut(to_text(run_, value), spec.precision), filled,
                 spec.align == '\0' ? '<' : spec.align);
    }
    run_.fail(cat("Unknown format code '", std::string(1, spec.type), "' for object of type '",
                  type_name(value), "'"));
  }

  void real(const Spec& spec, double value) {
    std::string digits;
    if (spec.type == '\0' && spec.precision < 0) {
      digits = float_repr(std::abs(value));
    } else if (spec.type == '%') {
      digits = real_digits(value * 100, spec, 'f') + "%";
    } else {
      digits = real_digits(value, spec, spec.type == '\0' ? 'g' : spec.type);
    }
    put_number(run_, out_, std::signbit(value) && !std::isnan(value), std::move(digits), spec);
  }

  Run& run_;
  const Text& format_;
  const Arguments& arguments_;
  std::string_view bytes_;
  TextBuilder out_;
  std::size_t at_ = 0;
  std::size_t automatic_ = 0;
};

// Digits as Python takes them: stripped of whitespace, single underscores between digits dropped.
std::optional<std::string> plain_number(std::string_view text) {
  const Text stripped = strip(Text::data(text), nullptr, true, true);
  std::string plain;
  const std::string_view bytes = stripped.bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != '_') {
      plain.push_back(bytes[i]);
      continue;
    }
    const auto alnum = [&](std::size_t at) {
      const char c = at < bytes.size() ? static_cast<char>(bytes[at] | 0x20) : ' ';
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
    };
    if (i == 0 || !alnum(i - 1) || !alnum(i + 1)) return std::nullopt;
  }
  return plain;
}

}  // namespace

std::string float_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::scientific);
  std::string_view text(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
  const std::size_t mark = text.find('e');
  int exponent = 0;
  const char* digits_of_exponent = text.data() + mark + (text[mark + 1] == '+' ? 2 : 1);
  std::from_chars(digits_of_exponent, text.data() + text.size(), exponent);
  std::string sign = text[0] == '-' ? "-" : "";
  std::string digits;
  for (const char c : text.substr(0, mark)) {
    if (c >= '0' && c <= '9') digits.push_back(c);
  }
  if (exponent >= 16 || exponent < -4) {
    std::string out = sign + digits.substr(0, 1);
    if (digits.size() > 1) out += cat(".", digits.substr(1));
    const std::string power = std::to_string(std::abs(exponent));
    return cat(out, exponent < 0 ? "e-" : "e+", power.size() < 2 ? "0" : "", power);
  }
  if (exponent < 0) {
    return cat(sign, "0.", std::string(static_cast<std::size_t>(-exponent - 1), '0'), digits);
  }
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() < whole) digits.append(whole - digits.size(), '0');
  const std::string fraction = digits.substr(whole);
  return cat(sign, digits.substr(0, whole), ".", fraction.empty() ? "0" : fraction);
}

std::string repr(Run& run, const Value& value) {
  Writer writer(run);
  writer.repr(value);
  return std::move(writer).take();
}

Text to_text(Run& run, const Value& value) {
  if (const Text* text = value.text()) return text->with_markup(false);
  if (value.is_undefined()) return Text();
  return Text::data(repr(run, value));
}

std::string to_json(Run& run, const Value& value, const JsonStyle& style) {
  JsonWriter writer(run, style);
  writer.write(value);
  return std::move(writer).take();
}

Value percent_format(Run& run, const Text& format, const Value& values) {
  return PercentFormatter(run, format, values).run();
}

Value brace_format(Run& run, const Text& format, const Arguments& arguments) {
  return BraceFormatter(run, format, arguments).run();
}

std::optional<double> parse_float(std::string_view text) {
  auto plain = plain_number(text);
  if (!plain || plain->empty()) return std::nullopt;
  std::string_view digits = *plain;
  const bool negative = digits[0] == '-';
  if (negative || digits[0] == '+') digits.remove_prefix(1);
  if (digits.empty() || digits[0] == '-' || digits[0] == '+') return std::nullopt;
  double value = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (parsed.ptr != digits.data() + digits.size()) return std::nullopt;
  if (parsed.ec == std::errc::result_out_of_range) {
    // from_chars leaves `value` alone; the exponent's sign tells which end it fell off.
    const std::size_t mark = digits.find_first_of("eE");
    const bool tiny =
        (mark != std::string_view::npos && digits.substr(mark + 1).starts_with('-')) ||
        digits[0] == '0' || digits[0] == '.';
    value = tiny ? 0.0 : HUGE_VAL;
  } else if (parsed.ec != std::errc()) {
    return std::nullopt;
  }
  return negative ? -value : value;
}

std::optional<std::int64_t> parse_integer(std::string_view text, int base) {
  auto plain = plain_number(text);
  if (!plain || plain->empty() || (base != 0 && (base < 2 || base > 36))) return std::nullopt;
  std::string_view digits = *plain;
  const bool negative = digits[0] == '-';
  if (negative || digits[0] == '+') digits.remove_prefix(1);
  const char mark =
      digits.size() > 1 && digits[0] == '0' ? static_cast<char>(digits[1] | 0x20) : ' ';
  const int marked = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
  if (marked != 0 && (base == marked || base == 0)) {
    digits.remove_prefix(2);
    base = marked;
  }
  if (base == 0) base = 10;
  if (digits.empty() || digits[0] == '-' || digits[0] == '+') return std::nullopt;
  const std::string signed_digits = (negative ? "-" : "") + std::string(digits);
  std::int64_t value = 0;
  const char* end = signed_digits.data() + signed_digits.size();
  const auto parsed = std::from_chars(signed_digits.data(), end, value, base);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

}  // namespace retort::text::jinja
