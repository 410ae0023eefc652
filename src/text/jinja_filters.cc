// The filters (`x | name`), after jinja2/filters.py, with tojson as Hugging Face transformers
// replaces it: plain json.dumps, nothing escaped for HTML.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <set>
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

// ---------------------------------------------------------------------------- attributes by path

// make_attrgetter(): "a.b.0" goes from item to item; an integer is one index; None is the value.
class Getter {
 public:
  Getter() = default;
  Getter(Run& run, const std::optional<Value>& attribute) {
    if (!has(attribute)) return;
    if (attribute->is_text()) {
      parse(attribute->text()->bytes());
    } else if (attribute->is_integral()) {
      parts_.push_back(*attribute);
    } else {
      run.fail("an attribute must be a string or an integer");
    }
  }
  explicit Getter(std::string_view path) { parse(path); }

  void use_default(Value value) { default_ = std::move(value); }

  Value operator()(Run& run, Value item) const {
    for (const Value& part : parts_) {
      item = get_item(run, item, part);
      if (item.is_undefined() && has(default_)) item = *default_;
    }
    return item;
  }

 private:
  void parse(std::string_view path) {
    while (true) {
      const std::size_t dot = std::min(path.find('.'), path.size());
      const std::string_view part = path.substr(0, dot);
      const bool digits = !part.empty() && part.find_first_not_of("0123456789") == part.npos;
      const auto index = digits ? parse_integer(part, 10) : std::nullopt;
      parts_.push_back(index ? Value(*index) : Value::literal(part));
      if (dot == path.size()) return;
      path.remove_prefix(dot + 1);
    }
  }

  List parts_;
  std::optional<Value> default_;
};

Value ignore_case(Run& run, Value value, bool case_sensitive) {
  if (case_sensitive || !value.is_text()) return value;
  return run.text(map_case(*value.text(), Case::lower));
}

bool flag(const std::optional<Value>& argument) {
  return argument && truth(*argument);
}

bool less(Run& run, const Value& a, const Value& b) {
  return compare(run, Operator::less, a, b);
}

struct Keyed {
  Value key;
  Value item;
};

void sort_keyed(Run& run, std::vector<Keyed>& items, bool reverse) {
  merge_sort(items, [&](const Keyed& a, const Keyed& b) {
    return reverse ? less(run, b.key, a.key) : less(run, a.key, b.key);
  });
}

List items_of(std::vector<Keyed>& keyed) {
  List items;
  items.reserve(keyed.size());
  for (Keyed& one : keyed) items.push_back(std::move(one.item));
  return items;
}

// ------------------------------------------------------------------------------------- generators

// Goes through `source`, handing each item to `accept`, which may change it, and says whether it
// stays.
struct Generator : Iterator {
  using Accept = std::function<bool(Run&, Value&)>;
  Generator(std::shared_ptr<Iterator> from, Accept a, std::string name)
      : Iterator(std::move(name)), source(std::move(from)), accept(std::move(a)) {
    depth = source->depth + 1;
  }
  bool next(Run& run, Value& out) override {
    const Depth guard(run);
    if (!guard.ok()) return false;
    while (source->next(run, out)) {
      const bool keep = accept(run, out);
      if (run.failed()) return false;
      if (keep) return true;
    }
    return false;
  }
  std::shared_ptr<Iterator> source;
  Accept accept;
};

Value generate(Run& run, std::shared_ptr<Iterator> source, Generator::Accept accept) {
  if (run.failed()) return {};
  return run.object(std::make_shared<Generator>(std::move(source), std::move(accept), "generator"));
}

// A generator whose body does not start before it is asked: errors of iter() come then.
struct LazySource : Iterator {
  explicit LazySource(Value v, bool s) : Iterator("generator"), value(std::move(v)), skip_false(s) {
    depth = value.depth() + 1;
  }
  bool next(Run& run, Value& out) override {
    if (skip_false && !truth(value)) return false;
    if (items == nullptr) items = iterate(run, value);
    return items->next(run, out);
  }
  Value value;
  bool skip_false;
  std::shared_ptr<Iterator> items;
};

std::shared_ptr<Iterator> lazy(const Value& value, bool skip_false) {
  return std::make_shared<LazySource>(value, skip_false);
}

