// The methods of Python's own types that templates call: str, dict, list, tuple, and the
// attributes of Jinja2's objects (loop, cycler, macro).
#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.h"
#include "text/jinja_run.h"

namespace retort::text::jinja {
namespace {

using Names = std::span<const std::string_view>;
using TextMethod = Value (*)(Run&, const Text&, Arguments&);

// Where a method of str searches: code points [start, end) of the text, in bytes.
struct Window {
  std::size_t begin = 0, end = 0;
};

std::optional<Window> window(Run& run, const Text& text, const std::optional<Value>& start,
                             const std::optional<Value>& stop) {
  const auto points = static_cast<std::int64_t>(text.points());
  const auto clamp = [&](std::int64_t index) {
    if (index < 0) index += points;
    return std::max<std::int64_t>(index, 0);
  };
  const std::int64_t from = clamp(integer_argument(run, start, 0));
  const std::int64_t to = std::min(clamp(integer_argument(run, stop, points)), points);
  if (from > to || from > points) return std::nullopt;
  return Window{text.byte_of(static_cast<std::size_t>(from)),
                text.byte_of(static_cast<std::size_t>(to))};
}

bool no_arguments(Run& run, std::string_view name, const Arguments& arguments) {
  Bound none;
  return bind_arguments(run, name, arguments, {}, 0, none);
}

template <Case to>
Value cased(Run& run, const Text& text, Arguments& arguments) {
  if (!no_arguments(run, "str method", arguments) || !run.charge(text.size())) return {};
  return run.text(map_case(text, to));
}

template <bool left, bool right>
Value stripped(Run& run, const Text& text, Arguments& arguments) {
  static constexpr std::array<std::string_view, 1> kNames = {"chars"};
  Bound bound;
  if (!bind_arguments(run, "strip", arguments, kNames, 0, bound)) return {};
  const bool plain = !bound[0] || bound[0]->is_none();
  const Text* chars = plain ? nullptr : text_argument(run, bound[0], "strip arg");
  if (run.failed() || !run.step(1 + text.size() / 64)) return {};
  return run.text(strip(text, chars, left, right));
}

// Whether the text has `affix` at its front or back; a tuple means any of them.
template <bool front>
Value has_affix(Run& run, const Text& text, Arguments& arguments) {
  static constexpr std::array<std::string_view, 3> kNames = {"prefix", "start", "end"};
  Bound bound;
  if (!bind_arguments(run, front ? "startswith" : "endswith", arguments, kNames, 1, bound))
    return {};
  const auto where = window(run, text, bound[1], bound[2]);
  const Sequence* many = bound[0]->sequence();
  const List affixes = many != nullptr && many->tuple ? many->items : List{*bound[0]};
  bool found = false;
  for (const Value& affix : affixes) {
    if (!affix.is_text()) {
      return run.fail(cat(front ? "startswith" : "endswith",
                          " first arg must be str or a tuple of str, not ", type_name(affix)));
    }
    if (!where) continue;
    const std::string_view part = text.bytes().substr(where->begin, where->end - where->begin);
    found |=
        front ? part.starts_with(affix.text()->bytes()) : part.ends_with(affix.text()->bytes());
  }
  return run.failed() ? Value() : Value(found);
}

template <bool front>
Value remove_affix(Run& run, const Text& text, Arguments& arguments) {
  static constexpr std::array<std::string_view, 1> kNames = {"affix"};
  Bound bound;
  if (!bind_arguments(run, "removeprefix", arguments, kNames, 1, bound)) return {};
  const Text* affix = text_argument(run, bound[0], "removeprefix() argument");
  if (affix == nullptr) return {};
  const std::string_view bytes = text.bytes();
  if (front && bytes.starts_with(affix->bytes()))
    return run.text(text.sub(affix->size(), text.size()));
  if (!front && bytes.ends_with(affix->bytes())) {
    return run.text(text.sub(0, text.size() - affix->size()));
  }
  return text;
}

// find, rfind, index, rindex, count.
enum class Search : std::uint8_t { find, rfind, index, rindex, count };

template <Search what>
Value searched(Run& run, const Text& text, Arguments& arguments) {
  static constexpr std::array<std::string_view, 3> kNames = {"sub", "start", "end"};
  Bound bound;
  if (!bind_arguments(run, "find", arguments, kNames, 1, bound)) return {};
  const Text* needle = text_argument(run, bound[0], "argument");
  if (needle == nullptr || !run.step(1 + text.size() / 64)) return {};
  const auto where = window(run, text, bound[1], bound[2]);
  if (run.failed()) return {};
  std::size_t at = std::string_view::npos;
  std::int64_t count = 0;
  if (where) {
    const bool right = what == Search::rfind || what == Search::rindex;
    at = right ? find_last(text.bytes(), needle->bytes(), where->begin, where->end)
               : find_first(text.bytes(), needle->bytes(), where->begin, where->end);
    if (what == Search::count && needle->empty()) {
      return static_cast<std::int64_t>(text.point_of(where->end) - text.point_of(where->begin) + 1);
    }
    for (std::size_t next = at; what == Search::count && next != std::string_view::npos; ++count) {
      next = find_first(text.bytes(), needle->bytes(), next + needle->size(), where->end);
    }
  }
  if (what == Search::count) return count;
  if (at != std::string_view::npos) return static_cast<std::int64_t>(text.point_of(at));
  if (what == Search::index || what == Search::rindex) return run.fail("substring not found");
  return std::int64_t{-1};
}

Value replaced(Run& run, const Text& text, Arguments& arguments) {
  static constexpr std::array<std::string_view, 3> kNames = {"old", "new", "count"};
  Bound bound;
  if (!bind_arguments(run, "replace", arguments, kNames, 2, bound)) return {};
  const Text* old = text_argument(run, bound[0], "replace() argument 1");
  const Text* with = text_argument(run, bound[1], "replace() argument 2");
  const std::int64_t count = integer_argument(run, bound[2], -1);
  if (run.failed()) return {};
  return replace_text(run, text, *old, text.markup() ? escape_markup(*with) : *with, count);
}

template <bool right>
Value split(Run& run, const Text& text, Arguments& arguments) {
  static constexpr std::array<std::string_view, 2> kNames = {"sep", "maxsplit"};
  Bound bound;
  if (!bind_arguments(run, "split", arguments, kNames, 0, bound)) return {};
  const bool plain = !bound[0] || bound[0]->is_none();
  const Text* separator = plain ? nullptr : text_argument(run, bound[0], "sep");
  const std::int64_t count = integer_argument(run, bound[1], -1);
  if (run.failed()) return {};
  return run.list(split_text(run, text, separator, count, right));
}

Value split_into_lines(Run& run, const Text& text, Arguments& arguments) {
  static constexpr std::array<std::string_view, 1> kNames = {"keepends"};
  Bound bound;
  if (!bind_arguments(run, "splitlines", arguments, kNames, 0, bound)) return {};
  return run.list(split_lines(run, text, bound[0] && truth(*bound[0])));
}

template <bool right>
Value partition(Run& run, const Text& text, Arguments& arguments) {
  static constexpr std::array<std::string_view, 1> kNames = {"sep"};
  Bound bound;
  if (!bind_arguments(run, "partition", arguments, kNames, 1, bound)) return {};
  const Text* separator = text_argument(run, bound[0], "must be str");
  if (separator == nullptr || !run.step(1 + text.size() / 64)) return {};
  if (separator->empty()) return run.fail("empty separator");
  const std::size_t at = right ? find_last(text.bytes(), separator->bytes(), 0, text.size())
                               : find_first(text.bytes(), separator->bytes(), 0, text.size());
  if (at == std::string_view::npos) {
    const Value none = Text();
    return run.list(right ? List{none, none, text} : List{text, none, none}, true);
  }
  const std::size_t after = at + separator->size();
  return run.list({run.text(text.sub(0, at)), run.text(text.sub(at, after)),
                   run.text(text.sub(after, text.size()))},
                  true);
}

Value joined(Run& run, const Text& text, Arguments& arguments) {
  static constexpr std::array<std::string_view, 1> kNames = {"iterable"};
  Bound bound;
  if (!bind_arguments(run, "join", arguments, kNames, 1, bound)) return {};
  TextBuilder builder;
  bool first = true;
  const auto items = iterate(run, *bound[0]);
  for (Value item; items->next(run, item);) {
    if (!item.is_text()) {
      return run.fail(cat("sequence item: expected str instance, ", type_name(item), " found"));
    }
    if (!run.charge(item.text()->size() + text.size())) return {};
    if (!std::exchange(first, false)) builder.append(text);
    builder.append(text.markup() ? escape_markup(*item.text()) : *item.text());
  }
  return run.text(std::move(builder), text.markup());
}

// center, ljust, rjust, zfill: -1 left, 0 centre, 1 right, 2 zeros.
template <int how>
Value justified(Run& run, const Text& text, Arguments& arguments) {
  static constexpr std::array<std::string_view, 2> kNames = {"width", "fillchar"};
  Bound bound;
  if (!bind_arguments(run, "just", arguments, kNames, 1, bound)) return {};
  const std::int64_t width = integer_argument(run, bound[0], 0);
  Text fill = Text::data(how == 2 ? "0" : " ");
  if (bound[1]) {
    const Text* given = text_argument(run, bound[1], "The fill character");
    if (given == nullptr) return {};
    if (given->points() != 1)
      return run.fail("The fill character must be exactly one character long");
    fill = *given;
  }
  if (run.failed()) return {};
  return justify(run, text, width, fill, how);
}

template <typename Test>
bool all_points(const Text& text, const Test& test) {
  std::string_view bytes = text.bytes();
  while (!bytes.empty()) {
    const base::CodePoint point = base::decode_utf8(bytes);
    if (!test(point.value)) return false;
    bytes.remove_prefix(std::max<std::size_t>(point.bytes, 1));
  }
  return !text.empty();
}

template <bool (*test)(char32_t)>
Value every(Run& run, const Text& text, Arguments& arguments) {
  if (!no_arguments(run, "str method", arguments) || !run.step(1 + text.size() / 16)) return {};
  return all_points(text, test);
}

bool is_alnum(char32_t point) {
  return is_alpha(point) || is_numeric(point);
}
bool is_ascii(char32_t point) {
  return point < 0x80;
}
bool space(char32_t point) {
  return is_space(point);
}
bool alpha(char32_t point) {
  return is_alpha(point);
}
bool decimal(char32_t point) {
  return is_decimal(point);
}
bool digit(char32_t point) {
  return is_digit(point);
}
bool number(char32_t point) {
  return is_numeric(point);
}
bool printable(char32_t point) {
  return is_printable(point);
}

template <bool (*wanted)(const Text&)>
Value asks(Run& run, const Text& text, Arguments& arguments) {
  if (!no_arguments(run, "str method", arguments) || !run.step(1 + text.size() / 16)) return {};
  return wanted(text);
}

bool is_identifier(const Text& text) {
  if (text.empty() || !all_points(text, is_word)) return false;
  const char32_t first = base::decode_utf8(text.bytes()).value;
  return first == '_' || is_alpha(first);
}

bool is_ascii_text(const Text& text) {
  return text.empty() || all_points(text, is_ascii);
}
bool is_printable_text(const Text& text) {
  return text.empty() || all_points(text, printable);
}

// Words begin with an upper or title case letter and go on in lower case.
bool is_titled(const Text& text) {
  bool cased = false;
  bool any = false;
  const bool fits = all_points(text, [&](char32_t point) {
    const bool big = is_upper(point) || is_title(point);
    const bool small = is_lower(point);
    const bool ok = big ? !cased : !small || cased;
    cased = big || small;
    any |= cased;
    return ok;
  });
  return fits && any;
}

Value expanded_tabs(Run& run, const Text& text, Arguments& arguments) {
  static constexpr std::array<std::string_view, 1> kNames = {"tabsize"};
  Bound bound;
  if (!bind_arguments(run, "expandtabs", arguments, kNames, 0, bound)) return {};
  const std::int64_t size = std::min<std::int64_t>(integer_argument(run, bound[0], 8), 1000);
  TextBuilder builder;
  std::int64_t column = 0;
  const std::string_view bytes = text.bytes();
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t count = std::max<std::size_t>(base::decode_utf8(bytes.substr(at)).bytes, 1);
    if (bytes[at] == '\t') {
      const std::int64_t spaces = size > 0 ? size - column % size : 0;
      if (!run.charge(static_cast<std::uint64_t>(spaces))) return {};
      builder.append_like(std::string(static_cast<std::size_t>(spaces), ' '), text, at);
      column += spaces;
    } else {
      builder.append(text, at, at + count);
      column = bytes[at] == '\n' || bytes[at] == '\r' ? 0 : column + 1;
    }
    at += count;
  }
  return run.text(std::move(builder), text.markup());
}

Value formatted(Run& run, const Text& text, Arguments& arguments) {
  return brace_format(run, text, arguments);
}

Value formatted_map(Run& run, const Text& text, Arguments& arguments) {
  if (arguments.positional.size() != 1 || !arguments.named.empty() ||
      !arguments.positional[0].is_mapping()) {
    return run.fail("format_map() takes exactly one argument, a mapping");
  }
  Arguments named;
  for (const auto& [key, value] : arguments.positional[0].mapping()->entries) {
    if (key.is_text()) named.named.emplace_back(std::string(key.text()->bytes()), value);
  }
  return brace_format(run, text, named);
}

struct NamedTextMethod {
  std::string_view name;
  TextMethod method;
};

constexpr std::array kTextMethods = {
    NamedTextMethod{"capitalize", cased<Case::capitalize>},
    NamedTextMethod{"casefold", cased<Case::fold>},
    NamedTextMethod{"center", justified<0>},
    NamedTextMethod{"count", searched<Search::count>},
    NamedTextMethod{"endswith", has_affix<false>},
    NamedTextMethod{"expandtabs", expanded_tabs},
    NamedTextMethod{"find", searched<Search::find>},
    NamedTextMethod{"format", formatted},
    NamedTextMethod{"format_map", formatted_map},
    NamedTextMethod{"index", searched<Search::index>},
    NamedTextMethod{"isalnum", every<is_alnum>},
    NamedTextMethod{"isalpha", every<alpha>},
    NamedTextMethod{"isascii", asks<is_ascii_text>},
    NamedTextMethod{"isdecimal", every<decimal>},
    NamedTextMethod{"isdigit", every<digit>},
    NamedTextMethod{"isidentifier", asks<is_identifier>},
    NamedTextMethod{"islower", asks<is_lower_text>},
    NamedTextMethod{"isnumeric", every<number>},
    NamedTextMethod{"isprintable", asks<is_printable_text>},
    NamedTextMethod{"isspace", every<space>},
    NamedTextMethod{"istitle", asks<is_titled>},
    NamedTextMethod{"isupper", asks<is_upper_text>},
    NamedTextMethod{"join", joined},
    NamedTextMethod{"ljust", justified<-1>},
    NamedTextMethod{"lower", cased<Case::lower>},
    NamedTextMethod{"lstrip", stripped<true, false>},
    NamedTextMethod{"partition", partition<false>},
    NamedTextMethod{"removeprefix", remove_affix<true>},
    NamedTextMethod{"removesuffix", remove_affix<false>},
    NamedTextMethod{"replace", replaced},
    NamedTextMethod{"rfind", searched<Search::rfind>},
    NamedTextMethod{"rindex", searched<Search::rindex>},
    NamedTextMethod{"rjust", justified<1>},
    NamedTextMethod{"rpartition", partition<true>},
    NamedTextMethod{"rsplit", split<true>},
    NamedTextMethod{"rstrip", stripped<false, true>},
    NamedTextMethod{"split", split<false>},
    NamedTextMethod{"splitlines", split_into_lines},
    NamedTextMethod{"startswith", has_affix<true>},
    NamedTextMethod{"strip", stripped<true, true>},
    NamedTextMethod{"swapcase", cased<Case::swap>},
    NamedTextMethod{"title", cased<Case::title>},
    NamedTextMethod{"upper", cased<Case::upper>},
    NamedTextMethod{"zfill", justified<2>},
};

Value make_function(Run& run, std::string_view name, std::size_t depth, Callable body) {
  auto function = std::make_shared<Function>(std::string(name), std::move(body));
  function->depth = depth + 1;
  return run.object(std::move(function));
}

std::optional<Value> text_method(Run& run, const Text& text, std::string_view name) {
  const auto* found = std::lower_bound(
      kTextMethods.begin(), kTextMethods.end(), name,
      [](const NamedTextMethod& one, std::string_view wanted) { return one.name < wanted; });
  if (found == kTextMethods.end() || found->name != name) return std::nullopt;
  return make_function(run, name, 0, [text, method = found->method](Run& r, Arguments& arguments) {
    return method(r, text, arguments);
  });
}

Value dict_get(Run& run, const Mapping& mapping, const Arguments& arguments) {
  static constexpr std::array<std::string_view, 2> kNames = {"key", "default"};
  Bound bound;
  if (!arguments.named.empty()) return run.fail("dict.get() takes no keyword arguments");
  if (!bind_arguments(run, "get", arguments, kNames, 1, bound)) return {};
  if (!is_hashable(*bound[0])) {
    return run.fail(cat("unhashable type: '", type_name(*bound[0]), "'"));
  }
  const Value* found = mapping.find(run, *bound[0]);
  if (found != nullptr) return *found;
  return bound[1] ? *bound[1] : Value(None{});
}

std::optional<Value> dict_method(Run& run, const std::shared_ptr<const Mapping>& mapping,
                                 std::string_view name) {
  const std::size_t depth = mapping->depth;
  if (name == "get") {
    return make_function(run, name, depth, [mapping](Run& r, Arguments& arguments) {
      return dict_get(r, *mapping, arguments);
    });
  }
  if (name == "copy") {
    return make_function(run, name, depth, [mapping](Run& r, Arguments& arguments) {
      return no_arguments(r, "copy", arguments) ? Value(mapping) : Value();
    });
  }
  const bool keys = name == "keys";
  if (!keys && name != "values" && name != "items") return std::nullopt;
  const auto what = keys               ? View::What::keys
                    : name == "values" ? View::What::values
                                       : View::What::items;
  return make_function(run, name, depth, [mapping, what](Run& r, Arguments& arguments) {
    if (!no_arguments(r, "dict method", arguments)) return Value();
    return r.object(std::make_shared<View>(mapping, what));
  });
}

Value list_search(Run& run, const List& items, const Arguments& arguments, bool count) {
  static constexpr std::array<std::string_view, 1> kNames = {"value"};
  Bound bound;
  if (!bind_arguments(run, count ? "count" : "index", arguments, kNames, 1, bound)) return {};
  std::int64_t found = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!equals(run, items[i], *bound[0])) continue;
    if (!count) return static_cast<std::int64_t>(i);
    ++found;
  }
  return count ? Value(found) : run.fail(cat(repr(run, *bound[0]), " is not in list"));
}

