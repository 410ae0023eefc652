// JsonValue: a JSON document as a tree whose numbers are exact.
//
// Schemas and the values in them are read into one, and so is a finished answer that is to be
// checked against its schema (schema_validator.h): 0.1 is a tenth there, and 2^53 + 1 is itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <retort/result.h>

#include "grammar/number.h"

namespace retort::grammar {

struct JsonValue {
  enum class Type : std::uint8_t { null, boolean, number, string, array, object };

  Type type = Type::null;
  bool boolean = false;
  std::string text;                 // a string's characters, a number's spelling
  Decimal number;                   // its value
  std::vector<std::string> keys;    // of an object's members, in their order
  std::vector<JsonValue> elements;  // of an array; the values of an object's members

  bool is_string() const { return type == Type::string; }
  bool is_array() const { return type == Type::array; }
  bool is_object() const { return type == Type::object; }
  bool is_number() const { return type == Type::number; }
  bool is_boolean() const { return type == Type::boolean; }

  // The member `key` of an object, or null.
  const JsonValue* find(std::string_view key) const;

  // Reads one document (base::check_json's rules). Fails too where a number is beyond Decimal.
  static Result<JsonValue> parse(std::string_view text);
  // The same for what a model wrote: of several members with one key the last counts, as for the
  // readers of JavaScript and Python, and numbers may have as many digits behind the point as it
  // took the trouble to write.
  static Result<JsonValue> parse_answer(std::string_view text);
};

// As JSON Schema compares: 1 is 1.0, and the order of members does not count.
bool equal(const JsonValue& a, const JsonValue& b);
// How many characters `text` (UTF-8) has, as JSON Schema counts: code points.
std::size_t characters(std::string_view text);

}  // namespace retort::grammar
