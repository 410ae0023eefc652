// Metadata: the typed key-value part of a GGUF file.
//
// Keys name what they hold ("llama.block_count", "tokenizer.ggml.tokens"). Values are views into
// the file's bytes: nothing is copied but one string_view for each element of a string array. A
// getter whose key is missing or of another type says so with the file, the key, the type and the
// offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <retort/result.h>

namespace retort::gguf {

// Numbers of the GGUF specification (ggml/docs/gguf.md, gguf_metadata_value_type).
enum class ValueType : std::uint32_t {
  u8 = 0,
  i8 = 1,
  u16 = 2,
  i16 = 3,
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
  f64 = 12,
};

// "uint32", "string", ...; "unknown" for another number.
std::string_view value_type_name(ValueType type) noexcept;

struct Value {
  std::string_view key;
  std::uint64_t offset = 0;  // of the value in the file, for errors
  ValueType type = ValueType::u8;
  ValueType element_type = ValueType::u8;  // of an array
  std::uint64_t count = 1;                 // elements of an array
  std::span<const std::byte> bytes;        // of a number, a string or an array of numbers
  std::vector<std::string_view> strings;   // of an array of strings
};

// An array of integers of any width, read where it lies (the file does not align it).
class IntegerArray {
 public:
  IntegerArray(const std::byte* data, std::size_t count, ValueType type)
      : data_(data), count_(count), type_(type) {}
  std::size_t size() const noexcept { return count_; }
  // Element `index`, below size(). A uint64 above the int64 range was refused by the getter.
  std::int64_t operator[](std::size_t index) const noexcept;

 private:
  const std::byte* data_;
  std::size_t count_;
  ValueType type_;
};

// An array of float32 or float64, read where it lies.
class NumberArray {
 public:
  NumberArray(const std::byte* data, std::size_t count, ValueType type)
      : data_(data), count_(count), type_(type) {}
  std::size_t size() const noexcept { return count_; }
  double operator[](std::size_t index) const noexcept;

 private:
  const std::byte* data_;
  std::size_t count_;
  ValueType type_;
};

// Immutable once built; views stay valid as long as the file's bytes. Thread-safe.
class Metadata {
 public:
  explicit Metadata(std::string file) : file_(std::move(file)) {}

  // Adds a value; false where the key is there already. Used by the reader only.
  bool add(Value value);

  // All values in file order.
  std::span<const Value> values() const noexcept { return values_; }
  // Null where there is no such key.
  const Value* find(std::string_view key) const noexcept;

  // One value. The key must be there and be of the kind asked for: any integer width for uint and
  // integer (in range), any float or integer for number.
  Result<std::string_view> string(std::string_view key) const;
  Result<std::uint64_t> uint(std::string_view key) const;
  Result<std::int64_t> integer(std::string_view key) const;
  Result<double> number(std::string_view key) const;
  Result<bool> boolean(std::string_view key) const;
  Result<std::span<const std::string_view>> strings(std::string_view key) const;
  Result<IntegerArray> integers(std::string_view key) const;
  Result<NumberArray> numbers(std::string_view key) const;

  // The same, but nothing where the key is absent. A value of another type is still an error.
  Result<std::optional<std::string_view>> optional_string(std::string_view key) const;
  Result<std::optional<std::uint64_t>> optional_uint(std::string_view key) const;
  Result<std::optional<std::int64_t>> optional_integer(std::string_view key) const;
  Result<std::optional<double>> optional_number(std::string_view key) const;
  Result<std::optional<bool>> optional_boolean(std::string_view key) const;
  Result<std::optional<std::span<const std::string_view>>> optional_strings(
      std::string_view key) const;
  Result<std::optional<IntegerArray>> optional_integers(std::string_view key) const;
  Result<std::optional<NumberArray>> optional_numbers(std::string_view key) const;

 private:
  Result<const Value*> require(std::string_view key) const;
  Error wrong_type(const Value& value, std::string_view wanted) const;

  std::string file_;
  std::vector<Value> values_;
  std::unordered_map<std::string_view, std::size_t> index_;  // key -> values_
};

}  // namespace retort::gguf
