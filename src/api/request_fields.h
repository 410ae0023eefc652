// Every field of POST /v1/chat/completions and what becomes of it: the one table behind
// docs/http-api.md and GET /openapi.json.
//
// A row is a promise to the clients, so each names the test that holds it: of the field's effect,
// or of its refusal. What the request parser knows and what OpenAI documents must all be here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace retort::api {

struct RequestField {
  enum class State : std::uint8_t {
    honoured,  // it has its documented effect
    refused,   // 400 with error.param
    accepted,  // declared to be without an effect
  };
  std::string_view name;  // a path; of several fields side by side, all of them
  State state;
  std::string_view schema;  // of a member of the body: JSON Schema, in the dialect of OpenAPI 3.1
  std::string_view notes;   // Markdown
  std::string_view test;    // Suite.Name
};

// In the order of the document. Thread-safe, as all here.
std::span<const RequestField> request_fields();

// The rows as docs/http-api.md has them.
std::string request_fields_markdown();

}  // namespace retort::api
