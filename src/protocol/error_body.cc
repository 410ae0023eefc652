// Writing our errors, and making sense of everybody's.
#include "protocol/error_body.h"

#include <charconv>
#include <optional>

#include "base/json_view.h"
#include "base/json_writer.h"
#include "base/utf8.h"

namespace retort::protocol {
namespace {

using base::JsonView;

constexpr std::size_t kTextBytesMax = 1000;

void append_nullable(std::string& out, std::string_view value) {
  if (value.empty()) {
    out += "null";
  } else {
    base::append_json_string(out, value);
  }
}

std::string cut(std::string_view text) {
  text = text.substr(0, kTextBytesMax);
  text.remove_suffix(base::incomplete_utf8_suffix(text));
  return base::replace_invalid_utf8(text);
}

// What a service said, before it is an Error.
struct Said {
  std::string message;
  std::string type;
  std::string param;
  std::string code;
};

// The text of a member: of a string its value, of a number its digits.
std::string text_of(const JsonView& object, std::string_view name) {
  const std::optional<JsonView> value = object.find(name);
  if (!value) return {};
  if (value->is_string()) return cut(value->string());
  return value->is_number() ? std::string(value->text().substr(0, 20)) : std::string();
}

void read_object(const JsonView& object, Said& said) {
  said.message = text_of(object, "message");
  said.type = text_of(object, "type");
  said.param = text_of(object, "param");
  said.code = text_of(object, "code");
}

// {"detail": "text"}, or a list of {"loc", "msg"} of which the first is told.
void read_detail(const JsonView& detail, Said& said) {
  if (detail.is_string()) said.message = cut(detail.string());
  if (!detail.is_array()) return;
  for (const JsonView& first : detail.elements()) {
    said.message = text_of(first, "msg");
    return;
  }
}

Said read_said(std::string_view body) {
  Said said;
  const Result<JsonView> view = JsonView::parse(body);
  if (!view || !view->is_object()) return said;
  const std::optional<JsonView> error = view->find("error");
  if (error && error->is_object()) {
    read_object(*error, said);
  } else if (error && error->is_string()) {
    said.message = cut(error->string());
    said.type = text_of(*view, "error_type");
  } else if (const auto detail = view->find("detail")) {
    read_detail(*detail, said);
  } else {
    read_object(*view, said);
  }
  return said;
}

std::optional<int> status_in(std::string_view code) {
  int status = 0;
  const auto read = std::from_chars(code.data(), code.data() + code.size(), status);
  const bool whole = read.ec == std::errc{} && read.ptr == code.data() + code.size();
  if (!whole || status < 400 || status > 599) return std::nullopt;
  return status;
}

}  // namespace

std::string error_body(const Error& error) {
  std::string out = "{\"error\":{\"message\":";
  base::append_json_string(out, error.message());
  out += ",\"type\":";
  append_nullable(out, error.type());
  out += ",\"param\":";
  append_nullable(out, error.param());
  out += ",\"code\":";
  append_nullable(out, error.code());
  return out + "}}";
}

Error read_error_body(int status, std::string_view body) {
  Said said = read_said(body);
  if (said.message.empty()) said.message = cut(body);
  if (said.message.empty()) said.message = "an empty answer with status " + std::to_string(status);
  const int known = status == 0 ? status_in(said.code).value_or(500) : status;
  Error error(error_kind_of_status(known), std::move(said.message));
  if (said.type.empty()) said.type = error.type();
  return std::move(error)
      .with_status(status)
      .with_type(std::move(said.type))
      .with_param(std::move(said.param))
      .with_code(std::move(said.code));
}

ErrorKind error_kind_of_status(int status) {
  switch (status) {
    case 401:
      return ErrorKind::authentication;
    case 402:
      return ErrorKind::payment_required;
    case 403:
      return ErrorKind::permission;
    case 404:
      return ErrorKind::not_found;
    case 405:
      return ErrorKind::method_not_allowed;
    case 408:
      return ErrorKind::request_timeout;
    case 409:
      return ErrorKind::conflict;
    case 413:
      return ErrorKind::too_large;
    case 415:
      return ErrorKind::unsupported_media;
    case 422:
      return ErrorKind::unprocessable;
    case 429:
      return ErrorKind::rate_limit;
    case 431:
      return ErrorKind::headers_too_large;
    case 502:
      return ErrorKind::bad_upstream;
    case 503:
      return ErrorKind::unavailable;
    case 504:
      return ErrorKind::upstream_timeout;
    default:
      break;
  }
  if (status >= 500 && status < 600) return ErrorKind::internal;
  return status >= 400 && status < 500 ? ErrorKind::invalid_request : ErrorKind::malformed;
}

}  // namespace retort::protocol
