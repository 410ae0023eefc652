// Errors on the wire: {"error": {"message", "type", "param", "code"}}, written and read.
#pragma once

#include <string>
#include <string_view>

#include <retort/error.h>

namespace retort::protocol {

// The body of an answer that refuses, and the data of the event that ends a stream which failed.
// All four keys are always there; param and code are null where empty. Thread-safe.
std::string error_body(const Error& error);

// What an answer with `status` and `body` says went wrong. Read are OpenAI's form, Atoma's (code
// and message only), the flat ones (SGLang's and older vLLM's {"object":"error","message",...},
// TGI's
// {"error":"text","error_type"}, FastAPI's {"detail"}), and any other body as text, its first 1,000
// bytes. `status` is 0 where the error came as an event; then a status in its code counts.
Error read_error_body(int status, std::string_view body);

// The kind of error that an HTTP status means; internal for an unknown 5xx, invalid_request for an
// unknown 4xx, malformed for what is no error at all.
ErrorKind error_kind_of_status(int status);

}  // namespace retort::protocol
