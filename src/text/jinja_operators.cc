// The operators of the language on values: truth, equality, order, membership, arithmetic,
// attributes, items, slices, iteration and calls, each as Python 3.11 does it within Jinja2's
// sandbox.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "base/utf8.h"
#include "text/jinja_run.h"

namespace retort::text::jinja {
namespace {

constexpr std::int64_t kIntegerMax = std::numeric_limits<std::int64_t>::max();

const BigInteger* big(const Value& value) {
  return static_cast<const BigInteger*>(value.object(Object::Kind::big_integer));
}

// A number's exact value: long double holds every 64-bit integer.
std::optional<long double> numeric(const Value& value) {
  if (value.is_integral()) return static_cast<long double>(value.integer());
  if (value.is_number()) return static_cast<long double>(value.real());
  if (const BigInteger* number = big(value)) return static_cast<long double>(number->value);
  return std::nullopt;
}

std::uint64_t text_cost(const Text& a, const Text& b) {
  return 1 + std::min(a.size(), b.size()) / 64;
}

bool equal_sequences(Run& run, const Sequence& a, const Sequence& b) {
  if (a.tuple != b.tuple || a.items.size() != b.items.size()) return false;
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!equals(run, a.items[i], b.items[i])) return false;
  }
  return true;
}

bool equal_mappings(Run& run, const Mapping& a, const Mapping& b) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const auto& [key, value] : a.entries) {
    const Value* other = b.find(run, key);
    if (other == nullptr || !equals(run, value, *other)) return false;
  }
  return true;
}

// -1, 0, 1; nothing where Python raises TypeError.
std::optional<int> order_of(Run& run, const Value& a, const Value& b) {
  const auto x = numeric(a);
  const auto y = numeric(b);
  if (x && y) return *x < *y ? -1 : *x > *y ? 1 : 0;
  if (a.is_text() && b.is_text()) {
    if (!run.step(text_cost(*a.text(), *b.text()))) return 0;
    // UTF-8 sorts as its code points do.
    const int order = a.text()->bytes().compare(b.text()->bytes());
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  const Sequence* p = a.sequence();
  const Sequence* q = b.sequence();
  if (p == nullptr || q == nullptr || p->tuple != q->tuple) return std::nullopt;
  const Depth depth(run);
  if (!depth.ok()) return 0;
  const std::size_t shared = std::min(p->items.size(), q->items.size());
  for (std::size_t i = 0; i < shared; ++i) {
    if (!equals(run, p->items[i], q->items[i])) return order_of(run, p->items[i], q->items[i]);
    if (run.failed()) return 0;
  }
  return p->items.size() < q->items.size() ? -1 : p->items.size() > q->items.size() ? 1 : 0;
}

// ------------------------------------------------------------------------------------- iterators

struct SequenceIterator : Iterator {
  SequenceIterator(Value of, bool backwards, std::string name)
      : Iterator(std::move(name)), sequence(std::move(of)), back(backwards) {
    depth = sequence.depth() + 1;
  }
  bool next(Run& run, Value& out) override {
    const List& items = sequence.sequence()->items;
    if (at >= items.size() || !run.step()) return false;
    out = back ? items[items.size() - 1 - at] : items[at];
    ++at;
    return true;
  }
  Value sequence;
  bool back;
  std::size_t at = 0;
};

struct TextIterator : Iterator {
  explicit TextIterator(Text of) : Iterator("str_iterator"), text(std::move(of)) {}
  bool next(Run& run, Value& out) override {
    if (at >= text.size() || !run.step()) return false;
    const std::size_t bytes =
        std::max<std::size_t>(base::decode_utf8(text.bytes().substr(at)).bytes, 1);
    out = run.text(text.sub(at, at + bytes));
    at += bytes;
    return !run.failed();
  }
  Text text;
  std::size_t at = 0;
};

struct RangeIterator : Iterator {
  RangeIterator(const Range& of, bool backwards)
      : Iterator("range_iterator"), range(of.start, of.stop, of.step), back(backwards) {}
  bool next(Run& run, Value& out) override {
    const std::int64_t count = range.count();
    if (at >= count || !run.step()) return false;
    out = range.at(back ? count - 1 - at : at);
    ++at;
    return true;
  }
  Range range;
  bool back;
  std::int64_t at = 0;
};

struct MappingIterator : Iterator {
  MappingIterator(std::shared_ptr<const Mapping> of, View::What w, bool backwards)
      : Iterator(w == View::What::keys     ? "dict_keyiterator"
                 : w == View::What::values ? "dict_valueiterator"
                                           : "dict_itemiterator"),
        mapping(std::move(of)),
        what(w),
        back(backwards) {
    depth = mapping->depth + 1;
  }
  bool next(Run& run, Value& out) override {
    const auto& entries = mapping->entries;
    if (at >= entries.size() || !run.step()) return false;
    const auto& [key, value] = back ? entries[entries.size() - 1 - at] : entries[at];
    ++at;
    out = what == View::What::keys     ? key
          : what == View::What::values ? value
                                       : run.list({key, value}, true);
    return !run.failed();
  }
  std::shared_ptr<const Mapping> mapping;
  View::What what;
  bool back;
  std::size_t at = 0;
};

std::shared_ptr<Iterator> empty_iterator() {
  return iterate_list({}, "generator");
}

// ------------------------------------------------------------------------------------ arithmetic

Value type_error(Run& run, Operator op, const Value& a, const Value& b) {
  for (const Value* side : {&a, &b}) {
    if (side->is_undefined()) return run.fail(undefined_message(*side));
  }
  if (op == Operator::add && a.is_text()) {
    return run.fail(cat("can only concatenate str (not \"", type_name(b), "\") to str"));
  }
  if (op == Operator::add && a.is_sequence()) {
    return run.fail(cat("can only concatenate ", type_name(a), " (not \"", type_name(b), "\") to ",
                        type_name(a)));
  }
  return run.fail(cat("unsupported operand type(s) for ", symbol_of(op), ": '", type_name(a),
                      "' and '", type_name(b), "'"));
}

Value overflow(Run& run) {
  return run.limit("an integer goes beyond 64 bits");
}

Value integer_power(Run& run, std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) return overflow(run);
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) return overflow(run);
  }
  return result;
}