std::optional<Value> list_method(Run& run, const Value& owner, std::string_view name) {
  if (name == "copy" && !owner.sequence()->tuple) {
    return make_function(run, name, owner.depth(), [owner](Run& r, Arguments& arguments) {
      return no_arguments(r, "copy", arguments) ? r.list(owner.sequence()->items) : Value();
    });
  }
  if (owner.sequence()->group && name == "grouper") return owner.sequence()->items[0];
  if (owner.sequence()->group && name == "list") return owner.sequence()->items[1];
  if (name != "count" && name != "index") return std::nullopt;
  return make_function(run, name, owner.depth(),
                       [owner, count = name == "count"](Run& r, Arguments& arguments) {
                         return list_search(r, owner.sequence()->items, arguments, count);
                       });
}

Value loop_cycle(Run& run, const Loop& loop, const Arguments& arguments) {
  if (arguments.positional.empty()) return run.fail("no items for cycling given");
  return arguments.positional[static_cast<std::size_t>(loop.index0) % arguments.positional.size()];
}

Value loop_changed(Run& run, const std::shared_ptr<Object>& owner, const Arguments& arguments) {
  auto& loop = static_cast<Loop&>(*owner);
  Value now = run.list(arguments.positional, true);
  if (loop.changed_before && equals(run, loop.last_changed, now)) return false;
  if (!std::exchange(loop.changed_before, true)) run.keep(owner);
  loop.last_changed = std::move(now);
  return true;
}

