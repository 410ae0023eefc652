// Describing a struct once, so that it can be a schema, be read from JSON and be written as JSON.
//
//   struct Weather { std::string city; std::optional<double> celsius; };
//   RETORT_DESCRIBE(Weather, (city, "the city's name"), (celsius))
//   enum class Unit { celsius, fahrenheit };
//   RETORT_DESCRIBE_ENUM(Unit, celsius, fahrenheit)
//
// Beside the type, in its namespace. What a member may be: bool, integers, float and double,
// std::string, Json (anything), and std::optional, std::vector and std::map<std::string, ...> of
// such, and described types, also within themselves. A type that is not yours is described by
// specialising retort::Describe.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <retort/json.h>
#include <retort/result.h>

#pragma GCC visibility push(default)

namespace retort {

// ---- What a description is made of.

template <typename Struct, typename Member>
struct Field {
  std::string_view name;
  Member Struct::* member;
  std::string_view description;
};

template <typename Struct, typename Member>
constexpr Field<Struct, Member> field(std::string_view name, Member Struct::* member,
                                      std::string_view description = {}) {
  return {name, member, description};
}

template <typename... Fields>
struct StructDescription {
  std::string_view name;
  std::tuple<Fields...> fields;
};

template <typename... Fields>
constexpr StructDescription<Fields...> describe_struct(std::string_view name, Fields... fields) {
  return {name, std::tuple<Fields...>(fields...)};
}

template <typename Enum, std::size_t kCount>
struct EnumDescription {
  std::string_view name;
  std::array<std::pair<std::string_view, Enum>, kCount> words;
};

template <typename Enum, typename... Words>
constexpr EnumDescription<Enum, sizeof...(Words)> describe_enum(std::string_view name,
                                                                Words... words) {
  return {name, {{words...}}};
}

// The description of T, by default what RETORT_DESCRIBE made. A specialisation has
//   static constexpr auto get() { return retort::describe_struct("Name", retort::field(...), ...);
//   }
template <typename T>
struct Describe {
  static constexpr auto get()
    requires requires { retort_describe(static_cast<const T*>(nullptr)); }
  {
    return retort_describe(static_cast<const T*>(nullptr));
  }
};

template <typename T>
concept Described = requires { Describe<T>::get(); };

// ---- Types as data, from which schemas are made.

struct TypeSchema {
  enum class Kind : std::uint8_t {
    boolean,
    integer,
    number,
    string,
    anything,
    optional,
    array,
    map,
    words,
    object
  };
  using Get = const TypeSchema& (*)();
  struct Member {
    std::string_view name;
    std::string_view description;
    Get type;
  };

  Kind kind = Kind::anything;
  std::string_view name{};                // of a described type
  Get element = nullptr;                  // of optional, array and map
  std::vector<Member> members{};          // of an object
  std::vector<std::string_view> words{};  // of an enumeration
};

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};
template <typename T>
struct IsStringMap : std::false_type {};
template <typename T>
struct IsStringMap<std::map<std::string, T>> : std::true_type {};

template <typename T>
const TypeSchema& type_schema();

template <typename T>
TypeSchema make_type_schema() {
  using Kind = TypeSchema::Kind;
  if constexpr (std::same_as<T, bool>) {
    return {.kind = Kind::boolean};
  } else if constexpr (std::integral<T>) {
    return {.kind = Kind::integer};
  } else if constexpr (std::floating_point<T>) {
    return {.kind = Kind::number};
  } else if constexpr (std::same_as<T, std::string>) {
    return {.kind = Kind::string};
  } else if constexpr (std::same_as<T, Json>) {
    return {.kind = Kind::anything};
  } else if constexpr (IsOptional<T>::value) {
    return {.kind = Kind::optional, .element = &type_schema<typename T::value_type>};
  } else if constexpr (IsVector<T>::value) {
    return {.kind = Kind::array, .element = &type_schema<typename T::value_type>};
  } else if constexpr (IsStringMap<T>::value) {
    return {.kind = Kind::map, .element = &type_schema<typename T::mapped_type>};
  } else {
    static_assert(Described<T>, "describe this type with RETORT_DESCRIBE, in its namespace");
    constexpr auto kDescription = Describe<T>::get();
    TypeSchema schema{.name = kDescription.name};
    if constexpr (std::is_enum_v<T>) {
      schema.kind = Kind::words;
      for (const auto& [word, value] : kDescription.words) schema.words.push_back(word);
    } else {
      schema.kind = Kind::object;
      std::apply(
          [&schema](const auto&... fields) {
            (schema.members.push_back(
                 {fields.name, fields.description,
                  &type_schema<std::remove_cvref_t<decltype(std::declval<T>().*fields.member)>>}),
             ...);
          },
          kDescription.fields);
    }
    return schema;
  }
}

template <typename T>
const TypeSchema& type_schema() {
  static const TypeSchema schema = make_type_schema<T>();
  return schema;
}

// The JSON Schema of a type, strict: every member required (an optional one may be null), no
// others.
Json schema_of(const TypeSchema& type);
template <typename T>
Json schema_of() {
  return schema_of(type_schema<T>());
}