Value integer_arithmetic(Run& run, Operator op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool over = false;
  switch (op) {
    case Operator::add:
      over = __builtin_add_overflow(a, b, &result);
      break;
    case Operator::subtract:
      over = __builtin_sub_overflow(a, b, &result);
      break;
    case Operator::multiply:
      over = __builtin_mul_overflow(a, b, &result);
      break;
    case Operator::power:
      if (b >= 0) return integer_power(run, a, b);
      if (a == 0) return run.fail("0.0 cannot be raised to a negative power");
      return std::pow(static_cast<double>(a), static_cast<double>(b));
    case Operator::divide:
      if (b == 0) return run.fail("division by zero");
      return static_cast<double>(a) / static_cast<double>(b);
    default: {
      if (b == 0)
        return run.fail(op == Operator::modulo ? "integer modulo by zero"
                                               : "integer division or modulo by zero");
      if (b == -1) return op == Operator::modulo ? Value(std::int64_t{0}) : negate(run, a, true);
      const std::int64_t rest = a % b;
      const bool adjust = rest != 0 && (rest < 0) != (b < 0);
      if (op == Operator::modulo) return adjust ? rest + b : rest;
      return a / b - (adjust ? 1 : 0);
    }
  }
  return over ? overflow(run) : Value(result);
}