Value items(Run& run, const Value& value, Arguments& arguments) {
  if (!none(run, "items", arguments)) return {};
  struct Items : Iterator {
    explicit Items(Value v) : Iterator("generator"), value(std::move(v)) {
      depth = value.depth() + 1;
    }
    bool next(Run& run, Value& out) override {
      if (value.is_undefined()) return false;
      if (!value.is_mapping()) {
        run.fail("Can only get item pairs from a mapping.");
        return false;
      }
      const auto& entries = value.mapping()->entries;
      if (at >= entries.size() || !run.step()) return false;
      out = run.list({entries[at].first, entries[at].second}, true);
      ++at;
      return !run.failed();
    }
    Value value;
    std::size_t at = 0;
  };
  return run.object(std::make_shared<Items>(value));
}

Value map(Run& run, const Value& value, Arguments& arguments) {
  const auto attribute = std::find_if(arguments.named.begin(), arguments.named.end(),
                                      [](const auto& one) { return one.first == "attribute"; });
  if (arguments.positional.empty() && attribute != arguments.named.end()) {
    static constexpr std::array<std::string_view, 2> kNames = {"attribute", "default"};
    Bound bound;
    if (!take(run, "map", arguments, kNames, 1, bound)) return {};
    Getter getter(run, bound[0]);
    if (has(bound[1])) getter.use_default(*bound[1]);
    return generate(run, lazy(value, true), [getter](Run& r, Value& item) {
      item = getter(r, std::move(item));
      return true;
    });
  }
  auto rest = std::make_shared<Arguments>(std::move(arguments));
  return generate(run, lazy(value, true), [rest](Run& r, Value& item) {
    if (rest->positional.empty()) {
      r.fail("map requires a filter argument");
      return false;
    }
    const Text* name = rest->positional[0].text();
    const FilterFunction filter = name == nullptr ? nullptr : find_filter(name->bytes());
    if (filter == nullptr) {
      r.fail(cat("No filter named ", repr(r, rest->positional[0]), "."));
      return false;
    }
    Arguments given{{rest->positional.begin() + 1, rest->positional.end()}, rest->named};
    item = filter(r, item, given);
    return true;
  });
}

// select, reject, selectattr, rejectattr.
template <bool wanted, bool by_attribute>
Value select(Run& run, const Value& value, Arguments& arguments) {
  auto given = std::make_shared<Arguments>(std::move(arguments));
  return generate(run, lazy(value, true), [given](Run& r, Value& item) {
    constexpr std::size_t kTest = by_attribute ? 1 : 0;
    const List& positional = given->positional;
    if (by_attribute && positional.empty()) {
      r.fail("Missing parameter for attribute name");
      return false;
    }
    const Value subject = by_attribute ? Getter(r, positional[0])(r, item) : item;
    if (positional.size() <= kTest) return truth(subject) == wanted;
    const Text* name = positional[kTest].text();
    const TestFunction test = name == nullptr ? nullptr : find_test(name->bytes());
    if (test == nullptr) {
      r.fail(cat("No test named ", repr(r, positional[kTest]), "."));
      return false;
    }
    Arguments rest{{positional.begin() + kTest + 1, positional.end()}, given->named};
    return test(r, subject, rest) == wanted;
  });
}

struct KeyOrder {
  Run* run;
  bool operator()(const Value& a, const Value& b) const { return compare_keys(run, a, b) < 0; }
};