std::optional<Value> loop_number(Run& run, Loop& loop, std::string_view name) {
  if (name == "index") return Value(loop.index0 + 1);
  if (name == "index0") return Value(loop.index0);
  if (name == "depth") return Value(static_cast<std::int64_t>(loop.depth0 + 1));
  if (name == "depth0") return Value(static_cast<std::int64_t>(loop.depth0));
  if (name != "length" && name != "revindex" && name != "revindex0") return std::nullopt;
  const auto length = static_cast<std::int64_t>(loop.length(run));
  return Value(name == "length" ? length : length - loop.index0 - (name == "revindex0" ? 1 : 0));
}

std::optional<Value> loop_attribute(Run& run, const std::shared_ptr<Object>& owner,
                                    std::string_view name) {
  auto& loop = static_cast<Loop&>(*owner);
  if (const auto found = loop_number(run, loop, name)) return found;
  if (name == "first") return Value(loop.index0 == 0);
  if (name == "last") return Value(loop.peek(run) == nullptr);
  if (name == "previtem") {
    return loop.index0 == 0 ? run.undefined("there is no previous item") : loop.previous;
  }
  if (name == "nextitem") {
    const Value* next = loop.peek(run);
    return next == nullptr ? run.undefined("there is no next item") : *next;
  }
  // The function and the loop's body keep the loop alive; it cannot hold the function.
  if (name == "cycle") {
    return make_function(run, name, loop.depth, [owner](Run& r, Arguments& arguments) {
      return loop_cycle(r, static_cast<const Loop&>(*owner), arguments);
    });
  }
  if (name == "changed") {
    return make_function(run, name, loop.depth, [owner](Run& r, Arguments& arguments) {
      return loop_changed(r, owner, arguments);
    });
  }
  return std::nullopt;
}