// A described type's name as a schema may be called: letters, digits, _ and -, at most 64.
std::string schema_name(const TypeSchema& type);
template <typename T>
std::string schema_name() {
  return schema_name(type_schema<T>());
}

// ---- Reading.

// A value inside JSON text, which must outlive it. Each accessor has nothing where the value is of
// another type.
class JsonCursor {
 public:
  static Result<JsonCursor> parse(std::string_view text);

  bool is_null() const;
  std::optional<bool> boolean() const;
  std::optional<std::int64_t> integer() const;
  std::optional<double> number() const;
  std::optional<std::string> string() const;
  std::optional<std::vector<JsonCursor>> elements() const;
  std::optional<std::vector<std::pair<std::string, JsonCursor>>> members() const;
  std::string_view text() const { return text_; }

 private:
  explicit JsonCursor(std::string_view text) : text_(text) {}
  std::string_view text_;
};

// Reads a document into described types and remembers the first thing that does not fit, with its
// JSON pointer.
class ValueReader {
 public:
  bool failed() const { return error_.has_value(); }
  Error take_error() { return std::move(*error_); }

  template <typename T>
  void read(const JsonCursor& value, T& out) {
    if constexpr (std::same_as<T, bool>) {
      take(value.boolean(), "a boolean", out);
    } else if constexpr (std::integral<T>) {
      read_integer(value, out);
    } else if constexpr (std::floating_point<T>) {
      take(value.number(), "a number", out);
    } else if constexpr (std::same_as<T, std::string>) {
      take(value.string(), "a string", out);
    } else if constexpr (std::same_as<T, Json>) {
      out = Json::trusted(std::string(value.text()));
    } else if constexpr (IsOptional<T>::value) {
      if (value.is_null()) return out.reset();
      read(value, out.emplace());
    } else if constexpr (IsVector<T>::value) {
      read_vector(value, out);
    } else if constexpr (IsStringMap<T>::value) {
      read_map(value, out);
    } else if constexpr (std::is_enum_v<T>) {
      read_word(value, out);
    } else {
      read_struct(value, out);
    }
  }

 private:
  void refuse(std::string_view expected);
  void step_in(std::string_view name);
  void step_in(std::size_t index);
  void step_out();

  template <typename From, typename T>
  void take(std::optional<From> from, std::string_view expected, T& out) {
    if (!from) return refuse(expected);
    out = static_cast<T>(std::move(*from));
  }

  template <typename T>
  void read_integer(const JsonCursor& value, T& out) {
    const std::optional<std::int64_t> number = value.integer();
    if (!number) return refuse("an integer");
    if (!std::in_range<T>(*number)) return refuse("an integer that fits its type");
    out = static_cast<T>(*number);
  }

  template <typename T>
  void read_vector(const JsonCursor& value, T& out) {
    const auto elements = value.elements();
    if (!elements) return refuse("an array");
    out.clear();
    for (const JsonCursor& element : *elements) {
      step_in(out.size());
      typename T::value_type item{};
      read(element, item);
      out.push_back(std::move(item));
      step_out();
      if (failed()) return;
    }
  }

  template <typename T>
  void read_map(const JsonCursor& value, T& out) {
    const auto members = value.members();
    if (!members) return refuse("an object");
    out.clear();
    for (const auto& [name, member] : *members) {
      step_in(name);
      read(member, out[name]);
      step_out();
      if (failed()) return;
    }
  }

  template <typename T>
  void read_word(const JsonCursor& value, T& out) {
    const std::optional<std::string> text = value.string();
    if (!text) return refuse("a string");
    for (const auto& [word, meaning] : Describe<T>::get().words) {
      if (word == *text) {
        out = meaning;
        return;
      }
    }
    refuse("one of its words");
  }

  // Members that the type lacks are left unread.
  template <typename T>
  void read_struct(const JsonCursor& value, T& out) {
    const auto members = value.members();
    if (!members) return refuse("an object");
    std::apply([&](const auto&... fields) { (read_field(*members, fields, out), ...); },
               Describe<T>::get().fields);
  }

  template <typename Members, typename FieldType, typename T>
  void read_field(const Members& members, const FieldType& field, T& out) {
    if (failed()) return;
    auto& member = out.*field.member;
    step_in(field.name);
    bool found = false;
    for (const auto& [name, value] : members) {
      if (name != field.name) continue;
      found = true;
      read(value, member);
    }
    if (!found && !failed()) {
      if constexpr (IsOptional<std::remove_reference_t<decltype(member)>>::value) {
        member.reset();
      } else {
        refuse("a member, which is missing");
      }
    }
    step_out();
  }

  std::string pointer_;
  std::optional<Error> error_;
};

// The document `text` as a T, or ErrorKind::malformed: what was expected, and the JSON pointer.
template <typename T>
Result<T> from_json(std::string_view text) {
  const Result<JsonCursor> document = JsonCursor::parse(text);
  if (!document) return document.error();
  ValueReader reader;
  T value{};
  reader.read(*document, value);
  if (reader.failed()) return reader.take_error();
  return value;
}

