// GgufBytes: builds small GGUF files in memory, right or wrong on purpose. For tests only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/metadata.h"

namespace retort::gguf {

class GgufBytes {
 public:
  explicit GgufBytes(std::uint64_t tensors, std::uint64_t pairs, std::uint32_t version = 3) {
    raw("GGUF").number(version).number(tensors).number(pairs);
  }

  template <typename T>
  GgufBytes& number(T value) {
    const auto* data = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), data, data + sizeof(T));
    return *this;
  }
  GgufBytes& raw(std::string_view text) {
    const auto* data = reinterpret_cast<const std::byte*>(text.data());
    bytes_.insert(bytes_.end(), data, data + text.size());
    return *this;
  }
  GgufBytes& string(std::string_view text) { return number<std::uint64_t>(text.size()).raw(text); }
  GgufBytes& key(std::string_view name, ValueType type) {
    return string(name).number(static_cast<std::uint32_t>(type));
  }
  GgufBytes& array(std::string_view name, ValueType element, std::uint64_t count) {
    return key(name, ValueType::array).number(static_cast<std::uint32_t>(element)).number(count);
  }
  GgufBytes& tensor(std::string_view name, const std::vector<std::uint64_t>& shape,
                    std::uint32_t type, std::uint64_t offset) {
    string(name).number(static_cast<std::uint32_t>(shape.size()));
    for (const std::uint64_t dimension : shape) number(dimension);
    return number(type).number(offset);
  }
  GgufBytes& align(std::size_t alignment) {
    while (bytes_.size() % alignment != 0) bytes_.push_back(std::byte{0});
    return *this;
  }
  GgufBytes& zeros(std::size_t count) {
    bytes_.resize(bytes_.size() + count);
    return *this;
  }

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace retort::gguf
