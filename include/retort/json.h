// Json: a piece of JSON text that has been checked.
//
// Free-form JSON (a tool's parameters, a schema, an unknown field) crosses the public interface in
// this form, so that users keep the JSON library they already have and byte-for-byte spelling is
// preserved.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <retort/result.h>

#pragma GCC visibility push(default)

namespace retort {

class Json {
 public:
  // The value `null`.
  Json() : text_("null") {}

  // Checks `text` as one JSON value by RFC 8259 (no duplicate keys, at most 64 levels deep, valid
  // UTF-8) and keeps it as it stands. The error says what is wrong and at which byte.
  static Result<Json> parse(std::string_view text);

  // Keeps `text` unchecked: for text that a JSON writer has just made.
  static Json trusted(std::string text) { return Json(std::move(text)); }

  const std::string& text() const noexcept { return text_; }
  bool is_null() const noexcept { return text_ == "null"; }

  // The same bytes, not the same value: {"a":1} and {"a": 1} differ.
  friend bool operator==(const Json&, const Json&) = default;

 private:
  explicit Json(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

}  // namespace retort

#pragma GCC visibility pop
