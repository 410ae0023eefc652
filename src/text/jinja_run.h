// Run: the state of one rendering that values and functions need: its first error, its budget, and
// the makers of values that draw on it. Below it, the objects a template can hold, and the
// operations of the language by the file that has them.
//
// Errors stick: the first one wins, and from then on step() says false, so every loop and every
// evaluation ends at once. A function that failed returns an undefined value that nobody looks at.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/chat_template.h"
#include "text/jinja_value.h"

namespace retort::text::jinja {

// The strings one after the other.
template <typename... Parts>
std::string cat(const Parts&... parts) {
  std::string all;
  (all.append(std::string_view(parts)), ...);
  return all;
}

// Sorts stably. Unlike std::sort it stays within bounds whatever `before` says: Python's `<` is no
// strict order where a NaN is among the items, and a Run that has failed answers anything.
template <typename T, typename Before>
void merge_sort(std::vector<T>& items, const Before& before) {
  std::vector<T> from(items.size());
  for (std::size_t width = 1; width < items.size(); width *= 2) {
    from.swap(items);
    for (std::size_t begin = 0; begin < from.size(); begin += 2 * width) {
      const std::size_t middle = std::min(begin + width, from.size());
      const std::size_t end = std::min(begin + 2 * width, from.size());
      for (std::size_t a = begin, b = middle, to = begin; to < end; ++to) {
        const bool second = a == middle || (b < end && before(from[b], from[a]));
        items[to] = std::move(from[second ? b++ : a++]);
      }
    }
  }
}

struct Arguments {
  List positional;
  std::vector<std::pair<std::string, Value>> named;
};

class Run {
 public:
  enum class Failure : std::uint8_t { none, refused, mistake, limit };

  explicit Run(const RenderOptions& options) : options_(options) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run();

  const RenderOptions& options() const noexcept { return options_; }

  // Record an error, unless there is one. All return an undefined value.
  Value fail(std::string message) { return stop(Failure::mistake, std::move(message)); }
  Value refuse(std::string message) { return stop(Failure::refused, std::move(message)); }
  Value limit(std::string message) { return stop(Failure::limit, std::move(message)); }
  bool failed() const noexcept { return failure_ != Failure::none; }
  Failure failure() const noexcept { return failure_; }
  const std::string& message() const noexcept { return message_; }
  std::size_t failed_line() const noexcept { return failed_line_; }

  // Where the rendering stands, for messages.
  void at_line(std::size_t line) noexcept { line_ = line; }
  std::size_t line() const noexcept { return line_; }

  // Draw `count` steps, or `bytes` of memory, on the budget; false when failed or used up.
  bool step(std::uint64_t count = 1);
  bool charge(std::uint64_t bytes);
  bool iteration();

  // Makers that draw on the budget and hold the limits.
  Value text(Text text);
  Value text(TextBuilder&& builder, bool markup = false) {
    return text(std::move(builder).text(markup));
  }
  Value data(std::string_view bytes) { return text(Text::data(bytes)); }
  Value list(List items, bool tuple = false);
  // A dict; the last of equal keys wins. Unhashable keys fail.
  Value dict(std::vector<std::pair<Value, Value>> entries);
  Value object(std::shared_ptr<Object> object);
  Value undefined(std::string hint);
  Value missing_variable(std::string_view name);
  Value missing_member(const Value& owner, const Value& key);
  Value forbidden(const Value& owner, std::string_view attribute);

  // Keeps an object that can be made to refer to itself until the rendering ends and releases it.
  void keep(std::shared_ptr<Object> object);

 private:
  friend class Depth;
  Value stop(Failure failure, std::string message);

