// The tests (`x is name`) and the global functions of the template language, and the binding of
// arguments to parameters that filters, methods and functions share.
#include <algorithm>
#include <array>
#include <ctime>
#include <limits>
#include <utility>

#include "text/jinja_run.h"

namespace retort::text::jinja {

bool bind_arguments(Run& run, std::string_view function, const Arguments& arguments,
                    std::span<const std::string_view> names, std::size_t required, Bound& bound) {
  if (arguments.positional.size() > names.size()) {
    run.fail(cat(function, "() takes at most ", std::to_string(names.size()), " arguments (",
                 std::to_string(arguments.positional.size()), " given)"));
    return false;
  }
  bound.assign(names.size(), std::nullopt);
  std::copy(arguments.positional.begin(), arguments.positional.end(), bound.begin());
  for (const auto& [name, value] : arguments.named) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      run.fail(cat(function, "() got an unexpected keyword argument '", name, "'"));
      return false;
    }
    auto& slot = bound[static_cast<std::size_t>(found - names.begin())];
    if (slot) {
      run.fail(cat(function, "() got multiple values for argument '", name, "'"));
      return false;
    }
    slot = value;
  }
  for (std::size_t i = 0; i < required; ++i) {
    if (bound[i]) continue;
    run.fail(cat(function, "() missing required argument: '", names[i], "'"));
    return false;
  }
  return !run.failed();
}

std::int64_t integer_argument(Run& run, const std::optional<Value>& argument,
                              std::int64_t fallback) {
  if (!argument || argument->is_none()) return fallback;
  if (argument->is_integral()) return argument->integer();
  run.fail(cat("'", type_name(*argument), "' object cannot be interpreted as an integer"));
  return fallback;
}

const Text* text_argument(Run& run, const std::optional<Value>& argument, std::string_view what) {
  const Text* text = argument ? argument->text() : nullptr;
  if (text == nullptr) {
    run.fail(cat(what, " must be str, not ", argument ? type_name(*argument) : "NoneType"));
  }
  return text;
}

