// The filters (`x | name`) on lists, dicts and generators, after jinja2/filters.py. Those on text
// and numbers are in jinja_text_filters.cc.
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

bool flag(const std::optional<Value>& argument) {
  return argument && truth(*argument);
}

Value ignore_case(Run& run, Value value, bool case_sensitive) {
  if (case_sensitive || !value.is_text()) return value;
  return run.text(map_case(*value.text(), Case::lower));
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

// ------------------------------------------------------------------------------------- containers

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
    NamedFilter{"attr", attribute},
    NamedFilter{"batch", batch},
    NamedFilter{"count", count},
    NamedFilter{"d", fallback},
    NamedFilter{"default", fallback},
    NamedFilter{"dictsort", dict_sort},
    NamedFilter{"filesizeformat", unsupported},
    NamedFilter{"first", first},
    NamedFilter{"groupby", group_by},
    NamedFilter{"items", items},
    NamedFilter{"join", join},
    NamedFilter{"last", last},
    NamedFilter{"length", count},
    NamedFilter{"list", list},
    NamedFilter{"map", map},
    NamedFilter{"max", extreme<true>},
    NamedFilter{"min", extreme<false>},
    NamedFilter{"pprint", unsupported},
    NamedFilter{"random", unsupported},
    NamedFilter{"reject", select<false, false>},
    NamedFilter{"rejectattr", select<false, true>},
    NamedFilter{"reverse", reverse},
    NamedFilter{"select", select<true, false>},
    NamedFilter{"selectattr", select<true, true>},
    NamedFilter{"slice", slice},
    NamedFilter{"sort", sort},
    NamedFilter{"striptags", unsupported},
    NamedFilter{"sum", sum},
    NamedFilter{"unique", unique},
    NamedFilter{"urlize", unsupported},
    NamedFilter{"wordwrap", unsupported},
    NamedFilter{"xmlattr", unsupported},
};

}  // namespace

FilterFunction find_filter(std::string_view name) {
  const auto* found = std::lower_bound(
      kFilters.begin(), kFilters.end(), name,
      [](const NamedFilter& one, std::string_view wanted) { return one.name < wanted; });
  return found != kFilters.end() && found->name == name ? found->filter : find_text_filter(name);
}

}  // namespace retort::text::jinja