  const RenderOptions& options_;
  Failure failure_ = Failure::none;
  std::string message_;
  std::size_t failed_line_ = 0;
  std::size_t line_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t iterations_ = 0;
  std::size_t depth_ = 0;
  std::vector<std::shared_ptr<Object>> kept_;
};

// One level of recursion, as long as it lives. ok() is false when there were too many.
class Depth {
 public:
  explicit Depth(Run& run);
  ~Depth() { --run_.depth_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;
  bool ok() const noexcept { return ok_; }

 private:
  Run& run_;
  bool ok_;
};

// ---------------------------------------------------------------------------------------- objects

using Callable = std::function<Value(Run&, Arguments&)>;

// A function of the engine, or a method bound to its value.
struct Function : Object {
  Function(std::string n, Callable c)
      : Object(Kind::function), name(std::move(n)), body(std::move(c)) {}
  std::string name;
  Callable body;
};

// A macro, or the caller of a call block; its body is in the evaluator.
struct Macro : Object {
  explicit Macro(std::string n) : Object(Kind::macro), name(std::move(n)) {}
  std::string name;  // empty for a caller
  std::vector<std::string> parameters;
  bool takes_named = false, takes_rest = false, takes_caller = false;
  Callable body;
};

struct Namespace : Object {
  Namespace() : Object(Kind::name_space) {}
  void release() override { attributes.clear(); }
  std::vector<std::pair<std::string, Value>> attributes;
  const Value* find(std::string_view name) const;
  void set(std::string_view name, Value value);
};

// What can be gone through once: a generator, or a list's iterator.
struct Iterator : Object {
  explicit Iterator(std::string name) : Object(Kind::iterator), type(std::move(name)) {}
  // Puts the next item into `out`; false at the end, or when `run` failed.
  virtual bool next(Run& run, Value& out) = 0;
  std::string type;  // Python's type name
};

struct Range : Object {
  Range(std::int64_t first, std::int64_t last, std::int64_t by)
      : Object(Kind::range), start(first), stop(last), step(by) {}
  std::int64_t start, stop, step;
  std::int64_t count() const noexcept;
  std::int64_t at(std::int64_t index) const noexcept { return start + index * step; }
};

// dict.keys(), values() and items().
struct View : Object {
  enum class What : std::uint8_t { keys, values, items };
  View(std::shared_ptr<const Mapping> of, What w) : Object(Kind::view), what(w) {
    depth = of->depth + 1;
    mapping = std::move(of);
  }
  std::shared_ptr<const Mapping> mapping;
  What what;
};

// An integer of JSON beyond 64 bits with sign: shown and compared, not computed with.
struct BigInteger : Object {
  explicit BigInteger(std::uint64_t v) : Object(Kind::big_integer), value(v) {}
  std::uint64_t value;
};

struct Cycler : Object {
  explicit Cycler(List i) : Object(Kind::cycler), items(std::move(i)) {}
  List items;
  std::size_t position = 0;
};

struct Joiner : Object {
  explicit Joiner(Value s) : Object(Kind::joiner), separator(std::move(s)) {}
  Value separator;
  bool used = false;
};

// The `loop` of a for block; jinja_eval.cc drives it.
struct Loop : Object {
  Loop() : Object(Kind::loop) {}
  void release() override { last_changed = {}; }
  std::shared_ptr<Iterator> source;
  std::optional<std::size_t> known_length;
  std::vector<Value> ahead;  // items already drawn, the next one last
  std::int64_t index0 = -1;
  std::size_t depth0 = 0;
  Value current, previous;
  Value last_changed;
  bool changed_before = false;
  std::function<Value(Run&, const Value&)> recurse;  // null without `recursive`

