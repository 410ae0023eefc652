// Where in a document a schema stands: JSON pointers (RFC 6901) and the local forms of $ref.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "grammar/json_value.h"

namespace retort::grammar {

// `token` as a step of a JSON pointer, with its slash in front.
std::string pointer_step(std::string_view token);

struct SchemaTarget {
  const JsonValue* schema = nullptr;  // null: not found, and `problem` says why
  std::string pointer;
  std::string problem;
  bool remote = false;  // not found because it is not in this document
};

// What `reference` names in `document`: "#", "#/a/b" (percent-encoded, ~0 and ~1), "#anchor", and
// the same behind the document's own $id.
SchemaTarget find_target(const JsonValue& document, std::string_view reference);

}  // namespace retort::grammar