Value real_arithmetic(Run& run, Operator op, double a, double b) {
  switch (op) {
    case Operator::add:
      return a + b;
    case Operator::subtract:
      return a - b;
    case Operator::multiply:
      return a * b;
    case Operator::power: {
      if (a == 0 && b < 0) return run.fail("0.0 cannot be raised to a negative power");
      const double result = std::pow(a, b);
      if (std::isnan(result) && !std::isnan(a) && !std::isnan(b)) {
        return run.fail("complex numbers are not supported");
      }
      if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) {
        return run.fail("(34, 'Numerical result out of range')");
      }
      return result;
    }
    case Operator::divide:
      if (b == 0) return run.fail("float division by zero");
      return a / b;
    default:
      break;
  }
  if (b == 0)
    return run.fail(op == Operator::modulo ? "float modulo" : "float floor division by zero");
  double rest = std::fmod(a, b);
  double quotient = (a - rest) / b;
  if (rest != 0 && (b < 0) != (rest < 0)) {
    rest += b;
    quotient -= 1;
  } else if (rest == 0) {
    rest = std::copysign(0.0, b);
  }
  if (op == Operator::modulo) return rest;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floor = std::floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

Value repeat(Run& run, const Value& what, std::int64_t count) {
  const auto times = static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
  const std::uint64_t each =
      what.is_text() ? what.text()->size() : what.sequence()->items.size() * sizeof(Value);
  // The budget before the allocation; a product beyond 64 bits is beyond every budget.
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(each, times, &bytes)) bytes = ~std::uint64_t{0};
  if (!run.charge(bytes)) return {};
  if (each == 0) return what;
  if (!run.step(times / 8)) return {};
  if (what.is_text()) {
    TextBuilder builder;
    for (std::uint64_t i = 0; i < times; ++i) builder.append(*what.text());
    return run.text(std::move(builder), what.text()->markup());
  }
  List items;
  const List& from = what.sequence()->items;
  items.reserve(from.size() * times);
  for (std::uint64_t i = 0; i < times; ++i) items.insert(items.end(), from.begin(), from.end());
  return run.list(std::move(items), what.sequence()->tuple);
}

Value add_texts(Run& run, const Text& a, const Text& b) {
  const bool markup = a.markup() || b.markup();
  if (!run.charge(a.size() + b.size())) return {};
  TextBuilder builder;
  builder.append(markup ? escape_markup(a) : a);
  builder.append(markup ? escape_markup(b) : b);
  return run.text(std::move(builder), markup);
}

// ------------------------------------------------------------------------------------- attributes

