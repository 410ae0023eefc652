// JsonObject: one JSON object under construction, appended member by member.
//
// What writes the answers and what writes the requests of the client go through it: it puts the
// commas and escapes the strings, so that the code reads as the list of members that it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <retort/chat.h>

#include "base/json_writer.h"

namespace retort::protocol {

// One object under construction: opens with a brace, puts the commas, closes when it goes.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  ~JsonObject() { out_ += '}'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;

  // Appends the key; the value is the caller's to append to the returned text.
  std::string& key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    base::append_json_string(out_, name);
    out_ += ':';
    return out_;
  }

  void string(std::string_view name, std::string_view value) {
    base::append_json_string(key(name), value);
  }
  void integer(std::string_view name, std::int64_t value) {
    base::append_json_integer(key(name), value);
  }
  void null(std::string_view name) { key(name) += "null"; }

  void optional(std::string_view name, const std::optional<std::string>& value) {
    if (value) string(name, *value);
  }
  void nullable(std::string_view name, const std::optional<std::string>& value) {
    value ? string(name, *value) : null(name);
  }
  void extra(const Extra& members) {
    for (const auto& [name, value] : members) key(name) += value.text();
  }

 private:
  std::string& out_;
  bool first_ = true;
};

template <typename T, typename Write>
void write_array(std::string& out, const std::vector<T>& items, const Write& write) {
  out += '[';
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ',';
    write(items[i]);
  }
  out += ']';
}

}  // namespace retort::protocol