std::optional<Value> cycler_attribute(Run& run, const std::shared_ptr<Object>& owner,
                                      std::string_view name) {
  const auto& cycler = static_cast<const Cycler&>(*owner);
  if (name == "current") return cycler.items[cycler.position];
  if (name == "pos") return Value(static_cast<std::int64_t>(cycler.position));
  if (name == "items") return run.list(cycler.items, true);
  if (name == "next") {
    return make_function(run, name, cycler.depth, [owner](Run&, Arguments&) {
      auto& self = static_cast<Cycler&>(*owner);
      const Value now = self.items[self.position];
      self.position = (self.position + 1) % self.items.size();
      return now;
    });
  }
  if (name == "reset") {
    return make_function(run, name, cycler.depth, [owner](Run&, Arguments&) -> Value {
      static_cast<Cycler&>(*owner).position = 0;
      return None{};
    });
  }
  return std::nullopt;
}

std::optional<Value> macro_attribute(Run& run, const Macro& macro, std::string_view name) {
  if (name == "name") return macro.name.empty() ? Value(None{}) : Value::literal(macro.name);
  if (name == "catch_kwargs") return Value(macro.takes_named);
  if (name == "catch_varargs") return Value(macro.takes_rest);
  if (name == "caller") return Value(macro.takes_caller);
  if (name != "arguments") return std::nullopt;
  List names;
  for (const std::string& parameter : macro.parameters) names.push_back(Value::literal(parameter));
  return run.list(std::move(names), true);
}

}  // namespace