// What Jinja2's immutable sandbox takes from lists and dicts.
bool is_mutating(const Value& owner, std::string_view name) {
  static constexpr std::array<std::string_view, 8> kList = {"append", "clear", "pop",    "reverse",
                                                            "insert", "sort",  "extend", "remove"};
  static constexpr std::array<std::string_view, 5> kDict = {"clear", "pop", "popitem", "setdefault",
                                                            "update"};
  const auto holds = [&](const auto& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (const Sequence* sequence = owner.sequence()) return !sequence->tuple && holds(kList);
  return owner.is_mapping() && holds(kDict);
}

// Attributes that every Python object has, all of which the sandbox forbids.
bool is_internal(std::string_view name) {
  static constexpr std::array<std::string_view, 22> kNames = {
      "__class__",  "__doc__",     "__dir__",    "__eq__",          "__ge__",  "__getattribute__",
      "__gt__",     "__hash__",    "__init__",   "__le__",          "__lt__",  "__init_subclass__",
      "__ne__",     "__new__",     "__repr__",   "__reduce__",      "__str__", "__reduce_ex__",
      "__format__", "__setattr__", "__sizeof__", "__subclasshook__"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// owner[key]: nothing where Python raises TypeError or LookupError.
std::optional<Value> python_item(Run& run, const Value& owner, const Value& key) {
  if (const Mapping* mapping = owner.mapping()) {
    if (!is_hashable(key)) return std::nullopt;
    const Value* found = mapping->find(run, key);
    return found == nullptr ? std::nullopt : std::optional<Value>(*found);
  }
  if (!key.is_integral()) return std::nullopt;
  const Object* range = owner.object(Object::Kind::range);
  std::int64_t count = 0;
  if (owner.is_sequence()) {
    count = static_cast<std::int64_t>(owner.sequence()->items.size());
  } else if (owner.is_text()) {
    count = static_cast<std::int64_t>(owner.text()->points());
  } else if (range != nullptr) {
    count = static_cast<const Range*>(range)->count();
  }
  std::int64_t index = key.integer();
  if (index < 0) index += count;
  if (index < 0 || index >= count) return std::nullopt;
  const auto at = static_cast<std::size_t>(index);
  if (owner.is_sequence()) return owner.sequence()->items[at];
  if (range != nullptr) return Value(static_cast<const Range*>(range)->at(index));
  if (!run.step(1 + owner.text()->size() / 4096)) return Value();
  const std::size_t begin = owner.text()->byte_of(at);
  const std::size_t bytes = base::decode_utf8(owner.text()->bytes().substr(begin)).bytes;
  return run.text(owner.text()->sub(begin, begin + std::max<std::size_t>(bytes, 1)));
}

// A slice's bounds against a length, as PySlice_AdjustIndices has them.
struct Slice {
  std::int64_t start, stop, step, count;
};

std::optional<Slice> adjust(Run& run, const Value& start, const Value& stop, const Value& step,
                            std::int64_t length) {
  for (const Value* part : {&start, &stop, &step}) {
    if (part->is_none() || part->is_integral()) continue;
    run.fail("slice indices must be integers or None or have an __index__ method");
    return std::nullopt;
  }
  Slice slice{0, 0, step.is_none() ? 1 : step.integer(), 0};
  if (slice.step == 0) {
    run.fail("slice step cannot be zero");
    return std::nullopt;
  }
  slice.step = std::max(slice.step, -kIntegerMax);
  const bool back = slice.step < 0;
  const auto bound = [&](const Value& value, std::int64_t absent) {
    if (value.is_none()) return absent;
    std::int64_t index = value.integer();
    if (index < 0) index += length;
    if (index < 0) return std::int64_t{back ? -1 : 0};
    return index >= length ? (back ? length - 1 : length) : index;
  };
  slice.start = bound(start, back ? length - 1 : 0);
  slice.stop = bound(stop, back ? -1 : length);
  slice.count = Range(slice.start, slice.stop, slice.step).count();
  return slice;
}

Value slice_text(Run& run, const Text& text, const Slice& slice) {
  if (!run.charge(text.size())) return {};
  if (slice.count == 0) return run.text(text.sub(0, 0));
  if (slice.step == 1) {
    const std::size_t begin = text.byte_of(static_cast<std::size_t>(slice.start));
    const std::size_t end = text.byte_of(static_cast<std::size_t>(slice.start + slice.count));
    return run.text(text.sub(begin, end));
  }
  std::vector<std::size_t> begins;  // of each code point, and the end
  for (std::size_t at = 0; at < text.size(); ++at) {
    if ((text.bytes()[at] & 0xC0) != 0x80) begins.push_back(at);
  }
  begins.push_back(text.size());
  if (!run.charge(begins.size() * sizeof(std::size_t))) return {};
  TextBuilder builder;
  for (std::int64_t i = 0; i < slice.count; ++i) {
    const auto point = static_cast<std::size_t>(slice.start + i * slice.step);
    builder.append(text, begins[point], begins[point + 1]);
  }
  return run.text(std::move(builder), text.markup());
}

Value slice_range(Run& run, const Range& of, const Slice& slice) {
  bool over = false;
  const auto at = [&](std::int64_t index) {
    std::int64_t value = 0;
    over |= __builtin_mul_overflow(index, of.step, &value);
    over |= __builtin_add_overflow(value, of.start, &value);
    return value;
  };
  std::int64_t step = 0;
  const std::int64_t start = at(slice.start);
  const std::int64_t stop = at(slice.stop);
  over |= __builtin_mul_overflow(of.step, slice.step, &step);
  return over ? overflow(run) : run.object(std::make_shared<Range>(start, stop, step));
}

}  // namespace

std::string_view symbol_of(Operator op) {
  static constexpr std::array<std::string_view, 15> kSymbols = {
      "+",  "-", "*",  "/", "//", "%",  "** or pow()", "==",
      "!=", "<", "<=", ">", ">=", "in", "not in"};
  return kSymbols[static_cast<std::size_t>(op)];
}

bool truth(const Value& value) {
  switch (value.type()) {
    case Value::Type::undefined:
    case Value::Type::none:
      return false;
    case Value::Type::boolean:
    case Value::Type::integer:
      return value.integer() != 0;
    case Value::Type::real:
      return value.real() != 0;
    case Value::Type::text:
      return !value.text()->empty();
    case Value::Type::sequence:
      return !value.sequence()->items.empty();
    case Value::Type::mapping:
      return !value.mapping()->entries.empty();
    case Value::Type::object:
      break;
  }
  const Object& object = *value.object();
  if (object.kind == Object::Kind::range) return static_cast<const Range&>(object).count() > 0;
  if (object.kind == Object::Kind::view) {
    return !static_cast<const View&>(object).mapping->entries.empty();
  }
  return true;
}

bool equals(Run& run, const Value& a, const Value& b) {
  const Depth depth(run);
  if (!depth.ok() || !run.step()) return false;
  const auto x = numeric(a);
  const auto y = numeric(b);
  if (x || y) return x && y && *x == *y;
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case Value::Type::text:
      return a.text()->size() == b.text()->size() && run.step(text_cost(*a.text(), *b.text())) &&
             a.text()->bytes() == b.text()->bytes();
    case Value::Type::sequence:
      return a.sequence() == b.sequence() || equal_sequences(run, *a.sequence(), *b.sequence());
    case Value::Type::mapping:
      return a.mapping() == b.mapping() || equal_mappings(run, *a.mapping(), *b.mapping());
    case Value::Type::object:
      return a.object() == b.object();
    default:
      return true;  // None and None, undefined and undefined
  }
}

bool compare(Run& run, Operator op, const Value& a, const Value& b) {
  switch (op) {
    case Operator::equal:
      return equals(run, a, b);
    case Operator::not_equal:
      return !equals(run, a, b);
    case Operator::in:
      return contains(run, b, a);
    case Operator::not_in:
      return !contains(run, b, a);
    default:
      break;
  }
  if (a.is_undefined() || b.is_undefined()) {
    run.fail(undefined_message(a.is_undefined() ? a : b));
    return false;
  }
  const auto order = order_of(run, a, b);
  if (!order) {
    run.fail(cat("'", symbol_of(op), "' not supported between instances of '", type_name(a),
                 "' and '", type_name(b), "'"));
    return false;
  }
  // A NaN is neither below nor above.
  const auto x = numeric(a);
  const auto y = numeric(b);
  if (x && y && (std::isnan(*x) || std::isnan(*y))) return false;
  return op == Operator::less         ? *order < 0
         : op == Operator::less_equal ? *order <= 0
         : op == Operator::greater    ? *order > 0
                                      : *order >= 0;
}

bool contains(Run& run, const Value& container, const Value& item) {
  if (const Text* text = container.text()) {
    if (!item.is_text()) {
      run.fail(cat("'in <string>' requires string as left operand, not ", type_name(item)));
      return false;
    }
    return run.step(1 + text->size() / 64) && find_first(text->bytes(), item.text()->bytes(), 0,
                                                         text->size()) != std::string_view::npos;
  }
  const Object* view = container.object(Object::Kind::view);
  const bool keys = view != nullptr && static_cast<const View*>(view)->what == View::What::keys;
  if (container.is_mapping() || keys) {
    const Mapping& mapping = keys ? *static_cast<const View*>(view)->mapping : *container.mapping();
    if (is_hashable(item)) return mapping.find(run, item) != nullptr;
    run.fail(cat("unhashable type: '", type_name(item), "'"));
    return false;
  }
  if (!is_iterable(container)) {
    run.fail(cat("argument of type '", type_name(container), "' is not iterable"));
    return false;
  }
  const auto items = iterate(run, container);
  for (Value one; items->next(run, one);) {
    if (one.same_as(item) || equals(run, one, item)) return true;
  }
  return false;
}

Value arithmetic(Run& run, Operator op, const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) {
    return integer_arithmetic(run, op, a.integer(), b.integer());
  }
  if (a.is_number() && b.is_number()) return real_arithmetic(run, op, a.real(), b.real());
  if (op == Operator::add && a.is_text() && b.is_text())
    return add_texts(run, *a.text(), *b.text());
  if (op == Operator::modulo && a.is_text()) return percent_format(run, *a.text(), b);
  if (op == Operator::add && a.is_sequence() && b.is_sequence() &&
      a.sequence()->tuple == b.sequence()->tuple) {
    const List& more = b.sequence()->items;
    if (!run.charge((a.sequence()->items.size() + more.size()) * sizeof(Value))) return {};
    List items = a.sequence()->items;
    items.insert(items.end(), more.begin(), more.end());
    return run.list(std::move(items), a.sequence()->tuple);
  }
  if (op == Operator::multiply) {
    const auto repeats = [](const Value& what, const Value& count) {
      return (what.is_text() || what.is_sequence()) && count.is_integral();
    };
    if (repeats(a, b)) return repeat(run, a, b.integer());
    if (repeats(b, a)) return repeat(run, b, a.integer());
  }
  if (big(a) != nullptr || big(b) != nullptr) return overflow(run);
  return type_error(run, op, a, b);
}

