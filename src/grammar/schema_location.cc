#include "grammar/schema_location.h"

#include <optional>

#include "base/utf8.h"

namespace retort::grammar {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (!base::is_utf8(decoded)) return std::nullopt;
  return decoded;
}

std::optional<std::string> pointer_token(std::string_view step) {
  std::string token;
  for (std::size_t i = 0; i < step.size(); ++i) {
    if (step[i] != '~') {
      token += step[i];
      continue;
    }
    ++i;
    if (i >= step.size() || (step[i] != '0' && step[i] != '1')) return std::nullopt;
    token += step[i] == '0' ? '~' : '/';
  }
  return token;
}

const JsonValue* element_at(const JsonValue& array, const std::string& token) {
  if (token.empty() || token.size() > 6 || (token.size() > 1 && token[0] == '0')) return nullptr;
  std::size_t index = 0;
  for (const char c : token) {
    if (c < '0' || c > '9') return nullptr;
    index = index * 10 + static_cast<std::size_t>(c - '0');
  }
  return index < array.elements.size() ? &array.elements[index] : nullptr;
}

// Whether the schema `value` begins a resource of its own, against which its $refs would count.
bool has_own_id(const JsonValue& value) {
  for (const char* keyword : {"$id", "id"}) {
    const JsonValue* id = value.find(keyword);
    if (id != nullptr && id->is_string() && !id->text.starts_with('#')) return true;
  }
  return false;
}

SchemaTarget follow(const JsonValue& document, std::string_view path) {
  SchemaTarget target{.schema = &document, .pointer = "", .problem = ""};
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::optional<std::string> token = pointer_token(path.substr(0, end));
    path.remove_prefix(end);
    const JsonValue& at = *target.schema;
    if (&at != &document && at.is_object() && has_own_id(at)) {
      return {.problem = "reaches into a schema with an $id of its own", .remote = true};
    }
    const JsonValue* next = nullptr;
    if (token && at.is_object()) next = at.find(*token);
    if (token && at.is_array()) next = element_at(at, *token);
    if (next == nullptr) return {.problem = "names nothing in this document"};
    target.schema = next;
    target.pointer += pointer_step(*token);
  }
  return target;
}

SchemaTarget find_anchor(const JsonValue& at, std::string_view name, const std::string& pointer) {
  if (at.is_object()) {
    const JsonValue* anchor = at.find("$anchor");
    if (anchor != nullptr && anchor->is_string() && anchor->text == name) {
      return {.schema = &at, .pointer = pointer};
    }
    for (const char* keyword : {"id", "$id"}) {
      const JsonValue* id = at.find(keyword);
      if (id != nullptr && id->is_string() && id->text == "#" + std::string(name)) {
        return {.schema = &at, .pointer = pointer};
      }
    }
  }
  for (std::size_t i = 0; i < at.elements.size(); ++i) {
    // What stands there is data, whatever it looks like.
    if (at.is_object() && (at.keys[i] == "enum" || at.keys[i] == "const")) continue;
    const std::string step = at.is_object() ? at.keys[i] : std::to_string(i);
    SchemaTarget found = find_anchor(at.elements[i], name, pointer + pointer_step(step));
    if (found.schema != nullptr) return found;
  }
  return {.problem = "names nothing in this document"};
}

}  // namespace

std::string pointer_step(std::string_view token) {
  std::string step = "/";
  for (const char c : token) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step += c;
    }
  }
  return step;
}

SchemaTarget find_target(const JsonValue& document, std::string_view reference) {
  for (const char* keyword : {"$id", "id"}) {
    const JsonValue* id = document.find(keyword);
    if (id == nullptr || !id->is_string()) continue;
    const std::string_view own = std::string_view(id->text).substr(0, id->text.find('#'));
    if (own.empty() || !reference.starts_with(own)) continue;
    const std::string_view rest = reference.substr(own.size());
    if (rest.empty() || rest[0] == '#') reference = rest;
  }
  if (!reference.empty() && reference[0] != '#') {
    return {.problem = "is not in this document", .remote = true};
  }
  if (!reference.empty()) reference.remove_prefix(1);
  const std::optional<std::string> fragment = percent_decoded(reference);
  if (!fragment) return {.problem = "is no valid reference"};
  if (fragment->empty() || (*fragment)[0] == '/') return follow(document, *fragment);
  return find_anchor(document, *fragment, "");
}

}  // namespace retort::grammar