std::optional<Value> find_method(Run& run, const Value& owner, std::string_view name) {
  if (const Text* text = owner.text()) return text_method(run, *text, name);
  if (owner.is_mapping()) return dict_method(run, owner.mapping_ref(), name);
  if (owner.is_sequence()) return list_method(run, owner, name);
  const auto object = owner.object_ref();
  if (object == nullptr) return std::nullopt;
  switch (object->kind) {
    case Object::Kind::loop:
      return loop_attribute(run, object, name);
    case Object::Kind::cycler:
      return cycler_attribute(run, object, name);
    case Object::Kind::macro:
      return macro_attribute(run, static_cast<const Macro&>(*object), name);
    case Object::Kind::range: {
      const auto& range = static_cast<const Range&>(*object);
      if (name == "start") return Value(range.start);
      if (name == "stop") return Value(range.stop);
      if (name == "step") return Value(range.step);
      if (name != "count" && name != "index") return std::nullopt;
      return make_function(run, name, 1,
                           [owner, count = name == "count"](Run& r, Arguments& arguments) {
                             return list_search(r, to_list(r, owner), arguments, count);
                           });
    }
    default:
      return std::nullopt;
  }
}

bool is_lower_text(const Text& text) {
  bool any = false;
  return (all_points(text,
                     [&](char32_t point) {
                       any |= is_lower(point);
                       return !is_upper(point) && !is_title(point);
                     })) &&
         any;
}