Value negate(Run& run, const Value& value, bool minus) {
  if (value.is_undefined()) return run.fail(undefined_message(value));
  if (value.is_integral()) {
    if (!minus) return value.integer();
    if (value.integer() == std::numeric_limits<std::int64_t>::min()) return overflow(run);
    return -value.integer();
  }
  if (value.is_number()) return minus ? -value.real() : value.real();
  if (big(value) != nullptr) return minus ? overflow(run) : value;
  return run.fail(
      cat("bad operand type for unary ", minus ? "-" : "+", ": '", type_name(value), "'"));
}

std::optional<Value> python_attribute(Run& run, const Value& owner, std::string_view name) {
  if (is_mutating(owner, name) || is_internal(name)) return run.forbidden(owner, name);
  if (const Object* space = owner.object(Object::Kind::name_space)) {
    const auto& attributes = static_cast<const Namespace*>(space)->attributes;
    if (!run.step(1 + attributes.size() / 16)) return Value();
    const Value* found = static_cast<const Namespace*>(space)->find(name);
    if (found == nullptr) return std::nullopt;
    if (name.starts_with('_')) return run.forbidden(owner, name);
    return *found;
  }
  return find_method(run, owner, name);
}

Value get_attribute(Run& run, const Value& owner, std::string_view name) {
  if (owner.is_undefined()) return run.fail(undefined_message(owner));
  if (auto found = python_attribute(run, owner, name)) return *std::move(found);
  // Not charged: the key lives for this look-up only.
  if (const Mapping* mapping = owner.mapping()) {
    if (const Value* found = mapping->find(name)) return *found;
  }
  return run.missing_member(owner, Value::literal(name));
}

