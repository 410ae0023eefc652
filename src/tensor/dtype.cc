// See dtype.h. Block shapes are those of ggml-common.h; block_formats_test.cc and the golden files
// hold them against what the PyPI package gguf writes and reads.
#include "tensor/dtype.h"

#include <array>
#include <bit>

namespace retort::tensor {
namespace {

constexpr std::array<DTypeInfo, 32> kTypes = {{
    {DType::f32, "F32", 1, 4},
    {DType::f16, "F16", 1, 2},
    {DType::q4_0, "Q4_0", 32, 18},
    {DType::q4_1, "Q4_1", 32, 20},
    {DType::q5_0, "Q5_0", 32, 22},
    {DType::q5_1, "Q5_1", 32, 24},
    {DType::q8_0, "Q8_0", 32, 34},
    {DType::q8_1, "Q8_1", 32, 36},
    {DType::q2_k, "Q2_K", 256, 84},
    {DType::q3_k, "Q3_K", 256, 110},
    {DType::q4_k, "Q4_K", 256, 144},
    {DType::q5_k, "Q5_K", 256, 176},
    {DType::q6_k, "Q6_K", 256, 210},
    {DType::q8_k, "Q8_K", 256, 292},
    {DType::iq2_xxs, "IQ2_XXS", 256, 66},
    {DType::iq2_xs, "IQ2_XS", 256, 74},
    {DType::iq3_xxs, "IQ3_XXS", 256, 98},
    {DType::iq1_s, "IQ1_S", 256, 50},
    {DType::iq4_nl, "IQ4_NL", 32, 18},
    {DType::iq3_s, "IQ3_S", 256, 110},
    {DType::iq2_s, "IQ2_S", 256, 82},
    {DType::iq4_xs, "IQ4_XS", 256, 136},
    {DType::i8, "I8", 1, 1},
    {DType::i16, "I16", 1, 2},
    {DType::i32, "I32", 1, 4},
    {DType::i64, "I64", 1, 8},
    {DType::f64, "F64", 1, 8},
    {DType::iq1_m, "IQ1_M", 256, 56},
    {DType::bf16, "BF16", 1, 2},
    {DType::tq1_0, "TQ1_0", 256, 54},
    {DType::tq2_0, "TQ2_0", 256, 66},
    {DType::mxfp4, "MXFP4", 32, 17},
}};

// Index into kTypes by ggml number, -1 where there is none.
constexpr std::array<int, 40> kIndexByNumber = [] {
  std::array<int, 40> index = {};
  for (int& entry : index) entry = -1;
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    index[static_cast<std::size_t>(kTypes[i].type)] = static_cast<int>(i);
  }
  return index;
}();

}  // namespace

std::span<const DTypeInfo> dtypes() noexcept {
  return kTypes;
}

const DTypeInfo& dtype_info(DType type) noexcept {
  // Each type has a row, so that the index is never -1 here.
  const int index = kIndexByNumber[static_cast<std::size_t>(type)];
  return kTypes[static_cast<std::size_t>(index)];
}

std::optional<DType> dtype_from_ggml(std::uint32_t number) noexcept {
  if (number >= kIndexByNumber.size() || kIndexByNumber[number] < 0) return std::nullopt;
  return static_cast<DType>(number);
}

std::optional<std::uint64_t> dtype_bytes(DType type, std::uint64_t elements) noexcept {
  const DTypeInfo& info = dtype_info(type);
  if (elements % info.block_elements != 0) return std::nullopt;
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(elements / info.block_elements, info.block_bytes, &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

float float_from_f16(std::uint16_t half) noexcept {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t rest = half & 0x7FFFU;
  if (rest >= 0x7C00U) return std::bit_cast<float>(sign | 0x7F800000U | ((rest & 0x3FFU) << 13));
  // Read the exponent and fraction as a float's and mend the exponent's bias (127 - 15 = 112) by a
  // multiplication, which is exact and gets subnormal halves right too.
  const float value = std::bit_cast<float>(rest << 13) * 0x1p112F;
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(value));
}

std::uint16_t f16_from_float(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000U);
  std::uint32_t rest = bits & 0x7FFFFFFFU;
  if (rest > 0x7F800000U) return static_cast<std::uint16_t>(sign | 0x7E00U);   // NaN
  if (rest >= 0x47800000U) return static_cast<std::uint16_t>(sign | 0x7C00U);  // 65536 and beyond
  if (rest < 0x38800000U) {
    // Below 2^-14 halves are multiples of 2^-24. Adding 0.5 puts that unit at the float's last bit,
    // so the addition itself rounds to nearest even.
    const float shifted = std::bit_cast<float>(rest) + 0.5F;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000U));
  }
  rest += 0xFFFU + ((rest >> 13) & 1U);  // to nearest, ties to even; may carry up to infinity
  return static_cast<std::uint16_t>(sign | ((rest - 0x38000000U) >> 13));
}

float float_from_bf16(std::uint16_t bits) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

}  // namespace retort::tensor