  bool advance(Run& run);
  const Value* peek(Run& run);
  std::size_t length(Run& run);
};

// ------------------------------------------------- arguments, tests, globals (jinja_builtins.cc)

using Bound = std::vector<std::optional<Value>>;
// Puts arguments into the slots of `names`, Python's way. The first `required` must be there.
bool bind_arguments(Run& run, std::string_view function, const Arguments& arguments,
                    std::span<const std::string_view> names, std::size_t required, Bound& bound);
// An argument as an integer; `fallback` where it is absent or None.
std::int64_t integer_argument(Run& run, const std::optional<Value>& argument,
                              std::int64_t fallback);
// An argument that must be a string; null after a failure.
const Text* text_argument(Run& run, const std::optional<Value>& argument, std::string_view what);

using FilterFunction = Value (*)(Run&, const Value&, Arguments&);
using TestFunction = bool (*)(Run&, const Value&, Arguments&);
// Null where there is no such filter (jinja_filters.cc) or test.
FilterFunction find_filter(std::string_view name);
FilterFunction find_text_filter(std::string_view name);  // jinja_text_filters.cc alone
TestFunction find_test(std::string_view name);
// range, dict, namespace, cycler, joiner, raise_exception, strftime_now; undefined otherwise.
Value find_global(Run& run, std::string_view name);

// --------------------------------------------------------------------- values (jinja_operators.cc)

enum class Operator : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  modulo,
  power,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  not_in
};
std::string_view symbol_of(Operator op);

bool truth(const Value& value);
bool equals(Run& run, const Value& a, const Value& b);
bool compare(Run& run, Operator op, const Value& a, const Value& b);
bool contains(Run& run, const Value& container, const Value& item);
Value arithmetic(Run& run, Operator op, const Value& a, const Value& b);
Value negate(Run& run, const Value& value, bool minus);
// getattr() alone: what Python's type has under the name; nothing where it has no such attribute.
std::optional<Value> python_attribute(Run& run, const Value& owner, std::string_view name);
Value get_attribute(Run& run, const Value& owner, std::string_view name);
Value get_item(Run& run, const Value& owner, const Value& key);
Value get_slice(Run& run, const Value& owner, const Value& start, const Value& stop,
                const Value& step);
// Iteration (jinja_iterate.cc). len(): fails where Python has none.
std::size_t length(Run& run, const Value& value);
bool has_length(const Value& value);
bool is_iterable(const Value& value);
bool is_callable(const Value& value);
// iter(): never null, empty after a failure.
std::shared_ptr<Iterator> iterate(Run& run, const Value& value);
// The rest of `items` as an iterator of the Python type `type`.
std::shared_ptr<Iterator> iterate_list(List items, std::string type);
List to_list(Run& run, const Value& value);
// reversed().
std::shared_ptr<Iterator> reversed(Run& run, const Value& value);
Value call(Run& run, const Value& callee, Arguments arguments);
// The method or attribute of Python's own types (jinja_methods.cc); nothing where there is none.
std::optional<Value> find_method(Run& run, const Value& owner, std::string_view name);
// str.split() and rsplit(); a null separator splits at whitespace.
List split_text(Run& run, const Text& text, const Text* separator, std::int64_t count, bool right);
List split_lines(Run& run, const Text& text, bool keep_ends);
// str.replace() on the budget.
Value replace_text(Run& run, const Text& text, const Text& old, const Text& with,
                   std::int64_t count);
// `text` filled up to `width` code points: `how` -1 behind, 0 on both sides, 1 before, 2 as
// zfill().
Value justify(Run& run, const Text& text, std::int64_t width, const Text& fill, int how);
bool is_lower_text(const Text& text);
bool is_upper_text(const Text& text);

// -------------------------------------------------------- text (jinja_repr.cc, jinja_format.cc)

// str(): a string itself, with its provenance; everything else is data.
Text to_text(Run& run, const Value& value);
std::string repr(Run& run, const Value& value);
// repr() of a string; `ascii`: as ascii() has it.
std::string quoted(std::string_view bytes, bool ascii);
std::string float_repr(double value);
struct JsonStyle {
  std::optional<std::string> indent;
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool ascii = false;
  bool sort_keys = false;
};
// json.dumps(): all of it data.
std::string to_json(Run& run, const Value& value, const JsonStyle& style);
// `format % values`.
Value percent_format(Run& run, const Text& format, const Value& values);
// `format.format(...)`.
Value brace_format(Run& run, const Text& format, const Arguments& arguments);
// float(text), int(text, base) of Python; nothing where they raise ValueError.
std::optional<double> parse_float(std::string_view text);
std::optional<std::int64_t> parse_integer(std::string_view text, int base);

// --------------------------------------------------------------------- evaluation (jinja_eval.cc)

// Renders a parsed template into `out`. What went wrong, if anything, is in `run`.
void evaluate(const Program& program, const Value& variables, Run& run, TextBuilder& out);

}  // namespace retort::text::jinja