namespace {

// ------------------------------------------------------------------------------------------ tests

using Names = std::span<const std::string_view>;

bool plain(Run& run, const Arguments& arguments) {
  Bound none;
  return bind_arguments(run, "test", arguments, {}, 0, none);
}

// The one argument of a test.
const Value* other(Run& run, const Arguments& arguments) {
  if (arguments.positional.size() == 1 && arguments.named.empty()) return &arguments.positional[0];
  run.fail("the test takes exactly one argument");
  return nullptr;
}

template <bool (*wanted)(const Value&)>
bool asks(Run& run, const Value& value, Arguments& arguments) {
  return plain(run, arguments) && wanted(value);
}

template <Operator op>
bool compares(Run& run, const Value& value, Arguments& arguments) {
  const Value* right = other(run, arguments);
  return right != nullptr && compare(run, op, value, *right);
}

bool remainder_is(Run& run, const Value& value, const Value& by, std::int64_t wanted) {
  return equals(run, arithmetic(run, Operator::modulo, value, by), wanted) && !run.failed();
}

template <int rest>
bool parity(Run& run, const Value& value, Arguments& arguments) {
  return plain(run, arguments) && remainder_is(run, value, std::int64_t{2}, rest);
}

bool divisible(Run& run, const Value& value, Arguments& arguments) {
  const Value* by = other(run, arguments);
  return by != nullptr && remainder_is(run, value, *by, 0);
}

bool same(Run& run, const Value& value, Arguments& arguments) {
  const Value* with = other(run, arguments);
  return with != nullptr && value.same_as(*with);
}

template <bool (*wanted)(const Text&)>
bool in_case(Run& run, const Value& value, Arguments& arguments) {
  return plain(run, arguments) && wanted(to_text(run, value));
}

bool names_filter(Run& run, const Value& value, Arguments& arguments) {
  return plain(run, arguments) && value.is_text() && find_filter(value.text()->bytes()) != nullptr;
}

bool names_test(Run& run, const Value& value, Arguments& arguments) {
  return plain(run, arguments) && value.is_text() && find_test(value.text()->bytes()) != nullptr;
}

bool is_defined(const Value& value) {
  return !value.is_undefined();
}
bool is_undefined(const Value& value) {
  return value.is_undefined();
}
bool is_none(const Value& value) {
  return value.is_none();
}
bool is_boolean(const Value& value) {
  return value.type() == Value::Type::boolean;
}
bool is_false(const Value& value) {
  return is_boolean(value) && !value.boolean();
}
bool is_true(const Value& value) {
  return value.boolean();
}
bool is_big(const Value& value) {
  return value.object(Object::Kind::big_integer) != nullptr;
}
bool is_integer(const Value& value) {
  return value.type() == Value::Type::integer || is_big(value);
}
bool is_float(const Value& value) {
  return value.type() == Value::Type::real;
}
bool is_string(const Value& value) {
  return value.is_text();
}
bool is_mapping(const Value& value) {
  return value.is_mapping();
}
bool is_number(const Value& value) {
  return value.is_number() || is_big(value);
}
bool is_sequence(const Value& value) {
  return value.is_text() || value.is_sequence() || value.is_mapping() || value.is_undefined() ||
         value.object(Object::Kind::range) != nullptr;
}
bool is_escaped(const Value& value) {
  return value.is_text() && value.text()->markup();
}

struct NamedTest {
  std::string_view name;
  TestFunction test;
};

constexpr std::array kTests = {
    NamedTest{"odd", parity<1>},
    NamedTest{"even", parity<0>},
    NamedTest{"divisibleby", divisible},
    NamedTest{"defined", asks<is_defined>},
    NamedTest{"undefined", asks<is_undefined>},
    NamedTest{"filter", names_filter},
    NamedTest{"test", names_test},
    NamedTest{"none", asks<is_none>},
    NamedTest{"boolean", asks<is_boolean>},
    NamedTest{"false", asks<is_false>},
    NamedTest{"true", asks<is_true>},
    NamedTest{"integer", asks<is_integer>},
    NamedTest{"float", asks<is_float>},
    NamedTest{"lower", in_case<is_lower_text>},
    NamedTest{"upper", in_case<is_upper_text>},
    NamedTest{"string", asks<is_string>},
    NamedTest{"mapping", asks<is_mapping>},
    NamedTest{"number", asks<is_number>},
    NamedTest{"sequence", asks<is_sequence>},
    NamedTest{"iterable", asks<is_iterable>},
    NamedTest{"callable", asks<is_callable>},
    NamedTest{"sameas", same},
    NamedTest{"escaped", asks<is_escaped>},
    NamedTest{"in", compares<Operator::in>},
    NamedTest{"==", compares<Operator::equal>},
    NamedTest{"eq", compares<Operator::equal>},
    NamedTest{"equalto", compares<Operator::equal>},
    NamedTest{"!=", compares<Operator::not_equal>},
    NamedTest{"ne", compares<Operator::not_equal>},
    NamedTest{">", compares<Operator::greater>},
    NamedTest{"gt", compares<Operator::greater>},
    NamedTest{"greaterthan", compares<Operator::greater>},
    NamedTest{">=", compares<Operator::greater_equal>},
    NamedTest{"ge", compares<Operator::greater_equal>},
    NamedTest{"<", compares<Operator::less>},
    NamedTest{"lt", compares<Operator::less>},
    NamedTest{"lessthan", compares<Operator::less>},
    NamedTest{"<=", compares<Operator::less_equal>},
    NamedTest{"le", compares<Operator::less_equal>},
};

// ---------------------------------------------------------------------------------------- globals

Value make_range(Run& run, Arguments& arguments) {
  const List& given = arguments.positional;
  if (given.empty() || given.size() > 3 || !arguments.named.empty()) {
    return run.fail("range expected 1 to 3 arguments, got " + std::to_string(given.size()));
  }
  std::int64_t numbers[3] = {};
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i].is_undefined()) return run.fail(undefined_message(given[i]));
    numbers[i] = integer_argument(run, given[i], 0);
    if (given[i].is_none()) {
      return run.fail("'NoneType' object cannot be interpreted as an integer");
    }
  }
  if (run.failed()) return {};
  const std::int64_t step = given.size() == 3 ? numbers[2] : 1;
  if (step == 0) return run.fail("range() arg 3 must not be zero");
  auto range = given.size() == 1 ? std::make_shared<Range>(0, numbers[0], 1)
                                 : std::make_shared<Range>(numbers[0], numbers[1], step);
  const std::size_t most = run.options().limits.range_max;
  if (static_cast<std::uint64_t>(range->count()) > most) {
    return run.limit(cat("Range too big. The sandbox blocks ranges larger than MAX_RANGE (",
                         std::to_string(most), ")."));
  }
  return run.object(std::move(range));
}

// The entries that dict(...) and namespace(...) take: one mapping or list of pairs, then names.
std::vector<std::pair<Value, Value>> dict_entries(Run& run, const Arguments& arguments) {
  std::vector<std::pair<Value, Value>> entries;
  if (arguments.positional.size() > 1) {
    run.fail("dict expected at most 1 argument, got " +
             std::to_string(arguments.positional.size()));
  } else if (arguments.positional.size() == 1) {
    const Value& from = arguments.positional[0];
    if (const Mapping* mapping = from.mapping()) {
      entries = mapping->entries;
    } else {
      for (const Value& pair : to_list(run, from)) {
        const List parts = to_list(run, pair);
        if (parts.size() != 2) {
          run.fail("dictionary update sequence element has a length other than 2");
          break;
        }
        entries.emplace_back(parts[0], parts[1]);
      }
    }
  }
  for (const auto& [name, value] : arguments.named) {
    entries.emplace_back(Value::literal(name), value);
  }
  return entries;
}

Value make_dict(Run& run, Arguments& arguments) {
  return run.dict(dict_entries(run, arguments));
}

