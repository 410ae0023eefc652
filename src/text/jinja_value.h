// Value: what a template computes with, as Python has it: undefined, None, bool, int, float, str,
// list, tuple, dict, and objects (functions, namespaces, loops, iterators).
//
// Values never change once made (the sandbox forbids it), except namespaces and iterators, which
// live for one rendering. So a value that the caller builds may be shared by any number of threads.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "text/jinja_text.h"

namespace retort::text::jinja {

class Run;
class Value;

// Why a value is undefined, for the message of the error that its use raises.
struct UndefinedInfo {
  std::string hint;        // a message of its own, or empty
  std::string owner;       // "dict object": the object that lacks `name`, or empty
  std::string name;        // the variable, attribute or element
  bool element = false;    // `name` is no string: "has no element 3"
  bool forbidden = false;  // the sandbox refused the attribute
};

using List = std::vector<Value>;

// A list or a tuple.
struct Sequence {
  List items;
  bool tuple = false;
  bool group = false;     // what |groupby gives: a tuple with .grouper and .list
  std::size_t depth = 1;  // 1 + the depth of the deepest item
};

// A dict in insertion order. Lookup is a binary search over `order`, so that no choice of keys can
// make it slow.
struct Mapping {
  std::vector<std::pair<Value, Value>> entries;
  std::vector<std::uint32_t> order;  // entries sorted by compare_keys
  std::size_t depth = 1;

  // The value under `key`, or null.
  const Value* find(std::string_view key) const;
  const Value* find(Run& run, const Value& key) const;
};

// Everything else. `kind` tells the type; jinja_run.h has the children.
struct Object {
  enum class Kind : std::uint8_t {
    function,
    name_space,
    macro,
    loop,
    cycler,
    joiner,
    iterator,
    range,
    view,
    big_integer
  };
  explicit Object(Kind k) : kind(k) {}
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object() = default;
  // Lets go of what it refers to, so that no cycle of references outlives the rendering.
  virtual void release() {}

  Kind kind;
  std::size_t depth = 1;
};

struct None {};

class Value {
 public:
  enum class Type : std::uint8_t {
    undefined,
    none,
    boolean,
    integer,
    real,
    text,
    sequence,
    mapping,
    object
  };

  Value() = default;                             // undefined without a reason
  Value(None) : rep_(None{}) {}                  // NOLINT
  Value(bool value) : rep_(value) {}             // NOLINT
  Value(std::int64_t value) : rep_(value) {}     // NOLINT
  Value(double value) : rep_(value) {}           // NOLINT
  Value(Text value) : rep_(std::move(value)) {}  // NOLINT
  Value(std::shared_ptr<const Sequence> value) : rep_(std::move(value)) {}       // NOLINT
  Value(std::shared_ptr<const Mapping> value) : rep_(std::move(value)) {}        // NOLINT
  Value(std::shared_ptr<Object> value) : rep_(std::move(value)) {}               // NOLINT
  Value(std::shared_ptr<const UndefinedInfo> value) : rep_(std::move(value)) {}  // NOLINT
  Value(const void*) = delete;

  // A string from outside: no control token is ever recognised in it.
  static Value data(std::string_view bytes) { return Text::data(bytes); }
  // A string that counts as the template's own, e.g. a role out of a closed set.
  static Value literal(std::string_view bytes) { return Text::literal(bytes); }
  // Without the limits of a rendering: for the caller's variables.
  static Value list(List items, bool tuple = false);
  // A dict; the last of several equal keys wins and keeps the first one's place.
  static Value dict(std::vector<std::pair<std::string, Value>> entries);
  // JSON as Python's json.loads gives it: objects keep their order, strings are data.
  static Value from_json(const boost::json::value& json);

  Type type() const noexcept { return static_cast<Type>(rep_.index()); }
  bool is_undefined() const noexcept { return type() == Type::undefined; }
  bool is_none() const noexcept { return type() == Type::none; }
  bool is_text() const noexcept { return type() == Type::text; }
  bool is_sequence() const noexcept { return type() == Type::sequence; }
  bool is_mapping() const noexcept { return type() == Type::mapping; }
  // bool, int or float.
  bool is_number() const noexcept { return is_integral() || type() == Type::real; }
  // bool or int.
  bool is_integral() const noexcept { return type() == Type::integer || type() == Type::boolean; }

  // Each: null, or the default, where the value is of another type.
  const UndefinedInfo* undefined() const noexcept;
  bool boolean() const noexcept;
  std::int64_t integer() const noexcept;  // of a bool too
  double real() const noexcept;           // of any number
  const Text* text() const noexcept { return std::get_if<Text>(&rep_); }
  const Sequence* sequence() const noexcept;
  const Mapping* mapping() const noexcept;
  std::shared_ptr<const Mapping> mapping_ref() const noexcept;
  Object* object() const noexcept;
  std::shared_ptr<Object> object_ref() const noexcept;
  // The object when it is of this kind, else null.
  Object* object(Object::Kind kind) const noexcept;

  // How deep containers nest in it; 0 for a scalar.
  std::size_t depth() const noexcept;
  // Whether both are one and the same object in Python's sense (`is`).
  bool same_as(const Value& other) const noexcept;

 private:
  std::variant<std::shared_ptr<const UndefinedInfo>, None, bool, std::int64_t, double, Text,
               std::shared_ptr<const Sequence>, std::shared_ptr<const Mapping>,
               std::shared_ptr<Object>>
      rep_;
};

// A total order over keys that agrees with Python's == among hashable values: 1, 1.0 and True are
// one key. Only for sorting and finding, not the order of `<`. Fails `run` (when given) beyond its
// budget.
int compare_keys(Run* run, const Value& a, const Value& b);
// Whether Python could hash it: no list, no dict, and no tuple that holds one.
bool is_hashable(const Value& value);

// type(value).__name__, e.g. "NoneType".
std::string type_name(const Value& value);
// What Undefined messages call it: "dict object", or "None".
std::string object_type_name(const Value& value);
// Python's message for the use of an undefined value.
std::string undefined_message(const Value& value);

}  // namespace retort::text::jinja
