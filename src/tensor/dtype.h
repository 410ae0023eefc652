// The element types of tensors, as a table: name, block shape, and number in a GGUF file.
//
// A block format packs `block_elements` consecutive elements of a row into `block_bytes` bytes.
// Files may hold types that no kernel multiplies by; those are known by name and size here, so that
// a file is checked completely and the error can say which type it is. What a kernel class can
// compute with is said by Kernels::supports (kernels.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace retort::tensor {

// Values are ggml's own numbers, which a GGUF file stores (ggml.h, enum ggml_type; ggml's numbers
// 4, 5, 31 to 33 and 36 to 38 stood for formats that were removed).
enum class DType : std::uint8_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q8_1 = 9,
  q2_k = 10,
  q3_k = 11,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  q8_k = 15,
  iq2_xxs = 16,
  iq2_xs = 17,
  iq3_xxs = 18,
  iq1_s = 19,
  iq4_nl = 20,
  iq3_s = 21,
  iq2_s = 22,
  iq4_xs = 23,
  i8 = 24,
  i16 = 25,
  i32 = 26,
  i64 = 27,
  f64 = 28,
  iq1_m = 29,
  bf16 = 30,
  tq1_0 = 34,
  tq2_0 = 35,
  mxfp4 = 39,
};

// One more than the largest number.
inline constexpr std::size_t kDTypeNumbers = 40;

struct DTypeInfo {
  DType type;
  std::string_view name;         // as model files and tools spell it: "F32", "Q8_0"
  std::uint32_t block_elements;  // 1 for plain types
  std::uint32_t block_bytes;
};

// All known types, by rising number.
std::span<const DTypeInfo> dtypes() noexcept;

// The type's row in the table. Thread-safe, as everything here.
const DTypeInfo& dtype_info(DType type) noexcept;

inline std::string_view dtype_name(DType type) noexcept {
  return dtype_info(type).name;
}

// The type with this number in a GGUF file; nothing where no such type is known.
std::optional<DType> dtype_from_ggml(std::uint32_t number) noexcept;

// Bytes of `elements` consecutive elements, a whole number of blocks; nothing where it is not one,
// or where the result does not fit.
std::optional<std::uint64_t> dtype_bytes(DType type, std::uint64_t elements) noexcept;

// IEEE 754 half precision and bfloat16, to and from float. To float is exact (a NaN stays a NaN);
// to half rounds to nearest, ties to even, and overflows to infinity.
float float_from_f16(std::uint16_t half) noexcept;
std::uint16_t f16_from_float(float value) noexcept;
float float_from_bf16(std::uint16_t bits) noexcept;

}  // namespace retort::tensor