Value make_namespace(Run& run, Arguments& arguments) {
  auto space = std::make_shared<Namespace>();
  for (const auto& [name, value] : dict_entries(run, arguments)) {
    if (!run.step(1 + space->attributes.size() / 16)) break;
    if (name.is_text()) space->set(name.text()->bytes(), value);
  }
  Value value = run.object(space);
  if (!run.failed()) run.keep(std::move(space));
  return value;
}

std::size_t deepest(const List& items) {
  std::size_t depth = 0;
  for (const Value& item : items) depth = std::max(depth, item.depth());
  return depth;
}

Value make_cycler(Run& run, Arguments& arguments) {
  if (arguments.positional.empty()) return run.fail("at least one item has to be provided");
  auto cycler = std::make_shared<Cycler>(std::move(arguments.positional));
  cycler->depth = deepest(cycler->items) + 1;
  return run.object(std::move(cycler));
}

Value make_joiner(Run& run, Arguments& arguments) {
  static constexpr std::array<std::string_view, 1> kNames = {"sep"};
  Bound bound;
  if (!bind_arguments(run, "joiner", arguments, kNames, 0, bound)) return {};
  auto joiner = std::make_shared<Joiner>(bound[0].value_or(Value::literal(", ")));
  joiner->depth = joiner->separator.depth() + 1;
  return run.object(std::move(joiner));
}

Value raise_exception(Run& run, Arguments& arguments) {
  static constexpr std::array<std::string_view, 1> kNames = {"message"};
  Bound bound;
  if (!bind_arguments(run, "raise_exception", arguments, kNames, 1, bound)) return {};
  const Text message = to_text(run, *bound[0]);
  return run.refuse(std::string(message.bytes()));
}

// datetime.strftime() of a time without a zone. Only single directives reach the C library, so that
// a width cannot make the result large.
std::string format_time(std::chrono::local_seconds now, std::string_view format) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(now - day);
  std::tm parts{};
  parts.tm_year = static_cast<int>(date.year()) - 1900;
  parts.tm_mon = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  parts.tm_mday = static_cast<int>(static_cast<unsigned>(date.day()));
  parts.tm_hour = static_cast<int>(time.hours().count());
  parts.tm_min = static_cast<int>(time.minutes().count());
  parts.tm_sec = static_cast<int>(time.seconds().count());
  parts.tm_wday = static_cast<int>(std::chrono::weekday(day).c_encoding());
  const auto new_year = std::chrono::local_days(date.year() / std::chrono::January / 1);
  parts.tm_yday = static_cast<int>((day - new_year).count());
  std::string out;
  while (!format.empty()) {
    std::size_t length = format[0] == '%' && format.size() > 1 ? 2 : 1;
    static constexpr std::string_view kFlags = "-_0^#EO";
    if (length == 2 && format.size() > 2 && kFlags.find(format[1]) != std::string_view::npos) {
      length = 3;
    }
    const std::string directive(format.substr(0, length));
    format.remove_prefix(length);
    if (length == 1) {
      out += directive;
    } else if (directive == "%f") {
      out += "000000";
    } else if (directive != "%z" && directive != "%Z") {
      std::array<char, 128> buffer{};
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
      out.append(buffer.data(),
                 std::strftime(buffer.data(), buffer.size(), directive.c_str(), &parts));
#pragma clang diagnostic pop
    }
  }
  return out;
}

Value strftime_now(Run& run, Arguments& arguments) {
  static constexpr std::array<std::string_view, 1> kNames = {"format"};
  Bound bound;
  if (!bind_arguments(run, "strftime_now", arguments, kNames, 1, bound)) return {};
  const Text* format = text_argument(run, bound[0], "strftime() argument 1");
  if (format == nullptr || !run.charge(format->size() * 64)) return {};
  return run.data(format_time(run.options().now, format->bytes()));
}

Value lipsum(Run& run, Arguments&) {
  return run.fail("lipsum() is not supported");
}

struct NamedGlobal {
  std::string_view name;
  Value (*function)(Run&, Arguments&);
};

constexpr std::array kGlobals = {
    NamedGlobal{"namespace", make_namespace}, NamedGlobal{"raise_exception", raise_exception},
    NamedGlobal{"range", make_range},         NamedGlobal{"strftime_now", strftime_now},
    NamedGlobal{"dict", make_dict},           NamedGlobal{"cycler", make_cycler},
    NamedGlobal{"joiner", make_joiner},       NamedGlobal{"lipsum", lipsum},
};

}  // namespace

TestFunction find_test(std::string_view name) {
  const auto* found = std::find_if(kTests.begin(), kTests.end(),
                                   [&](const NamedTest& one) { return one.name == name; });
  return found == kTests.end() ? nullptr : found->test;
}

Value find_global(Run& run, std::string_view name) {
  for (const NamedGlobal& global : kGlobals) {
    if (global.name == name) {
      return run.object(std::make_shared<Function>(std::string(name), global.function));
    }
  }
  return run.missing_variable(name);
}

}  // namespace retort::text::jinja
