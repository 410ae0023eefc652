// See byte_cursor.h.
//
// Every comparison is of the wanted size against what remains, never of a sum that could overflow.
#include "gguf/byte_cursor.h"

namespace retort::gguf {

Error file_error(std::string_view file, std::uint64_t offset, std::string_view what,
                 std::string_view mend) {
  std::string message(file);
  message += ": byte " + std::to_string(offset) + ": ";
  message += what;
  message += "; ";
  message += mend;
  return Error(ErrorKind::malformed, std::move(message));
}

Result<std::span<const std::byte>> ByteCursor::take(std::uint64_t size, std::string_view what) {
  if (size > remaining()) {
    return error(std::string(what) + " needs " + std::to_string(size) + " bytes, but only " +
                 std::to_string(remaining()) + " remain");
  }
  const auto taken = bytes_.subspan(offset_, size);
  offset_ += size;
  return taken;
}

Result<std::string_view> ByteCursor::string(std::uint64_t bytes_max, std::string_view what) {
  const std::uint64_t start = offset_;
  auto length = number<std::uint64_t>(what);
  if (!length) return std::move(length).error();
  if (*length > bytes_max) {
    return error_at(start, std::string(what) + " says it is " + std::to_string(*length) +
                               " bytes long, more than the " + std::to_string(bytes_max) +
                               " allowed");
  }
  auto bytes = take(*length, what);
  if (!bytes) return std::move(bytes).error();
  return std::string_view(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

}  // namespace retort::gguf