Value get_item(Run& run, const Value& owner, const Value& key) {
  if (owner.is_undefined()) return run.fail(undefined_message(owner));
  if (auto found = python_item(run, owner, key)) return *std::move(found);
  if (key.is_text()) {
    if (auto found = python_attribute(run, owner, key.text()->bytes())) return *std::move(found);
  }
  return run.missing_member(owner, key);
}

Value get_slice(Run& run, const Value& owner, const Value& start, const Value& stop,
                const Value& step) {
  if (owner.is_undefined()) return run.fail(undefined_message(owner));
  const Object* range = owner.object(Object::Kind::range);
  if (!owner.is_text() && !owner.is_sequence() && range == nullptr) {
    if (owner.is_mapping()) return run.fail("unhashable type: 'slice'");
    return run.fail(cat("'", type_name(owner), "' object is not subscriptable"));
  }
  const auto slice = adjust(run, start, stop, step, static_cast<std::int64_t>(length(run, owner)));
  if (!slice) return {};
  if (owner.is_text()) return slice_text(run, *owner.text(), *slice);
  if (range != nullptr) {
    return slice_range(run, static_cast<const Range&>(*range), *slice);
  }
  const auto count = static_cast<std::size_t>(slice->count);
  if (!run.charge(count * sizeof(Value)) || !run.step(count)) return {};
  List items;
  items.reserve(count);
  for (std::int64_t i = 0; i < slice->count; ++i) {
    items.push_back(
        owner.sequence()->items[static_cast<std::size_t>(slice->start + i * slice->step)]);
  }
  return run.list(std::move(items), owner.sequence()->tuple);
}

