// The header's list: bounded when it is filled, and again when it is spelled.
#include "protocol/ignored_fields.h"

#include <algorithm>
#include <utility>

namespace retort::protocol {
namespace {

bool is_plain(unsigned char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
}

std::string more_mark(std::size_t count) {
  return '+' + std::to_string(count);
}

}  // namespace

std::string encode_field_name(std::string_view name) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char letter : name) {
    const auto byte = static_cast<unsigned char>(letter);
    if (is_plain(byte)) {
      encoded += letter;
      continue;
    }
    encoded += '%';
    encoded += kHex[byte >> 4];
    encoded += kHex[byte & 15];
  }
  return encoded;
}

void IgnoredFields::add(std::string path) {
  if (std::find(paths_.begin(), paths_.end(), path) != paths_.end()) return;
  if (paths_.size() == kPathsMax || path.size() > kHeaderBytesMax) {
    ++more_;
    return;
  }
  paths_.push_back(std::move(path));
}

std::string IgnoredFields::header_value() const {
  // Room for the mark at its longest is kept from the start.
  const std::size_t room = kHeaderBytesMax - 2 - more_mark(more_ + paths_.size()).size();
  std::string value;
  std::size_t listed = 0;
  for (const std::string& path : paths_) {
    const std::size_t separator = value.empty() ? 0 : 2;
    if (value.size() + separator + path.size() > room) break;
    if (separator > 0) value += ", ";
    value += path;
    ++listed;
  }
  const std::size_t unlisted = more_ + paths_.size() - listed;
  if (unlisted == 0) return value;
  if (!value.empty()) value += ", ";
  return value + more_mark(unlisted);
}

}  // namespace retort::protocol