bool is_upper_text(const Text& text) {
  bool any = false;
  return (all_points(text,
                     [&](char32_t point) {
                       any |= is_upper(point);
                       return !is_lower(point) && !is_title(point);
                     })) &&
         any;
}

Value replace_text(Run& run, const Text& text, const Text& old, const Text& with,
                   std::int64_t count) {
  // The size of the result is known only by counting; it is charged before it is built.
  const auto most = static_cast<std::uint64_t>(text.points()) + 1;
  std::uint64_t times = 0;
  if (old.empty()) {
    times = most;
  } else {
    for (std::size_t at = 0;
         (at = find_first(text.bytes(), old.bytes(), at, text.size())) != std::string_view::npos;
         at += old.size()) {
      ++times;
    }
  }
  if (count >= 0) times = std::min(times, static_cast<std::uint64_t>(count));
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(times, with.size(), &bytes)) bytes = ~std::uint64_t{0} / 2;
  if (!run.charge(text.size() + bytes) || !run.step(1 + times)) return {};
  return run.text(replace(text, old, with, count));
}

Value justify(Run& run, const Text& text, std::int64_t width, const Text& fill, int how) {
  const auto points = static_cast<std::int64_t>(text.points());
  if (width <= points) return text;
  const std::int64_t missing = width - points;
  if (!run.charge(static_cast<std::uint64_t>(missing) * fill.size() + text.size())) return {};
  if (!run.step(static_cast<std::uint64_t>(missing) / 8)) return {};
  // str.center() puts the odd one left when the width is odd.
  std::int64_t left = how > 0 ? missing : how < 0 ? 0 : missing / 2 + (missing & width & 1);
  std::size_t from = 0;
  TextBuilder builder;
  if (how == 2 && (text.bytes().starts_with('-') || text.bytes().starts_with('+'))) {
    builder.append(text, 0, 1);
    from = 1;
  }
  for (std::int64_t i = 0; i < left; ++i) builder.append(fill);
  builder.append(text, from, text.size());
  for (; left < missing; ++left) builder.append(fill);
  return run.text(std::move(builder), text.markup());
}