bool has_length(const Value& value) {
  if (value.object() == nullptr) return !value.is_none() && !value.is_number();
  const auto kind = value.object()->kind;
  return kind == Object::Kind::range || kind == Object::Kind::view || kind == Object::Kind::loop;
}

std::size_t length(Run& run, const Value& value) {
  if (const Text* text = value.text()) return text->points();
  if (const Sequence* sequence = value.sequence()) return sequence->items.size();
  if (const Mapping* mapping = value.mapping()) return mapping->entries.size();
  if (value.is_undefined()) return 0;
  Object* object = value.object();
  if (object != nullptr && object->kind == Object::Kind::range) {
    return static_cast<std::size_t>(static_cast<Range*>(object)->count());
  }
  if (object != nullptr && object->kind == Object::Kind::view) {
    return static_cast<View*>(object)->mapping->entries.size();
  }
  if (object != nullptr && object->kind == Object::Kind::loop) {
    return static_cast<Loop*>(object)->length(run);
  }
  run.fail(cat("object of type '", type_name(value), "' has no len()"));
  return 0;
}

bool is_iterable(const Value& value) {
  if (value.object() == nullptr) return !value.is_none() && !value.is_number();
  const auto kind = value.object()->kind;
  return kind == Object::Kind::range || kind == Object::Kind::view ||
         kind == Object::Kind::iterator || kind == Object::Kind::loop;
}

bool is_callable(const Value& value) {
  // An undefined value has a __call__, if only to raise.
  if (value.is_undefined()) return true;
  if (value.object() == nullptr) return false;
  const auto kind = value.object()->kind;
  return kind == Object::Kind::function || kind == Object::Kind::macro ||
         kind == Object::Kind::joiner || kind == Object::Kind::loop;
}

std::shared_ptr<Iterator> iterate_list(List items, std::string type) {
  return std::make_shared<SequenceIterator>(Value::list(std::move(items)), false, std::move(type));
}

std::shared_ptr<Iterator> iterate(Run& run, const Value& value) {
  if (value.is_sequence()) {
    return std::make_shared<SequenceIterator>(
        value, false, value.sequence()->tuple ? "tuple_iterator" : "list_iterator");
  }
  if (value.is_mapping()) {
    return std::make_shared<MappingIterator>(value.mapping_ref(), View::What::keys, false);
  }
  if (value.is_text()) return std::make_shared<TextIterator>(*value.text());
  if (value.is_undefined()) return empty_iterator();
  const Object* object = value.object();
  switch (object == nullptr ? Object::Kind::function : object->kind) {
    case Object::Kind::range:
      return std::make_shared<RangeIterator>(static_cast<const Range&>(*object), false);
    case Object::Kind::view: {
      const auto& view = static_cast<const View&>(*object);
      return std::make_shared<MappingIterator>(view.mapping, view.what, false);
    }
    case Object::Kind::iterator:
      return std::static_pointer_cast<Iterator>(value.object_ref());
    case Object::Kind::loop:
      run.fail("going through `loop` itself is not supported");
      return empty_iterator();
    default:
      run.fail(cat("'", type_name(value), "' object is not iterable"));
      return empty_iterator();
  }
}