// ---- Writing.

void append_json(std::string& out, bool value);
void append_json(std::string& out, std::int64_t value);
void append_json(std::string& out, std::uint64_t value);
void append_json(std::string& out, double value);
void append_json(std::string& out, std::string_view value);

template <typename T>
void write_json(std::string& out, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    append_json(out, value);
  } else if constexpr (std::unsigned_integral<T>) {
    append_json(out, static_cast<std::uint64_t>(value));
  } else if constexpr (std::integral<T>) {
    append_json(out, static_cast<std::int64_t>(value));
  } else if constexpr (std::floating_point<T>) {
    append_json(out, static_cast<double>(value));
  } else if constexpr (std::same_as<T, std::string>) {
    append_json(out, std::string_view(value));
  } else if constexpr (std::same_as<T, Json>) {
    out += value.text();
  } else if constexpr (IsOptional<T>::value) {
    if (value) return write_json(out, *value);
    out += "null";
  } else if constexpr (IsVector<T>::value) {
    char before = '[';
    for (const auto& item : value) {
      out += std::exchange(before, ',');
      write_json(out, static_cast<const typename T::value_type&>(item));
    }
    out += value.empty() ? "[]" : "]";
  } else if constexpr (IsStringMap<T>::value) {
    char before = '{';
    for (const auto& [name, item] : value) {
      out += std::exchange(before, ',');
      append_json(out, std::string_view(name));
      out += ':';
      write_json(out, item);
    }
    out += value.empty() ? "{}" : "}";
  } else if constexpr (std::is_enum_v<T>) {
    for (const auto& [word, meaning] : Describe<T>::get().words) {
      if (meaning == value) return append_json(out, word);
    }
    out += "null";
  } else {
    static_assert(Described<T>, "describe this type with RETORT_DESCRIBE, in its namespace");
    char before = '{';
    const auto write_field = [&](const auto& each) {
      out += std::exchange(before, ',');
      append_json(out, each.name);
      out += ':';
      write_json(out, value.*each.member);
    };
    std::apply([&](const auto&... fields) { (write_field(fields), ...); },
               Describe<T>::get().fields);
    out += before == '{' ? "{}" : "}";
  }
}

template <typename T>
Json to_json(const T& value) {
  std::string out;
  write_json(out, value);
  return Json::trusted(std::move(out));
}

}  // namespace retort

#pragma GCC visibility pop

// ---- The macros: up to 256 members.

#define RETORT_PARENS_ ()
#define RETORT_EXPAND_(...) RETORT_EXPAND3_(RETORT_EXPAND3_(RETORT_EXPAND3_(__VA_ARGS__)))
#define RETORT_EXPAND3_(...) RETORT_EXPAND2_(RETORT_EXPAND2_(RETORT_EXPAND2_(__VA_ARGS__)))
#define RETORT_EXPAND2_(...) RETORT_EXPAND1_(RETORT_EXPAND1_(RETORT_EXPAND1_(__VA_ARGS__)))
#define RETORT_EXPAND1_(...) RETORT_EXPAND0_(RETORT_EXPAND0_(RETORT_EXPAND0_(__VA_ARGS__)))
#define RETORT_EXPAND0_(...) __VA_ARGS__
#define RETORT_EACH_(macro, type, ...) \
  __VA_OPT__(RETORT_EXPAND_(RETORT_EACH_STEP_(macro, type, __VA_ARGS__)))
#define RETORT_EACH_STEP_(macro, type, first, ...) \
  , macro(type, first) __VA_OPT__(RETORT_EACH_AGAIN_ RETORT_PARENS_(macro, type, __VA_ARGS__))
#define RETORT_EACH_AGAIN_() RETORT_EACH_STEP_
#define RETORT_FIELD_(type, entry) RETORT_FIELD_OF_(type, RETORT_UNPACK_ entry)
#define RETORT_UNPACK_(...) __VA_ARGS__
#define RETORT_FIELD_OF_(...) RETORT_FIELD_AS_(__VA_ARGS__)
#define RETORT_FIELD_AS_(type, member, ...) \
  ::retort::field(#member, &type::member __VA_OPT__(, ) __VA_ARGS__)
#define RETORT_WORD_(type, word)      \
  std::pair<std::string_view, type> { \
    #word, type::word                 \
  }

// RETORT_DESCRIBE(Type, (member), (member, "what it is"), ...)
#define RETORT_DESCRIBE(type, ...)                                                          \
  [[maybe_unused]] constexpr auto retort_describe(const type*) {                            \
    return ::retort::describe_struct(#type RETORT_EACH_(RETORT_FIELD_, type, __VA_ARGS__)); \
  }

// RETORT_DESCRIBE_ENUM(Type, word, word, ...)
#define RETORT_DESCRIBE_ENUM(type, ...)                                                        \
  [[maybe_unused]] constexpr auto retort_describe(const type*) {                               \
    return ::retort::describe_enum<type>(#type RETORT_EACH_(RETORT_WORD_, type, __VA_ARGS__)); \
  }
