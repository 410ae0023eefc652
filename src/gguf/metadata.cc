// See metadata.h.
#include "gguf/metadata.h"

#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "gguf/byte_cursor.h"

namespace retort::gguf {
namespace {

constexpr std::array<std::string_view, 13> kTypeNames = {
    "uint8",   "int8",   "uint16", "int16",  "uint32", "int32",  "float32",
    "boolean", "string", "array",  "uint64", "int64",  "float64"};

template <typename T>
T load(const std::byte* data) noexcept {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

bool is_integer(ValueType type) noexcept {
  switch (type) {
    case ValueType::u8:
    case ValueType::i8:
    case ValueType::u16:
    case ValueType::i16:
    case ValueType::u32:
    case ValueType::i32:
    case ValueType::u64:
    case ValueType::i64:
      return true;
    default:
      return false;
  }
}

bool is_float(ValueType type) noexcept {
  return type == ValueType::f32 || type == ValueType::f64;
}

// Element `index` of integers of `type` at `data`. A uint64 keeps its bits.
std::int64_t load_integer(const std::byte* data, std::size_t index, ValueType type) noexcept {
  switch (type) {
    case ValueType::u8:
      return load<std::uint8_t>(data + index);
    case ValueType::i8:
      return load<std::int8_t>(data + index);
    case ValueType::u16:
      return load<std::uint16_t>(data + index * 2);
    case ValueType::i16:
      return load<std::int16_t>(data + index * 2);
    case ValueType::u32:
      return load<std::uint32_t>(data + index * 4);
    case ValueType::i32:
      return load<std::int32_t>(data + index * 4);
    default:
      return load<std::int64_t>(data + index * 8);
  }
}

double load_float(const std::byte* data, std::size_t index, ValueType type) noexcept {
  return type == ValueType::f32 ? static_cast<double>(load<float>(data + index * 4))
                                : load<double>(data + index * 8);
}

bool beyond_int64(const Value& value, std::size_t index, ValueType type) noexcept {
  return type == ValueType::u64 && load_integer(value.bytes.data(), index, type) < 0;
}

// Turns a getter into its optional twin: an absent key is no error.
template <typename T>
Result<std::optional<T>> absent_or(const Metadata& metadata, std::string_view key,
                                   Result<T> (Metadata::*getter)(std::string_view) const) {
  if (metadata.find(key) == nullptr) return std::optional<T>();
  Result<T> value = (metadata.*getter)(key);
  if (!value) return std::move(value).error();
  return std::optional<T>(std::move(*value));
}

}  // namespace

std::string_view value_type_name(ValueType type) noexcept {
  const auto number = static_cast<std::size_t>(type);
  return number < kTypeNames.size() ? kTypeNames[number] : "unknown";
}

std::int64_t IntegerArray::operator[](std::size_t index) const noexcept {
  return load_integer(data_, index, type_);
}

double NumberArray::operator[](std::size_t index) const noexcept {
  return load_float(data_, index, type_);
}

bool Metadata::add(Value value) {
  if (!index_.emplace(value.key, values_.size()).second) return false;
  values_.push_back(std::move(value));
  return true;
}

const Value* Metadata::find(std::string_view key) const noexcept {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &values_[found->second];
}

Result<const Value*> Metadata::require(std::string_view key) const {
  const Value* value = find(key);
  if (value != nullptr) return value;
  return Error(ErrorKind::malformed, file_ + ": metadata key '" + std::string(key) +
                                         "' is missing; the file was not written for this use, "
                                         "convert it again");
}

Error Metadata::wrong_type(const Value& value, std::string_view wanted) const {
  std::string what = "metadata key '" + std::string(value.key) + "' is of type ";
  what += value_type_name(value.type);
  if (value.type == ValueType::array) {
    what += " of ";
    what += value_type_name(value.element_type);
  }
  what += ", but must be ";
  what += wanted;
  return file_error(file_, value.offset, what, "convert the file again");
}

Result<std::string_view> Metadata::string(std::string_view key) const {
  auto value = require(key);
  if (!value) return std::move(value).error();
  if ((*value)->type != ValueType::string) return wrong_type(**value, "a string");
  const auto bytes = (*value)->bytes;
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Result<std::uint64_t> Metadata::uint(std::string_view key) const {
  auto value = require(key);
  if (!value) return std::move(value).error();
  if (!is_integer((*value)->type)) return wrong_type(**value, "an integer");
  const std::int64_t number = load_integer((*value)->bytes.data(), 0, (*value)->type);
  if (number < 0 && (*value)->type != ValueType::u64) {
    return wrong_type(**value, "an integer that is not negative");
  }
  return static_cast<std::uint64_t>(number);
}

Result<std::int64_t> Metadata::integer(std::string_view key) const {
  auto value = require(key);
  if (!value) return std::move(value).error();
  if (!is_integer((*value)->type) || beyond_int64(**value, 0, (*value)->type)) {
    return wrong_type(**value, "an integer of 63 bits and a sign");
  }
  return load_integer((*value)->bytes.data(), 0, (*value)->type);
}

Result<double> Metadata::number(std::string_view key) const {
  auto value = require(key);
  if (!value) return std::move(value).error();
  if (is_float((*value)->type)) return load_float((*value)->bytes.data(), 0, (*value)->type);
  if (!is_integer((*value)->type)) return wrong_type(**value, "a number");
  if ((*value)->type == ValueType::u64) {
    return static_cast<double>(load<std::uint64_t>((*value)->bytes.data()));
  }
  return static_cast<double>(load_integer((*value)->bytes.data(), 0, (*value)->type));
}

Result<bool> Metadata::boolean(std::string_view key) const {
  auto value = require(key);
  if (!value) return std::move(value).error();
  if ((*value)->type != ValueType::boolean) return wrong_type(**value, "a boolean");
  return (*value)->bytes[0] != std::byte{0};
}

Result<std::span<const std::string_view>> Metadata::strings(std::string_view key) const {
  auto value = require(key);
  if (!value) return std::move(value).error();
  if ((*value)->type != ValueType::array || (*value)->element_type != ValueType::string) {
    return wrong_type(**value, "an array of strings");
  }
  return std::span<const std::string_view>((*value)->strings);
}

Result<IntegerArray> Metadata::integers(std::string_view key) const {
  auto value = require(key);
  if (!value) return std::move(value).error();
  const Value& array = **value;
  if (array.type != ValueType::array || !is_integer(array.element_type)) {
    return wrong_type(array, "an array of integers");
  }
  for (std::size_t i = 0; i < array.count; ++i) {
    if (beyond_int64(array, i, array.element_type)) {
      return wrong_type(array, "an array of integers of 63 bits and a sign");
    }
  }
  return IntegerArray(array.bytes.data(), array.count, array.element_type);
}

Result<NumberArray> Metadata::numbers(std::string_view key) const {
  auto value = require(key);
  if (!value) return std::move(value).error();
  const Value& array = **value;
  if (array.type != ValueType::array || !is_float(array.element_type)) {
    return wrong_type(array, "an array of floats");
  }
  return NumberArray(array.bytes.data(), array.count, array.element_type);
}

Result<std::optional<std::string_view>> Metadata::optional_string(std::string_view key) const {
  return absent_or(*this, key, &Metadata::string);
}
Result<std::optional<std::uint64_t>> Metadata::optional_uint(std::string_view key) const {
  return absent_or(*this, key, &Metadata::uint);
}
Result<std::optional<std::int64_t>> Metadata::optional_integer(std::string_view key) const {
  return absent_or(*this, key, &Metadata::integer);
}
Result<std::optional<double>> Metadata::optional_number(std::string_view key) const {
  return absent_or(*this, key, &Metadata::number);
}
Result<std::optional<bool>> Metadata::optional_boolean(std::string_view key) const {
  return absent_or(*this, key, &Metadata::boolean);
}
Result<std::optional<std::span<const std::string_view>>> Metadata::optional_strings(
    std::string_view key) const {
  return absent_or(*this, key, &Metadata::strings);
}
Result<std::optional<IntegerArray>> Metadata::optional_integers(std::string_view key) const {
  return absent_or(*this, key, &Metadata::integers);
}
Result<std::optional<NumberArray>> Metadata::optional_numbers(std::string_view key) const {
  return absent_or(*this, key, &Metadata::numbers);
}

}  // namespace retort::gguf
