// The one place that throws: an Error as the child that its kind and status name.
#include <utility>

#include <retort/error.h>

namespace retort {
namespace {

// An error within a stream has a kind, where it says so, but came behind a status of 200.
int status_of(const Error& error) {
  return error.status() != 0 ? error.status() : Error(error.kind(), "").status();
}

[[noreturn]] void throw_status(Error error) {
  const int status = status_of(error);
  switch (status) {
    case 401:
      throw AuthenticationError(std::move(error));
    case 403:
      throw PermissionError(std::move(error));
    case 404:
      throw NotFoundError(std::move(error));
    case 409:
      throw ConflictError(std::move(error));
    case 422:
      throw UnprocessableError(std::move(error));
    case 429:
      throw RateLimitError(std::move(error));
    default:
      break;
  }
  if (status >= 500) throw ServerError(std::move(error));
  if (status >= 400) throw BadRequestError(std::move(error));
  throw StatusError(std::move(error));
}

}  // namespace

void throw_error(Error error) {
  // A tool's own error is none of the server's, whatever its kind.
  if (error.code() == "tool_failed") throw error;
  switch (error.kind()) {
    case ErrorKind::connection:
      throw ConnectionError(std::move(error));
    case ErrorKind::timeout:
      throw TimeoutError(std::move(error));
    case ErrorKind::cancelled:
      throw CancelledError(std::move(error));
    case ErrorKind::stream_truncated:
      throw StreamTruncatedError(std::move(error));
    case ErrorKind::malformed:
      throw MalformedError(std::move(error));
    case ErrorKind::config:
    case ErrorKind::io:
      throw error;
    default:
      throw_status(std::move(error));
  }
}

}  // namespace retort
