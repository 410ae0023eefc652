// Tests of the weight formats against the numpy code of the PyPI package gguf: see
// tests/golden/quants/make_quants.py.
#include "tensor/block_formats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tensor/kernels.h"
#include "tensor/matrix.h"

namespace retort::tensor {
namespace {

// Blocks as in a model file, and their elements.
struct Golden {
  std::vector<std::byte> blocks;
  std::vector<float> elements;
};

Golden read_golden(DType type) {
  std::string name(dtype_name(type));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::ifstream file(std::string(RETORT_SOURCE_DIR) + "/tests/golden/quants/" + name + ".bin",
                     std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  const DTypeInfo& info = dtype_info(type);
  const std::size_t both = info.block_bytes + info.block_elements * sizeof(float);
  EXPECT_FALSE(bytes.empty()) << name;
  EXPECT_EQ(bytes.size() % both, 0U) << name;
  const std::size_t count = bytes.size() / both;
  Golden golden;
  golden.blocks.resize(count * info.block_bytes);
  golden.elements.resize(count * info.block_elements);
  std::memcpy(golden.blocks.data(), bytes.data(), golden.blocks.size());
  std::memcpy(golden.elements.data(), bytes.data() + golden.blocks.size(),
              golden.elements.size() * sizeof(float));
  return golden;
}

void expect_same_bits(const std::vector<float>& values, const std::vector<float>& wanted) {
  ASSERT_EQ(values.size(), wanted.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(values[i]), std::bit_cast<std::uint32_t>(wanted[i]))
        << "element " << i << ": " << values[i] << ", not " << wanted[i];
  }
}

// All but F32, in which there is nothing to convert.
std::vector<DType> weight_types() {
  std::vector<DType> types;
  for (const DTypeInfo& info : dtypes()) {
    if (is_weight_type(info.type) && info.type != DType::f32) types.push_back(info.type);
  }
  return types;
}

std::vector<DType> block_types() {
  std::vector<DType> types = weight_types();
  std::erase_if(types, [](DType type) { return dtype_info(type).block_elements == 1; });
  return types;
}

class BlockType : public ::testing::TestWithParam<DType> {};
class WeightType : public ::testing::TestWithParam<DType> {};

INSTANTIATE_TEST_SUITE_P(All, BlockType, ::testing::ValuesIn(block_types()),
                         [](const auto& each) { return std::string(dtype_name(each.param)); });
INSTANTIATE_TEST_SUITE_P(All, WeightType, ::testing::ValuesIn(weight_types()),
                         [](const auto& each) { return std::string(dtype_name(each.param)); });

TEST_P(BlockType, EqualsTheNumpyReferenceBitForBit) {
  const Dequantize dequantize = dequantizer(GetParam());
  const Golden golden = read_golden(GetParam());
  std::vector<float> values(golden.elements.size());
  dequantize(golden.blocks.data(), values.size(), values.data());
  expect_same_bits(values, golden.elements);
}

TEST_P(WeightType, RowsOfAMatrixEqualTheNumpyReferenceBitForBit) {
  const Golden golden = read_golden(GetParam());
  // Four rows of whole blocks, one byte off any alignment.
  const std::size_t block = dtype_info(GetParam()).block_elements;
  const std::size_t cols = golden.elements.size() / block / 4 * block;
  std::vector<std::byte> shifted(golden.blocks.size() + 1);
  std::copy(golden.blocks.begin(), golden.blocks.end(), shifted.begin() + 1);
  const auto matrix = Matrix::make(GetParam(), 4, cols, shifted.data() + 1);
  ASSERT_TRUE(matrix);
  std::vector<float> values(4 * cols);
  for (std::size_t row = 0; row < 4; ++row) matrix->read_row(row, values.data() + row * cols);
  expect_same_bits(values, {golden.elements.begin(), golden.elements.begin() + 4 * cols});
}

TEST(WeightTypes, AreAllThatPeopleUse) {
  std::string names = "F32";
  for (const DType type : weight_types()) {
    names += ", " + std::string(dtype_name(type));
  }
  EXPECT_EQ(names,
            "F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, "
            "IQ4_XS, BF16, MXFP4");
  EXPECT_EQ(names, weight_type_names());
}

}  // namespace
}  // namespace retort::tensor