namespace {

// split() without a separator: runs of whitespace, none at the ends.
List split_space(Run& run, const Text& text, std::int64_t count) {
  List pieces;
  const std::string_view bytes = text.bytes();
  std::size_t at = 0;
  const auto point = [&](std::size_t where) { return base::decode_utf8(bytes.substr(where)); };
  const auto skip = [&](bool spaces) {
    while (at < bytes.size() && is_space(point(at).value) == spaces) {
      at += std::max<std::size_t>(point(at).bytes, 1);
    }
  };
  for (skip(true); at < bytes.size() && !run.failed(); skip(true)) {
    const std::size_t begin = at;
    if (count >= 0 && pieces.size() == static_cast<std::size_t>(count)) {
      pieces.push_back(run.text(text.sub(begin, bytes.size())));
      break;
    }
    skip(false);
    pieces.push_back(run.text(text.sub(begin, at)));
  }
  return pieces;
}

List rsplit_space(Run& run, const Text& text, std::int64_t count) {
  List pieces;
  Text rest = strip(text, nullptr, false, true);
  while (!rest.empty() && !run.failed()) {
    if (static_cast<std::size_t>(count) == pieces.size()) {
      pieces.push_back(run.text(rest));
      break;
    }
    std::size_t begin = rest.size();
    while (begin > 0) {
      std::size_t before = begin - 1;
      while (before > 0 && (rest.bytes()[before] & 0xC0) == 0x80) --before;
      if (is_space(base::decode_utf8(rest.bytes().substr(before)).value)) break;
      begin = before;
    }
    if (!run.charge(rest.size())) break;
    pieces.push_back(run.text(rest.sub(begin, rest.size())));
    rest = strip(rest.sub(0, begin), nullptr, false, true);
  }
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

}  // namespace

List split_text(Run& run, const Text& text, const Text* separator, std::int64_t count, bool right) {
  if (!run.step(1 + text.size() / 16)) return {};
  if (separator == nullptr) {
    return right && count >= 0 ? rsplit_space(run, text, count) : split_space(run, text, count);
  }
  if (separator->empty()) {
    run.fail("empty separator");
    return {};
  }
  std::vector<std::size_t> cuts;  // where separators begin
  const std::string_view bytes = text.bytes();
  if (right && count >= 0) {
    std::size_t end = bytes.size();
    while (cuts.size() < static_cast<std::size_t>(count) && run.charge(end)) {
      const std::size_t at = find_last(bytes, separator->bytes(), 0, end);
      if (at == std::string_view::npos) break;
      cuts.push_back(at);
      end = at;
    }
    std::reverse(cuts.begin(), cuts.end());
  } else {
    std::size_t at = 0;
    while (count < 0 || cuts.size() < static_cast<std::size_t>(count)) {
      at = find_first(bytes, separator->bytes(), at, bytes.size());
      if (at == std::string_view::npos || !run.charge(sizeof(std::size_t))) break;
      cuts.push_back(at);
      at += separator->size();
    }
  }
  List pieces;
  std::size_t begin = 0;
  for (const std::size_t cut : cuts) {
    pieces.push_back(run.text(text.sub(begin, cut)));
    if (run.failed()) return {};
    begin = cut + separator->size();
  }
  pieces.push_back(run.text(text.sub(begin, bytes.size())));
  return pieces;
}

List split_lines(Run& run, const Text& text, bool keep_ends) {
  List lines;
  const std::string_view bytes = text.bytes();
  std::size_t begin = 0;
  for (std::size_t at = 0; at < bytes.size() && run.step();) {
    const base::CodePoint point = base::decode_utf8(bytes.substr(at));
    std::size_t after = at + std::max<std::size_t>(point.bytes, 1);
    if (is_line_break(point.value)) {
      if (point.value == '\r' && after < bytes.size() && bytes[after] == '\n') ++after;
      lines.push_back(run.text(text.sub(begin, keep_ends ? after : at)));
      begin = after;
    }
    at = after;
  }
  if (begin < bytes.size()) lines.push_back(run.text(text.sub(begin, bytes.size())));
  return lines;
}

}  // namespace retort::text::jinja