Value unique(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 2> kNames = {"case_sensitive", "attribute"};
  Bound bound;
  if (!take(run, "unique", arguments, kNames, 0, bound)) return {};
  const bool exact = flag(bound[0]);
  const Getter getter(run, bound[1]);
  auto seen = std::make_shared<std::set<Value, KeyOrder>>(KeyOrder{&run});
  return generate(run, lazy(value, false), [seen, getter, exact](Run& r, Value& item) {
    Value key = ignore_case(r, getter(r, item), exact);
    if (!is_hashable(key)) r.fail(cat("unhashable type: '", type_name(key), "'"));
    return !r.failed() && seen->insert(std::move(key)).second;
  });
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

Value join(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 2> kNames = {"d", "attribute"};
  Bound bound;
  if (!take(run, "join", arguments, kNames, 0, bound)) return {};
  const Text separator = bound[0] ? to_text(run, *bound[0]) : Text();
  const Getter getter(run, bound[1]);
  TextBuilder builder;
  bool first = true;
  const auto items = iterate(run, value);
  for (Value item; items->next(run, item);) {
    const Text piece = to_text(run, getter(run, item));
    if (!run.charge(piece.size() + separator.size())) return {};
    if (!std::exchange(first, false)) builder.append(separator);
    builder.append(piece);
  }
  return run.text(std::move(builder));
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
  const Value fallback = bound[0].value_or(std::int64_t{0});
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

Value sum(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 2> kNames = {"attribute", "start"};
  Bound bound;
  if (!take(run, "sum", arguments, kNames, 0, bound)) return {};
  const Getter getter(run, bound[0]);
  Value total = bound[1].value_or(std::int64_t{0});
  if (total.is_text()) return run.fail("sum() can't sum strings [use ''.join(seq) instead]");
  const auto items = iterate(run, value);
  for (Value item; items->next(run, item);) {
    total = arithmetic(run, Operator::add, total, getter(run, item));
  }
  return run.failed() ? Value() : total;
}

// ------------------------------------------------------------------------------------- containers

Value fallback(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 2> kNames = {"default_value", "boolean"};
  Bound bound;
  if (!take(run, "default", arguments, kNames, 0, bound)) return {};
  const bool use = value.is_undefined() || (flag(bound[1]) && !truth(value));
  return use ? bound[0].value_or(Text()) : value;
}

Value first(Run& run, const Value& value, Arguments& arguments) {
  if (!none(run, "first", arguments)) return {};
  Value item;
  if (iterate(run, value)->next(run, item)) return item;
  return run.failed() ? Value() : run.undefined("No first item, sequence was empty.");
}

Value last(Run& run, const Value& value, Arguments& arguments) {
  if (!none(run, "last", arguments)) return {};
  Value item;
  if (value.is_text()) {
    return value.text()->empty() ? run.undefined("No last item, sequence was empty.")
                                 : get_item(run, value, std::int64_t{-1});
  }
  if (reversed(run, value)->next(run, item)) return item;
  return run.failed() ? Value() : run.undefined("No last item, sequence was empty.");
}

Value count(Run& run, const Value& value, Arguments& arguments) {
  if (!none(run, "length", arguments)) return {};
  const std::size_t size = length(run, value);
  return run.failed() ? Value() : Value(static_cast<std::int64_t>(size));
}

Value list(Run& run, const Value& value, Arguments& arguments) {
  return none(run, "list", arguments) ? run.list(to_list(run, value)) : Value();
}

Value reverse(Run& run, const Value& value, Arguments& arguments) {
  if (!none(run, "reverse", arguments)) return {};
  if (value.is_text()) return get_slice(run, value, None{}, None{}, std::int64_t{-1});
  const Object* object = value.object();
  const bool reversible = object == nullptr || object->kind == Object::Kind::range ||
                          object->kind == Object::Kind::view;
  if (!is_iterable(value)) return run.fail("argument must be iterable");
  if (reversible) return run.object(reversed(run, value));
  List items = to_list(run, value);
  std::reverse(items.begin(), items.end());
  return run.list(std::move(items));
}

Value sort(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 3> kNames = {"reverse", "case_sensitive",
                                                             "attribute"};
  Bound bound;
  if (!take(run, "sort", arguments, kNames, 0, bound)) return {};
  std::vector<Getter> getters;
  if (has(bound[2]) && bound[2]->is_text()) {
    std::string_view paths = bound[2]->text()->bytes();
    while (true) {
      const std::size_t comma = std::min(paths.find(','), paths.size());
      getters.emplace_back(paths.substr(0, comma));
      if (comma == paths.size()) break;
      paths.remove_prefix(comma + 1);
    }
  } else {
    getters.emplace_back(run, bound[2]);
  }
  std::vector<Keyed> keyed;
  for (const Value& item : to_list(run, value)) {
    List key;
    for (const Getter& getter : getters) {
      key.push_back(ignore_case(run, getter(run, item), flag(bound[1])));
    }
    // As a list even of one: undefined keys are equal there, and comparing them alone would fail.
    keyed.push_back({run.list(std::move(key)), item});
    if (run.failed()) return {};
  }
  sort_keyed(run, keyed, flag(bound[0]));
  return run.list(items_of(keyed));
}

Value dict_sort(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 3> kNames = {"case_sensitive", "by", "reverse"};
  Bound bound;
  if (!take(run, "dictsort", arguments, kNames, 0, bound)) return {};
  const Text by = bound[1] ? to_text(run, *bound[1]) : Text::literal("key");
  if (by.bytes() != "key" && by.bytes() != "value") {
    return run.fail("You can only sort by either \"key\" or \"value\"");
  }
  if (value.is_undefined()) return run.fail(undefined_message(value));
  if (!value.is_mapping()) {
    return run.fail(cat("'", type_name(value), "' object has no attribute 'items'"));
  }
  std::vector<Keyed> keyed;
  for (const auto& [key, one] : value.mapping()->entries) {
    keyed.push_back({ignore_case(run, by.bytes() == "key" ? key : one, flag(bound[0])),
                     run.list({key, one}, true)});
    if (run.failed()) return {};
  }
  sort_keyed(run, keyed, flag(bound[2]));
  return run.list(items_of(keyed));
}

template <bool greatest>
Value extreme(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 2> kNames = {"case_sensitive", "attribute"};
  Bound bound;
  if (!take(run, greatest ? "max" : "min", arguments, kNames, 0, bound)) return {};
  const Getter getter(run, bound[1]);
  std::optional<Keyed> best;
  const auto items = iterate(run, value);
  for (Value item; items->next(run, item);) {
    Value key = ignore_case(run, getter(run, item), flag(bound[0]));
    if (!best || (greatest ? less(run, best->key, key) : less(run, key, best->key))) {
      best = Keyed{std::move(key), std::move(item)};
    }
  }
  if (run.failed()) return {};
  return best ? best->item : run.undefined("No aggregated item, sequence was empty.");
}

Value group_by(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 3> kNames = {"attribute", "default",
                                                             "case_sensitive"};
  Bound bound;
  if (!take(run, "groupby", arguments, kNames, 1, bound)) return {};
  Getter getter(run, bound[0]);
  if (has(bound[1])) getter.use_default(*bound[1]);
  std::vector<Keyed> keyed;
  for (const Value& item : to_list(run, value)) {
    keyed.push_back({ignore_case(run, getter(run, item), flag(bound[2])), item});
    if (run.failed()) return {};
  }
  sort_keyed(run, keyed, false);
  List groups;
  for (std::size_t i = 0; i < keyed.size() && !run.failed();) {
    List members;
    const std::size_t begin = i;
    for (; i < keyed.size() && equals(run, keyed[i].key, keyed[begin].key); ++i) {
      members.push_back(keyed[i].item);
    }
    if (members.empty()) break;  // a key that is not equal to itself: the run has failed
    auto group = std::make_shared<Sequence>();
    const Value head = getter(run, members[0]);
    group->items = {head, run.list(std::move(members))};
    group->tuple = group->group = true;
    group->depth = 1 + std::max(head.depth(), group->items[1].depth());
    groups.emplace_back(std::shared_ptr<const Sequence>(std::move(group)));
  }
  return run.list(std::move(groups));
}

Value batch(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 2> kNames = {"linecount", "fill_with"};
  Bound bound;
  if (!take(run, "batch", arguments, kNames, 1, bound)) return {};
  const std::int64_t size = integer_argument(run, bound[0], 0);
  List rows;
  List row;
  for (Value& item : to_list(run, value)) {
    if (static_cast<std::int64_t>(row.size()) == size)
      rows.push_back(run.list(std::exchange(row, {})));
    row.push_back(std::move(item));
  }
  if (!row.empty()) {
    const std::int64_t missing = size - static_cast<std::int64_t>(row.size());
    if (has(bound[1]) && missing > 0) {
      if (!run.charge(static_cast<std::uint64_t>(missing) * sizeof(Value))) return {};
      row.insert(row.end(), static_cast<std::size_t>(missing), *bound[1]);
    }
    rows.push_back(run.list(std::move(row)));
  }
  return run.failed() ? Value() : run.object(iterate_list(std::move(rows), "generator"));
}

Value slice(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 2> kNames = {"slices", "fill_with"};
  Bound bound;
  if (!take(run, "slice", arguments, kNames, 1, bound)) return {};
  const std::int64_t slices = integer_argument(run, bound[0], 0);
  const List items = to_list(run, value);
  if (run.failed()) return {};
  if (slices == 0) return run.fail("integer division or modulo by zero");
  const auto total = static_cast<std::int64_t>(items.size());
  const std::int64_t each = slices > 0 ? total / slices : 0;
  const std::int64_t extra = slices > 0 ? total % slices : 0;
  List rows;
  std::int64_t begin = 0;
  for (std::int64_t i = 0; i < slices && run.step(); ++i) {
    const std::int64_t end = begin + each + (i < extra ? 1 : 0);
    List row(items.begin() + begin, items.begin() + end);
    if (has(bound[1]) && i >= extra) row.push_back(*bound[1]);
    rows.push_back(run.list(std::move(row)));
    begin = end;
  }
  return run.failed() ? Value() : run.object(iterate_list(std::move(rows), "generator"));
}

Value attribute(Run& run, const Value& value, Arguments& arguments) {
  static constexpr std::array<std::string_view, 1> kNames = {"name"};
  Bound bound;
  if (!take(run, "attr", arguments, kNames, 1, bound)) return {};
  const Text* name = text_argument(run, bound[0], "attribute name");
  if (name == nullptr) return {};
  if (value.is_undefined()) return run.fail(undefined_message(value));
  if (auto found = python_attribute(run, value, name->bytes())) return *std::move(found);
  return run.missing_member(value, *bound[0]);
}

Value unsupported(Run& run, const Value&, Arguments&) {
  return run.fail(
      "this filter (filesizeformat, pprint, random, striptags, urlize, wordwrap or "
      "xmlattr) is not supported in chat templates");
}

struct NamedFilter {
  std::string_view name;
  FilterFunction filter;
};

constexpr std::array kFilters = {
    NamedFilter{"abs", absolute},
    NamedFilter{"attr", attribute},
    NamedFilter{"batch", batch},
    NamedFilter{"capitalize", cased<Case::capitalize>},
    NamedFilter{"center", center},
    NamedFilter{"count", count},
    NamedFilter{"d", fallback},
    NamedFilter{"default", fallback},
    NamedFilter{"dictsort", dict_sort},
    NamedFilter{"e", escape},
    NamedFilter{"escape", escape},
    NamedFilter{"filesizeformat", unsupported},
    NamedFilter{"first", first},
    NamedFilter{"float", real},
    NamedFilter{"forceescape", force_escape},
    NamedFilter{"format", format},
    NamedFilter{"groupby", group_by},
    NamedFilter{"indent", indent},
    NamedFilter{"int", integer},
    NamedFilter{"items", items},
    NamedFilter{"join", join},
    NamedFilter{"last", last},
    NamedFilter{"length", count},
    NamedFilter{"list", list},
    NamedFilter{"lower", cased<Case::lower>},
    NamedFilter{"map", map},
    NamedFilter{"max", extreme<true>},
    NamedFilter{"min", extreme<false>},
    NamedFilter{"pprint", unsupported},
    NamedFilter{"random", unsupported},
    NamedFilter{"reject", select<false, false>},
    NamedFilter{"rejectattr", select<false, true>},
    NamedFilter{"replace", replaced},
    NamedFilter{"reverse", reverse},
    NamedFilter{"round", rounded},
    NamedFilter{"safe", safe},
    NamedFilter{"select", select<true, false>},
    NamedFilter{"selectattr", select<true, true>},
    NamedFilter{"slice", slice},
    NamedFilter{"sort", sort},
    NamedFilter{"string", string},
    NamedFilter{"striptags", unsupported},
    NamedFilter{"sum", sum},
    NamedFilter{"title", title},
    NamedFilter{"tojson", to_json_filter},
    NamedFilter{"trim", trim},
    NamedFilter{"truncate", truncate},
    NamedFilter{"unique", unique},
    NamedFilter{"upper", cased<Case::upper>},
    NamedFilter{"urlencode", url_encode},
    NamedFilter{"urlize", unsupported},
    NamedFilter{"wordcount", word_count},
    NamedFilter{"wordwrap", unsupported},
    NamedFilter{"xmlattr", unsupported},
};

}  // namespace

FilterFunction find_filter(std::string_view name) {
  const auto* found = std::lower_bound(
      kFilters.begin(), kFilters.end(), name,
      [](const NamedFilter& one, std::string_view wanted) { return one.name < wanted; });
  return found != kFilters.end() && found->name == name ? found->filter : nullptr;
}

}  // namespace retort::text::jinja
