// Error's body, and what happens when a value is read that is not there.
#include <cstdio>
#include <cstdlib>

#include <retort/error.h>
#include <retort/result.h>

namespace retort {
namespace {

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_request:
      return 400;
    case ErrorKind::authentication:
      return 401;
    case ErrorKind::payment_required:
      return 402;
    case ErrorKind::permission:
      return 403;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::method_not_allowed:
      return 405;
    case ErrorKind::request_timeout:
      return 408;
    case ErrorKind::conflict:
      return 409;
    case ErrorKind::too_large:
      return 413;
    case ErrorKind::unsupported_media:
      return 415;
    case ErrorKind::unprocessable:
      return 422;
    case ErrorKind::rate_limit:
      return 429;
    case ErrorKind::headers_too_large:
      return 431;
    case ErrorKind::internal:
      return 500;
    case ErrorKind::bad_upstream:
      return 502;
    case ErrorKind::unavailable:
      return 503;
    case ErrorKind::upstream_timeout:
      return 504;
    default:
      return 0;
  }
}

// The words of OpenAI's contract for error.type.
const char* type_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::authentication:
      return "authentication_error";
    case ErrorKind::permission:
      return "permission_error";
    case ErrorKind::payment_required:
      return "insufficient_quota";
    case ErrorKind::rate_limit:
      return "rate_limit_error";
    case ErrorKind::internal:
      return "server_error";
    case ErrorKind::bad_upstream:
      return "upstream_error";
    case ErrorKind::unavailable:
      return "unavailable_error";
    case ErrorKind::upstream_timeout:
      return "upstream_error";
    case ErrorKind::connection:
      return "connection_error";
    case ErrorKind::timeout:
      return "timeout_error";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::stream_truncated:
      return "stream_truncated";
    case ErrorKind::malformed:
      return "malformed_input";
    case ErrorKind::io:
      return "io_error";
    case ErrorKind::config:
      return "config_error";
    default:
      return "invalid_request_error";
  }
}

}  // namespace

Error::Error(ErrorKind kind, std::string message)
    : kind_(kind), status_(status_of(kind)), type_(type_of(kind)), message_(std::move(message)) {}

Error&& Error::with_param(std::string param) && {
  param_ = std::move(param);
  return std::move(*this);
}

Error&& Error::with_code(std::string code) && {
  code_ = std::move(code);
  return std::move(*this);
}

Error&& Error::with_type(std::string type) && {
  type_ = std::move(type);
  return std::move(*this);
}

Error&& Error::with_status(int status) && {
  status_ = status;
  return std::move(*this);
}

Error&& Error::with_request_id(std::string id) && {
  request_id_ = std::move(id);
  return std::move(*this);
}

Error&& Error::with_retry_after(std::chrono::milliseconds wait) && {
  retry_after_ = wait;
  return std::move(*this);
}

Error&& Error::with_attempts(int attempts) && {
  attempts_ = attempts;
  return std::move(*this);
}

void bad_result_access(const Error& error) noexcept {
  std::fprintf(stderr, "retort: a value was read from a failed result: %s\n", error.what());
  std::abort();
}

}  // namespace retort
