// JsonView: a value inside JSON text that has been checked, read where it stands.
//
// A request is read once, field by field, and its free-form parts (a schema, an unknown field) must
// keep their spelling. A view does both without a tree: it is a slice of the text, and its members
// and elements are slices again. Reading one level costs one pass over that level's text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <retort/json.h>

#include "base/json_reader.h"

namespace retort::base {

struct JsonMember;

// Thread-safe, and valid as long as the text it was made from. The accessors of a type may be
// called on that type only; on another they return an empty value.
class JsonView {
 public:
  enum class Type : std::uint8_t { null, boolean, integer, decimal, string, array, object };

  // Checks `text` (check_json) and views its one value.
  static Result<JsonView> parse(std::string_view text, const JsonLimits& limits = {});
  // Views `text`, of which the caller knows that it passed check_json.
  static JsonView checked(std::string_view text);

  Type type() const;
  bool is_null() const { return type() == Type::null; }
  bool is_string() const { return type() == Type::string; }
  bool is_array() const { return type() == Type::array; }
  bool is_object() const { return type() == Type::object; }
  // An integer is spelled without fraction and exponent: 1 is one, 1.0 and 1e0 are decimals.
  bool is_number() const { return type() == Type::integer || type() == Type::decimal; }

  // The value as it is spelled, without space around it.
  std::string_view text() const { return text_; }
  Json json() const { return Json::trusted(std::string(text_)); }

  bool boolean() const { return text_ == "true"; }
  // The integer, or nothing where it is no integer or beyond 64 bits with sign.
  std::optional<std::int64_t> integer() const;
  // The number, the nearest double.
  double number() const;
  // The string, its escapes resolved: valid UTF-8.
  std::string string() const;

  std::vector<JsonView> elements() const;
  std::vector<JsonMember> members() const;
  // The member `key` of an object.
  std::optional<JsonView> find(std::string_view key) const;

 private:
  explicit JsonView(std::string_view text) : text_(text) {}

  std::string_view text_;
};

struct JsonMember {
  std::string key;
  JsonView value;
};

}  // namespace retort::base
