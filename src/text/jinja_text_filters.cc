// The filters on text and numbers, after jinja2/filters.py, with tojson as Hugging Face
// transformers replaces it: plain json.dumps, nothing escaped for HTML.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

#include "base/utf8.h"
#include "text/jinja_run.h"

namespace retort::text::jinja {
namespace {

// Python's soft_str: a string as it is, Markup included; anything else by str().
Text soft(Run& run, const Value& value) {
  return value.is_text() ? *value.text() : to_text(run, value);
}

bool has(const std::optional<Value>& argument) {
  return argument && !argument->is_none();
}

// Binds the arguments of a filter whose parameters are `Count` names, the first `required` of
// which must be there.
template <std::size_t Count>
bool take(Run& run, std::string_view filter, const Arguments& arguments,
          const std::array<std::string_view, Count>& names, std::size_t required, Bound& bound) {
  return bind_arguments(run, filter, arguments, names, required, bound);
}

bool none(Run& run, std::string_view filter, const Arguments& arguments) {
  Bound bound;
  return bind_arguments(run, filter, arguments, {}, 0, bound);
}

bool flag(const std::optional<Value>& argument) {
  return argument && truth(*argument);
}

// ------------------------------------------------------------------------------------------- text

template <Case to>
Value cased(Run& run, const Value& value, Arguments& arguments) {
  if (!none(run, "filter", arguments)) return {};
  return run.text(map_case(soft(run, value), to));
}

Value title(Run& run, const Value& value, Arguments& arguments) {
  if (!none(run, "title", arguments)) return {};
  // Words begin after -, whitespace and opening brackets, unlike str.title().
  const Text text = soft(run, value);
  const std::string_view bytes = text.bytes();
  TextBuilder builder;
  bool first = true;
  for (std::size_t at = 0; at < bytes.size() && run.step();) {
    const base::CodePoint point = base::decode_utf8(bytes.substr(at));
    const std::size_t end = at + std::max<std::size_t>(point.bytes, 1);
    const bool gap =
        is_space(point.value) ||
        (point.value < 0x80 && std::string_view("-({[<").find(bytes[at]) != std::string_view::npos);
    builder.append(gap ? text.sub(at, end)
                       : map_case(text.sub(at, end), first ? Case::upper : Case::lower));
    first = gap;
    at = end;
  }
  return run.text(std::move(builder));
}

Value trim(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 1> kNames = {"chars"};
  Bound bound;
  if (!take(run, "trim", arguments, kNames, 0, bound)) return {};
  const Text* chars = has(bound[0]) ? text_argument(run, bound[0], "strip arg") : nullptr;
  const Text text = soft(run, value);
  if (!run.step(1 + text.size() / 64)) return {};
  return run.text(strip(text, chars, true, true));
}

Value replaced(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 3> kNames = {"old", "new", "count"};
  Bound bound;
  if (!take(run, "replace", arguments, kNames, 2, bound)) return {};
  const std::int64_t count = integer_argument(run, bound[2], -1);
  if (run.failed()) return {};
  return replace_text(run, to_text(run, value), to_text(run, *bound[0]), to_text(run, *bound[1]),
                      count);
}

Value indent(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 3> kNames = {"width", "first", "blank"};
  Bound bound;
  if (!take(run, "indent", arguments, kNames, 0, bound)) return {};
  Text by = Text::data("    ");
  if (bound[0] && bound[0]->is_text()) {
    by = *bound[0]->text();
  } else if (bound[0]) {
    const Value spaces = arithmetic(run, Operator::multiply, Value::data(" "), *bound[0]);
    if (run.failed()) return {};
    by = *spaces.text();
  }
  // The newline makes splitlines() see an empty last line.
  const Value text = arithmetic(run, Operator::add, value, Text::literal("\n"));
  if (run.failed()) return {};
  if (!text.is_text()) return run.fail(cat("'", type_name(text), "' object has no splitlines()"));
  const List lines = split_lines(run, *text.text(), false);
  TextBuilder builder;
  if (flag(bound[1])) builder.append(by);
  for (std::size_t i = 0; i < lines.size() && !run.failed(); ++i) {
    const Text& line = *lines[i].text();
    if (!run.charge(line.size() + by.size() + 1)) return {};
    if (i > 0) builder.append_literal("\n");
    if (i > 0 && (flag(bound[2]) || !line.empty())) builder.append(by);
    builder.append(line);
  }
  return run.text(std::move(builder), text.text()->markup());
}

Value truncate(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 4> kNames = {"length", "killwords", "end",
                                                             "leeway"};
  Bound bound;
  if (!take(run, "truncate", arguments, kNames, 0, bound)) return {};
  const std::int64_t most = integer_argument(run, bound[0], 255);
  const std::int64_t leeway = integer_argument(run, bound[3], 5);
  const Text end = bound[2] ? soft(run, *bound[2]) : Text::literal("...");
  const auto end_points = static_cast<std::int64_t>(end.points());
  if (run.failed()) return {};
  if (most < end_points) return run.fail(cat("expected length >= ", std::to_string(end_points)));
  if (leeway < 0) return run.fail("expected leeway >= 0");
  if (length(run, value) <= static_cast<std::uint64_t>(most) + static_cast<std::uint64_t>(leeway)) {
    return value;
  }
  if (!value.is_text()) return run.fail("truncate needs a string");
  const Text& text = *value.text();
  Text cut = text.sub(0, text.byte_of(static_cast<std::size_t>(most - end_points)));
  if (!flag(bound[1])) {
    const std::size_t space = cut.bytes().rfind(' ');
    if (space != std::string_view::npos) cut = cut.sub(0, space);
  }
  TextBuilder builder;
  builder.append(cut);
  builder.append(end);
  return run.text(std::move(builder), text.markup());
}

Value center(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 1> kNames = {"width"};
  Bound bound;
  if (!take(run, "center", arguments, kNames, 0, bound)) return {};
  const std::int64_t width = integer_argument(run, bound[0], 80);
  return run.failed() ? Value() : justify(run, soft(run, value), width, Text::data(" "), 0);
}

Value word_count(Run& run, const Value& value, Arguments& arguments) {
  if (!none(run, "wordcount", arguments)) return {};
  const Text text = soft(run, value);
  std::int64_t words = 0;
  bool inside = false;
  for (std::string_view rest = text.bytes(); !rest.empty() && run.step();) {
    const base::CodePoint point = base::decode_utf8(rest);
    const bool word = is_word(point.value);
    words += word && !inside ? 1 : 0;
    inside = word;
    rest.remove_prefix(std::max<std::size_t>(point.bytes, 1));
  }
  return words;
}

Value format(Run& run, const Value& value, Arguments& arguments) {
  if (!arguments.positional.empty() && !arguments.named.empty()) {
    return run.fail("can't handle positional and keyword arguments at the same time");
  }
  const Value values = arguments.named.empty() ? run.list(arguments.positional, true) : [&] {
    std::vector<std::pair<Value, Value>> entries;
    for (const auto& [name, one] : arguments.named) {
      entries.emplace_back(Value::literal(name), one);
    }
    return run.dict(std::move(entries));
  }();
  return run.failed() ? Value() : percent_format(run, soft(run, value), values);
}

Value string(Run& run, const Value& value, Arguments& arguments) {
  return none(run, "string", arguments) ? run.text(soft(run, value)) : Value();
}

Value safe(Run& run, const Value& value, Arguments& arguments) {
  return none(run, "safe", arguments) ? run.text(soft(run, value).with_markup(true)) : Value();
}

Value escape(Run& run, const Value& value, Arguments& arguments) {
  if (!none(run, "escape", arguments) || !run.charge(soft(run, value).size() * 5)) return {};
  return run.text(escape_markup(soft(run, value)));
}

Value force_escape(Run& run, const Value& value, Arguments& arguments) {
  if (!none(run, "forceescape", arguments) || !run.charge(soft(run, value).size() * 5)) return {};
  return run.text(escape_markup(to_text(run, value)));
}

Value to_json_filter(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 4> kNames = {"ensure_ascii", "indent", "separators",
                                                             "sort_keys"};
  Bound bound;
  if (!take(run, "tojson", arguments, kNames, 0, bound)) return {};
  JsonStyle style;
  style.ascii = flag(bound[0]);
  style.sort_keys = flag(bound[3]);
  if (has(bound[1])) {
    style.item_separator = ",";
    if (bound[1]->is_text()) {
      style.indent = std::string(bound[1]->text()->bytes());
    } else {
      const std::int64_t width = integer_argument(run, bound[1], 0);
      if (width > 1000) return run.limit("tojson: an indent of more than 1000");
      style.indent = std::string(static_cast<std::size_t>(std::max<std::int64_t>(width, 0)), ' ');
    }
  }
  if (has(bound[2])) {
    const List parts = to_list(run, *bound[2]);
    if (parts.size() != 2 || !parts[0].is_text() || !parts[1].is_text()) {
      return run.fail("tojson: separators must be two strings");
    }
    style.item_separator = parts[0].text()->bytes();
    style.key_separator = parts[1].text()->bytes();
  }
  if (run.failed()) return {};
  return run.data(to_json(run, value, style));
}

void quote_url(std::string_view bytes, bool query, std::string& out) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : bytes) {
    const bool alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    if (alnum || std::string_view("_.-~").find(c) != std::string_view::npos ||
        (c == '/' && !query)) {
      out.push_back(c);
    } else if (c == ' ' && query) {
      out.push_back('+');
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
}

Value url_encode(Run& run, const Value& value, Arguments& arguments) {
  if (!none(run, "urlencode", arguments)) return {};
  std::string out;
  if (value.is_text() || !is_iterable(value)) {
    const Text text = to_text(run, value);
    if (!run.charge(text.size() * 3)) return {};
    quote_url(text.bytes(), false, out);
    return run.data(out);
  }
  List pairs;
  if (const Mapping* mapping = value.mapping()) {
    for (const auto& [key, one] : mapping->entries) pairs.push_back(run.list({key, one}, true));
  } else {
    pairs = to_list(run, value);
  }
  for (const Value& pair : pairs) {
    const List parts = to_list(run, pair);
    if (parts.size() != 2) return run.fail("urlencode needs pairs");
    for (std::size_t i = 0; i < 2; ++i) {
      const Text text = to_text(run, parts[i]);
      if (!run.charge(text.size() * 3)) return {};
      if (i == 1 || !out.empty()) out.push_back(i == 1 ? '=' : '&');
      quote_url(text.bytes(), true, out);
    }
  }
  return run.data(out);
}

// ---------------------------------------------------------------------------------------- numbers

Value absolute(Run& run, const Value& value, Arguments& arguments) {
  if (!none(run, "abs", arguments)) return {};
  if (value.is_integral())
    return value.integer() < 0 ? negate(run, value, true) : Value(value.integer());
  if (value.is_number()) return std::abs(value.real());
  return run.fail(cat("bad operand type for abs(): '", type_name(value), "'"));
}

std::optional<double> to_float(const Value& value) {
  if (value.is_number()) return value.real();
  return value.is_text() ? parse_float(value.text()->bytes()) : std::nullopt;
}

Value integer(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 2> kNames = {"default", "base"};
  Bound bound;
  if (!take(run, "int", arguments, kNames, 0, bound)) return {};
  if (value.is_undefined()) return run.fail(undefined_message(value));
  if (value.is_integral()) return value.integer();
  if (value.object(Object::Kind::big_integer) != nullptr) return value;
  const auto base =
      static_cast<int>(std::clamp<std::int64_t>(integer_argument(run, bound[1], 10), -1, 100));
  if (value.is_text()) {
    if (const auto number = parse_integer(value.text()->bytes(), base)) return *number;
  }
  Value fallback = bound[0].value_or(std::int64_t{0});
  const auto number = to_float(value);
  if (!number || std::isnan(*number)) return fallback;
  if (std::isinf(*number)) {
    return value.is_text() ? fallback : run.fail("cannot convert float infinity to integer");
  }
  if (std::abs(*number) >= 9.2233720368547748e18)
    return run.limit("an integer goes beyond 64 bits");
  return static_cast<std::int64_t>(*number);
}

Value real(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 1> kNames = {"default"};
  Bound bound;
  if (!take(run, "float", arguments, kNames, 0, bound)) return {};
  if (value.is_undefined()) return run.fail(undefined_message(value));
  if (const auto number = to_float(value)) return *number;
  return bound[0].value_or(0.0);
}

// round(x, digits) of Python: half to even on the exact decimal value, as printf rounds.
Value round_common(Run& run, const Value& value, std::int64_t digits) {
  if (value.is_integral() && digits >= 0) return value.integer();
  if (!value.is_number()) {
    return run.fail(cat("type ", type_name(value), " doesn't define __round__ method"));
  }
  if (digits < 0) {
    const double scale = std::pow(10.0, static_cast<double>(std::min<std::int64_t>(-digits, 400)));
    const double rounded = std::isinf(scale) ? 0.0 : std::nearbyint(value.real() / scale) * scale;
    if (value.is_integral()) return static_cast<std::int64_t>(rounded);
    return rounded;
  }
  if (!std::isfinite(value.real()) || digits > 340) return value;
  std::array<char, 700> buffer{};
  const int size =
      std::snprintf(buffer.data(), buffer.size(), "%.*f", static_cast<int>(digits), value.real());
  return parse_float(std::string_view(buffer.data(), static_cast<std::size_t>(size)))
      .value_or(value.real());
}

Value rounded(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 2> kNames = {"precision", "method"};
  Bound bound;
  if (!take(run, "round", arguments, kNames, 0, bound)) return {};
  const std::int64_t digits = integer_argument(run, bound[0], 0);
  const Text method = bound[1] ? to_text(run, *bound[1]) : Text::literal("common");
  if (run.failed()) return {};
  if (method.bytes() == "common") return round_common(run, value, digits);
  const bool up = method.bytes() == "ceil";
  if (!up && method.bytes() != "floor") {
    return run.fail("method must be common, ceil or floor");
  }
  if (!value.is_number()) return run.fail(cat("must be real number, not ", type_name(value)));
  const double scale =
      std::pow(10.0, static_cast<double>(std::clamp<std::int64_t>(digits, -300, 300)));
  const double scaled = value.real() * scale;
  return (up ? std::ceil(scaled) : std::floor(scaled)) / scale;
}

struct NamedFilter {
  std::string_view name;
  FilterFunction filter;
};

constexpr std::array kFilters = {
    NamedFilter{"abs", absolute},
    NamedFilter{"capitalize", cased<Case::capitalize>},
    NamedFilter{"center", center},
    NamedFilter{"e", escape},
    NamedFilter{"escape", escape},
    NamedFilter{"float", real},
    NamedFilter{"forceescape", force_escape},
    NamedFilter{"format", format},
    NamedFilter{"indent", indent},
    NamedFilter{"int", integer},
    NamedFilter{"lower", cased<Case::lower>},
    NamedFilter{"replace", replaced},
    NamedFilter{"round", rounded},
    NamedFilter{"safe", safe},
    NamedFilter{"string", string},
    NamedFilter{"title", title},
    NamedFilter{"tojson", to_json_filter},
    NamedFilter{"trim", trim},
    NamedFilter{"truncate", truncate},
    NamedFilter{"upper", cased<Case::upper>},
    NamedFilter{"urlencode", url_encode},
    NamedFilter{"wordcount", word_count},
};

}  // namespace

FilterFunction find_text_filter(std::string_view name) {
  const auto* found = std::lower_bound(
      kFilters.begin(), kFilters.end(), name,
      [](const NamedFilter& one, std::string_view wanted) { return one.name < wanted; });
  return found != kFilters.end() && found->name == name ? found->filter : nullptr;
}

}  // namespace retort::text::jinja
