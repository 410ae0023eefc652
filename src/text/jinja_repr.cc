// Values as text: Python's str(), repr() and json.dumps(); and numbers read from text.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
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
        if (!value.text()->markup()) return put(quoted(value.text()->bytes(), false));
        return put(cat("Markup(", quoted(value.text()->bytes(), false), ")"));
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
      put(quoted(name, false));
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

std::string quoted(std::string_view bytes, bool ascii) {
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