List to_list(Run& run, const Value& value) {
  if (const Sequence* sequence = value.sequence()) {
    const std::size_t count = sequence->items.size();
    return run.step(count) && run.charge(count * sizeof(Value)) ? sequence->items : List();
  }
  List items;
  const auto source = iterate(run, value);
  for (Value item; source->next(run, item);) {
    if (!run.charge(sizeof(Value))) break;
    items.push_back(std::move(item));
  }
  return items;
}

std::shared_ptr<Iterator> reversed(Run& run, const Value& value) {
  if (value.is_sequence()) {
    return std::make_shared<SequenceIterator>(
        value, true, value.sequence()->tuple ? "reversed" : "list_reverseiterator");
  }
  if (value.is_mapping()) {
    return std::make_shared<MappingIterator>(value.mapping_ref(), View::What::keys, true);
  }
  if (value.is_undefined()) return empty_iterator();
  if (const Object* view = value.object(Object::Kind::view)) {
    const auto& of = static_cast<const View&>(*view);
    return std::make_shared<MappingIterator>(of.mapping, of.what, true);
  }
  if (const Object* range = value.object(Object::Kind::range)) {
    return std::make_shared<RangeIterator>(static_cast<const Range&>(*range), true);
  }
  if (value.is_text()) {
    List items = to_list(run, value);
    std::reverse(items.begin(), items.end());
    return iterate_list(std::move(items), "reversed");
  }
  run.fail(cat("'", type_name(value), "' object is not reversible"));
  return empty_iterator();
}

Value call(Run& run, const Value& callee, Arguments arguments) {
  const Depth depth(run);
  if (!depth.ok() || !run.step()) return {};
  if (callee.is_undefined()) return run.fail(undefined_message(callee));
  const auto object = callee.object_ref();  // keeps it alive while it runs
  switch (object == nullptr ? Object::Kind::range : object->kind) {
    case Object::Kind::function:
      return static_cast<Function&>(*object).body(run, arguments);
    case Object::Kind::macro:
      return static_cast<Macro&>(*object).body(run, arguments);
    case Object::Kind::joiner: {
      auto& joiner = static_cast<Joiner&>(*object);
      if (!arguments.positional.empty() || !arguments.named.empty()) {
        return run.fail("Joiner takes no arguments");
      }
      if (std::exchange(joiner.used, true)) return joiner.separator;
      return Value::literal("");
    }
    case Object::Kind::loop: {
      auto& loop = static_cast<Loop&>(*object);
      if (arguments.positional.size() != 1) return run.fail("loop() takes exactly one argument");
      if (!loop.recurse) {
        return run.fail("The loop must have the 'recursive' marker to be called recursively.");
      }
      return loop.recurse(run, arguments.positional[0]);
    }
    default:
      return run.fail(cat("'", type_name(callee), "' object is not callable"));
  }
}

// ------------------------------------------------------------------------------------------- Loop

bool Loop::advance(Run& run) {
  if (!run.iteration()) return false;
  Value item;
  if (!ahead.empty()) {
    item = std::move(ahead.back());
    ahead.pop_back();
  } else if (!source->next(run, item)) {
    return false;
  }
  ++index0;
  previous = std::exchange(current, std::move(item));
  return true;
}

const Value* Loop::peek(Run& run) {
  if (ahead.empty()) {
    Value item;
    if (!source->next(run, item)) return nullptr;
    ahead.push_back(std::move(item));
  }
  return &ahead.back();
}

std::size_t Loop::length(Run& run) {
  if (known_length) return *known_length;
  // A generator has no len(): draw what is left.
  std::vector<Value> rest;
  for (Value item; source->next(run, item);) {
    if (!run.charge(sizeof(Value))) break;
    rest.push_back(std::move(item));
  }
  std::reverse(rest.begin(), rest.end());
  rest.insert(rest.end(), ahead.begin(), ahead.end());
  ahead = std::move(rest);
  known_length = static_cast<std::size_t>(index0 + 1) + ahead.size();
  return *known_length;
}

}  // namespace retort::text::jinja
