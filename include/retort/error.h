// Error: what went wrong, for a program (kind, status, code, param) and for a person (message).
//
// One value class for the server and the client. The server renders it as the error body of the
// wire contract, {"error": {"message", "type", "param", "code"}}; the client fills it from such a
// body.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#pragma GCC visibility push(default)

namespace retort {

// Whose fault it is, and so what can be done about it. The HTTP status follows from it (see
// status()).
enum class ErrorKind : std::uint8_t {
  invalid_request,     // 400: the request breaks the contract; param names the field
  authentication,      // 401: no key, or one that is not known
  payment_required,    // 402: no credit left
  permission,          // 403: the key may not do this
  not_found,           // 404: no such model, route or object
  method_not_allowed,  // 405
  request_timeout,     // 408: the request did not arrive in time
  conflict,            // 409
  too_large,           // 413: a body beyond its limit
  unsupported_media,   // 415: not application/json
  unprocessable,       // 422
  rate_limit,          // 429: too many requests, or a full queue
  headers_too_large,   // 431
  internal,            // 500: our own fault
  bad_upstream,        // 502: an inference service behind us failed
  unavailable,         // 503: starting, draining or overloaded
  upstream_timeout,    // 504
  connection,          // client side: no answer came (status 0)
  timeout,             // client side: a time limit passed (status 0)
  cancelled,           // the caller asked to stop (status 0)
  stream_truncated,    // client side: a stream ended before its finish_reason (status 0)
  malformed,           // bytes from outside that cannot be read: a file, an answer (status 0)
  io,                  // a file or socket could not be opened, read or written (status 0)
  config,              // a flag, setting or environment variable is wrong (status 0)
};

class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message);

  // Each returns *this, so that an error reads as one expression:
  //   return Error(ErrorKind::invalid_request, "...").with_param("temperature").with_code("...");
  Error&& with_param(std::string param) &&;
  Error&& with_code(std::string code) &&;
  Error&& with_type(std::string type) &&;
  Error&& with_status(int status) &&;
  Error&& with_request_id(std::string id) &&;
  Error&& with_retry_after(std::chrono::milliseconds wait) &&;
  Error&& with_attempts(int attempts) &&;

  ErrorKind kind() const noexcept { return kind_; }
  // The HTTP status; 0 where the error never was an HTTP answer.
  int status() const noexcept { return status_; }
  // The wire's error.type, e.g. "invalid_request_error".
  const std::string& type() const noexcept { return type_; }
  // The wire's error.code, empty when there is none.
  const std::string& code() const noexcept { return code_; }
  // The field at fault, e.g. "messages[0].content", empty when no single field is.
  const std::string& param() const noexcept { return param_; }
  const std::string& message() const noexcept { return message_; }
  const std::string& request_id() const noexcept { return request_id_; }
  std::optional<std::chrono::milliseconds> retry_after() const noexcept { return retry_after_; }
  // How many times the client tried; 0 on the server.
  int attempts() const noexcept { return attempts_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ErrorKind kind_;
  int status_;
  std::string type_;
  std::string code_;
  std::string param_;
  std::string message_;
  std::string request_id_;
  std::optional<std::chrono::milliseconds> retry_after_;
  int attempts_ = 0;
};

// ------------------------------------------------------------------- what the client's methods
// throw
//
// The children of Error add only their type, so that a catch clause can choose:
//
//   Error
//     StatusError             the server answered with a status of 400 or above
//       BadRequestError         400, and any other 4xx without a class of its own
//       AuthenticationError     401
//       PermissionError         403
//       NotFoundError           404
//       ConflictError           409
//       UnprocessableError      422
//       RateLimitError          429
//       ServerError             500 and above
//     ConnectionError         no answer came, or it broke off
//       TimeoutError            because a limit of Timeouts passed
//     CancelledError          the caller's stop_token asked for it
//     StreamTruncatedError    a stream ended before its finish_reason
//     MalformedError          an answer that cannot be read
//
// An error without a class here (an option that is wrong) is thrown as Error itself.

class StatusError : public Error {
 public:
  explicit StatusError(Error error) : Error(std::move(error)) {}
};
class BadRequestError : public StatusError {
 public:
  using StatusError::StatusError;
};
class AuthenticationError : public StatusError {
 public:
  using StatusError::StatusError;
};
class PermissionError : public StatusError {
 public:
  using StatusError::StatusError;
};
class NotFoundError : public StatusError {
 public:
  using StatusError::StatusError;
};
class ConflictError : public StatusError {
 public:
  using StatusError::StatusError;
};
class UnprocessableError : public StatusError {
 public:
  using StatusError::StatusError;
};
class RateLimitError : public StatusError {
 public:
  using StatusError::StatusError;
};
class ServerError : public StatusError {
 public:
  using StatusError::StatusError;
};

class ConnectionError : public Error {
 public:
  explicit ConnectionError(Error error) : Error(std::move(error)) {}
};
class TimeoutError : public ConnectionError {
 public:
  using ConnectionError::ConnectionError;
};
class CancelledError : public Error {
 public:
  explicit CancelledError(Error error) : Error(std::move(error)) {}
};
class StreamTruncatedError : public Error {
 public:
  explicit StreamTruncatedError(Error error) : Error(std::move(error)) {}
};
class MalformedError : public Error {
 public:
  explicit MalformedError(Error error) : Error(std::move(error)) {}
};

// Throws `error` as the child that its kind and status name. In libretort, whose headers throw
// nothing themselves: code without exceptions may include them and call the try_ half.
[[noreturn]] void throw_error(Error error);

}  // namespace retort

#pragma GCC visibility pop
