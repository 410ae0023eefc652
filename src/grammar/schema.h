// A JSON Schema as written, read and checked: the first step from a schema to a grammar.
//
// Every schema object that can be reached from the root becomes a SourceSchema, its $refs resolved.
// What Retort does not enforce is refused here by name, before anything is compiled: a keyword that
// were passed over would be a promise broken (design: a schema constrains completely or is
// refused). Draft 2020-12, and what of draft 4 to 7 means the same under another name.
//
// schema_validator.h judges documents by it, schema_forms.h brings it to a normal form, of which
// schema_grammar.h makes a grammar.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <retort/result.h>

#include "grammar/grammar.h"
#include "grammar/json_value.h"
#include "grammar/number.h"

namespace retort::grammar {

// Why a schema is not taken, and where.
struct SchemaRefusal {
  std::string pointer;  // JSON pointer of the keyword, or of the schema that no value fits
  std::string keyword;  // its name; empty where no single keyword is at fault
  std::string message;
  bool broken = false;      // no schema at all, rather than one that is not supported
  bool impossible = false;  // enforceable, but no value fits
};
// The refusal as the error of a request: its message names pointer and keyword.
Error refusal_error(const SchemaRefusal& refusal);

struct SchemaLimits {
  std::size_t schemas_max = 20'000;       // objects and booleans that are schemas
  std::size_t in_place_depth_max = 64;    // $ref, allOf, anyOf and oneOf behind one another
  std::size_t forms_max = 20'000;         // combinations of schemas that hold together
  std::size_t alternatives_max = 512;     // of anyOf and oneOf, multiplied out
  std::size_t count_states_max = 20'000;  // of one object with min- or maxProperties
  std::size_t new_keys_max = 1'000;       // of one object that must have names that differ
  std::chrono::milliseconds time_max{4'000};
  GrammarLimits grammar;
};

// The types of values, so finely that each keyword belongs to whole ones. Null and the two
// booleans are single values.
using TypeSet = std::uint8_t;
inline constexpr TypeSet kNull = 1, kFalse = 2, kTrue = 4, kInteger = 8, kFraction = 16;
inline constexpr TypeSet kString = 32, kArray = 64, kObject = 128, kEveryType = 255;
inline constexpr TypeSet kNumber = kInteger | kFraction;
TypeSet type_of(const JsonValue& value);

using SourceId = std::uint32_t;
inline constexpr SourceId kNoSource = 0xFFFFFFFF;

// A property's name or pattern, and its schema.
struct SourceProperty {
  std::string name;
  SourceId schema = kNoSource;
};

// One schema: what its own keywords say.
struct SourceSchema {
  std::string pointer;
  TypeSet types = kEveryType;              // none: the schema `false`
  const JsonValue* enumeration = nullptr;  // an array
  const JsonValue* constant = nullptr;

  std::uint32_t length_min = 0, length_max = kUnbounded;
  std::optional<std::string> pattern, format;
  NumberBounds numbers;  // `integer` is said by types

  std::vector<SourceProperty> properties, pattern_properties;
  std::vector<std::string> required;
  SourceId additional = kNoSource, property_names = kNoSource;
  std::uint32_t properties_min = 0, properties_max = kUnbounded;

  std::vector<SourceId> prefix_items;
  SourceId items = kNoSource;
  std::uint32_t items_min = 0, items_max = kUnbounded;

  SourceId ref = kNoSource;
  std::vector<SourceId> all_of, any_of, one_of;

  bool finite() const { return enumeration != nullptr || constant != nullptr; }
  bool says_nothing_of_numbers() const;
  bool says_nothing_of_strings() const;
  bool says_nothing_of_arrays() const;
  // But for `required`.
  bool says_nothing_of_objects() const;
  // Nothing but $ref and allOf says anything.
  bool only_refers() const;
};

// Immutable; shared by the validator and by whoever compiles.
struct SchemaSource {
  JsonValue document;
  std::vector<SourceSchema> schemas;  // [0] is the root
};

// Reads `document`. The refusal says what is wrong or not supported.
std::optional<SchemaRefusal> read_schema(JsonValue document, const SchemaLimits& limits,
                                         SchemaSource& source);

// `integer` apart, which is said by types.
bool number_fits(const NumberBounds& bounds, const Decimal& number);
// Bounds that are the stricter of what they were and the new one.
void narrow_minimum(NumberBounds& bounds, const Decimal& minimum, bool exclusive);
void narrow_maximum(NumberBounds& bounds, const Decimal& maximum, bool exclusive);

}  // namespace retort::grammar
