// The one place that throws: an Error as the child that its kind and status name.
#include <utility>

#include <retort/error.h>

namespace retort {
namespace {

[[noreturn]] void throw_status(Error error) {
  switch (error.status()) {
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
  if (error.status() >= 500) throw ServerError(std::move(error));
  if (error.status() >= 400) throw BadRequestError(std::move(error));
  throw StatusError(std::move(error));
}

}  // namespace

void throw_error(Error error) {
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
