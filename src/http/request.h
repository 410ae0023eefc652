// What a client asked: the request line and the header fields, checked and decoded once.
//
// http/request_parser makes a RequestHead from bytes; everything above reads it and never sees the
// bytes. Plain values: copyable, no thread of their own.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace retort::http {

// Header fields in the order they came or will be sent. Names compare without regard to case; a
// name may be there several times.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;  // name, value

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  // Removes every field of that name, then adds one.
  void set(std::string name, std::string value);

  // The first field of that name; nothing where there is none.
  std::optional<std::string_view> find(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name).has_value(); }
  std::size_t count(std::string_view name) const;

  std::size_t size() const noexcept { return fields_.size(); }
  auto begin() const noexcept { return fields_.begin(); }
  auto end() const noexcept { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

struct RequestHead {
  std::string method;          // as sent: methods are case-sensitive
  std::string target;          // as sent, origin-form ("/v1/models?x=1") or "*"
  std::string path;            // percent-decoded, valid UTF-8 without control characters
  std::string query;           // as sent, without the "?"; empty where there is none
  Headers headers;             // values without the white space around them
  std::string remote_address;  // the peer's IP address, without port
  std::string request_id;      // what the answer's x-request-id says: taken over or made
};

// ASCII comparison without regard to case, as for header names (RFC 9110, 5.1).
bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept;

// "%41b" -> "Ab". Nothing where a "%" is not followed by two hexadecimal digits, or where the
// result is not UTF-8 or holds a control character (U+0000 to U+001F, U+007F).
std::optional<std::string> percent_decode(std::string_view text);

// The value of the first `name=value` of a query string, percent-decoded, "+" as a space. Nothing
// where the name is not there or the value cannot be decoded.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

// Whether a client's x-request-id may be taken over: 1 to 128 visible ASCII characters.
bool is_sane_request_id(std::string_view id) noexcept;

}  // namespace retort::http
