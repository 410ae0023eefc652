// Tests of every kernel class that this machine has, against plain double-precision arithmetic.
#include "tensor/kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace retort::tensor {
namespace {

using ::testing::HasSubstr;

class EachKernelClass : public ::testing::TestWithParam<KernelClass> {
 protected:
  const Kernels& kernels() const { return **choose_kernels(kernel_class_name(GetParam())); }
};

INSTANTIATE_TEST_SUITE_P(All, EachKernelClass,
                         ::testing::ValuesIn(available_kernel_classes().begin(),
                                             available_kernel_classes().end()),
                         [](const auto& each) {
                           return std::string(kernel_class_name(each.param));
                         });

std::vector<float> random_floats(std::size_t count, unsigned seed, float sigma = 1.0F) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0F, sigma);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

TEST(Kernels, UnknownAndMissingClassesAreNamed) {
  EXPECT_EQ((*choose_kernels(""))->kernel_class, available_kernel_classes().back());
  EXPECT_EQ((*choose_kernels("portable"))->name, "portable");
  const auto unknown = choose_kernels("sse9");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind(), ErrorKind::config);
  EXPECT_THAT(unknown.error().message(), HasSubstr("'sse9'"));
  EXPECT_THAT(unknown.error().message(), HasSubstr("portable"));
}

TEST(DType, HalvesConvertAsIeeeSays) {
  EXPECT_EQ(float_from_f16(0x3C00), 1.0F);
  EXPECT_EQ(float_from_f16(0x0001), 0x1p-24F);
  EXPECT_EQ(float_from_f16(0xFBFF), -65504.0F);
  EXPECT_TRUE(std::isinf(float_from_f16(0x7C00)));
  EXPECT_TRUE(std::isnan(float_from_f16(0x7C01)));
  EXPECT_EQ(f16_from_float(65520.0F), 0x7C00);  // halfway beyond the largest
  EXPECT_EQ(f16_from_float(65519.0F), 0x7BFF);
  EXPECT_EQ(f16_from_float(1.0F + 0x1p-11F), 0x3C00);  // a tie, to even
  EXPECT_EQ(f16_from_float(1.0F + 0x1.8p-10F), 0x3C02);
  EXPECT_EQ(f16_from_float(0x1p-25F), 0x0000);
  EXPECT_EQ(f16_from_float(0x1.8p-25F), 0x0001);
  for (std::uint32_t half = 0; half < 65'536; ++half) {
    const float value = float_from_f16(static_cast<std::uint16_t>(half));
    if (!std::isnan(value)) ASSERT_EQ(f16_from_float(value), half);
  }
}

TEST_P(EachKernelClass, HalvesAreWrittenAndReadAsTheScalarRuleSays) {
  std::vector<float> values = random_floats(1'000, 5, 300.0F);
  for (std::size_t i = 0; i < values.size(); i += 3) values[i] *= 1e-7F;  // subnormal halves
  values[7] = 70'000.0F;
  values[8] = 1.0F + 0x1p-11F;
  values[9] = -0.0F;
  std::vector<std::uint16_t> halves(values.size() + 1, 0xABCD);
  kernels().to_f16(values.data(), values.size(), halves.data());
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(halves[i], f16_from_float(values[i])) << values[i];
  }
  EXPECT_EQ(halves.back(), 0xABCD);
  // Reading: a product of one row with a unit vector gives the half back.
  for (std::uint32_t half = 0; half < 65'536; half += 32) {
    std::uint16_t row[32];
    for (std::uint16_t i = 0; i < 32; ++i) row[i] = static_cast<std::uint16_t>(half + i);
    for (const std::size_t at : {0, 13, 31}) {
      if ((row[31] & 0x7C00) == 0x7C00) continue;  // infinities and NaNs spoil the sum
      std::vector<float> x(32);
      x[at] = 1.0F;
      float out = 0;
      MatmulSlice slice;
      slice.weights = reinterpret_cast<const std::byte*>(row);
      slice.cols = 32;
      slice.row_end = 1;
      slice.batch = 1;
      slice.x = x.data();
      slice.out = &out;
      slice.out_stride = 1;
      kernels().matmul(DType::f16)(slice);
      ASSERT_EQ(out, float_from_f16(row[at])) << row[at];
    }
  }
}

TEST_P(EachKernelClass, RmsNormFollowsItsFormula) {
  for (const std::size_t count : {1, 2, 15, 16, 17, 64, 100, 2'048}) {
    const auto x = random_floats(count, 1, 3.0F);
    const auto weight = random_floats(count, 2);
    std::vector<float> out(count + 1, 77.0F);
    kernels().rms_norm(x.data(), weight.data(), out.data(), count, 1e-5F);
    double squares = 0;
    for (const float v : x) squares += static_cast<double>(v) * v;
    const double inverse = 1 / std::sqrt(squares / static_cast<double>(count) + 1e-5);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_NEAR(out[i], x[i] * inverse * weight[i], 1e-6 * std::abs(x[i] * weight[i]) + 1e-7);
    }
    EXPECT_EQ(out[count], 77.0F);
    std::vector<float> in_place = x;
    kernels().rms_norm(in_place.data(), weight.data(), in_place.data(), count, 1e-5F);
    in_place.push_back(77.0F);
    EXPECT_EQ(in_place, out);
  }
}

TEST_P(EachKernelClass, SiluMulFollowsItsFormula) {
  for (const std::size_t count : {1, 5, 16, 33, 200}) {
    auto gate = random_floats(count, 3, 8.0F);
    if (count > 4) {
      gate[0] = 100.0F;
      gate[1] = -100.0F;
      gate[2] = 0.0F;
    }
    const auto up = random_floats(count, 4);
    std::vector<float> out(count);
    kernels().silu_mul(gate.data(), up.data(), out.data(), count);
    for (std::size_t i = 0; i < count; ++i) {
      const double wanted = gate[i] / (1 + std::exp(-static_cast<double>(gate[i]))) * up[i];
      ASSERT_NEAR(out[i], wanted, 4e-7 * std::abs(wanted) + 1e-30) << gate[i];
    }
  }
}

TEST_P(EachKernelClass, GeluMulFollowsItsFormula) {
  for (const std::size_t count : {1, 5, 16, 33, 200}) {
    auto gate = random_floats(count, 9, 4.0F);
    if (count > 4) {
      gate[0] = 100.0F;
      gate[1] = -100.0F;
      gate[2] = 0.0F;
    }
    const auto up = random_floats(count, 10);
    std::vector<float> out(count);
    kernels().gelu_mul(gate.data(), up.data(), out.data(), count);
    for (std::size_t i = 0; i < count; ++i) {
      const double g = gate[i];
      const double inner = std::sqrt(2 / std::numbers::pi) * (g + 0.044715 * g * g * g);
      const double wanted = g / 2 * (1 + std::tanh(inner)) * up[i];
      ASSERT_NEAR(out[i], wanted, 2e-6 * std::abs(wanted) + 2e-6) << gate[i];
    }
  }
}

TEST_P(EachKernelClass, SoftCapFollowsItsFormula) {
  for (const std::size_t count : {1, 5, 16, 33, 200}) {
    auto x = random_floats(count, 11, 40.0F);
    x[0] = -1e6F;
    auto out = x;
    kernels().soft_cap(out.data(), count, 30.0F);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_NEAR(out[i], 30 * std::tanh(x[i] / 30.0), 30 * 4e-7) << x[i];
    }
  }
}

TEST_P(EachKernelClass, SoftmaxFollowsItsFormula) {
  for (const std::size_t count : {1, 3, 16, 31, 500}) {
    auto x = random_floats(count, 6, 5.0F);
    double sum = 0;
    const double top = *std::max_element(x.begin(), x.end());
    for (const float v : x) sum += std::exp(v - top);
    auto out = x;
    kernels().softmax(out.data(), count);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_NEAR(out[i], std::exp(x[i] - top) / sum, 2e-6 * std::exp(x[i] - top) / sum + 1e-12);
    }
  }
}

TEST_P(EachKernelClass, QuantizedRowsFollowTheirRule) {
  constexpr std::size_t kCols = 32 * 9;
  auto x = random_floats(kCols, 8);
  std::fill_n(x.begin() + 32, 32, 0.0F);
  x[64] = 127.0F;
  x[65] = 0.5F;  // with a scale of 1, a tie: to even, so 0
  x[66] = 1.5F;  // to 2
  std::fill_n(x.begin() + 67, 29, -3.0F);
  std::vector<std::int8_t> values(kCols);
  std::vector<float> scales(9);
  std::vector<std::int32_t> offsets(9);
  std::vector<std::int32_t> half_offsets(18);
  std::vector<std::uint8_t> raised(kCols);
  std::vector<float> sums(9);
  std::vector<float> half_sums(18);
  kernels().quantize_row(x.data(), kCols, 1,
                         {values.data(), raised.data(), scales.data(), offsets.data(),
                          half_offsets.data(), sums.data(), half_sums.data()});
  for (std::size_t block = 0; block < 9; ++block) {
    float top = 0;
    std::int32_t sum = 0;
    for (std::size_t i = block * 32; i < block * 32 + 32; ++i) top = std::max(top, std::abs(x[i]));
    EXPECT_EQ(scales[block], top / 127.0F);
    const float inverse = top > 0 ? 127.0F / top : 0.0F;
    for (std::size_t i = block * 32; i < block * 32 + 32; ++i) {
      ASSERT_EQ(values[i], static_cast<int>(std::nearbyint(x[i] * inverse))) << i;
      sum += values[i];
      ASSERT_EQ(raised[i], values[i] + 128);
    }
    EXPECT_EQ(sums[block], scales[block] * static_cast<float>(sum));
    const std::int32_t half_sum = half_offsets[2 * block + 1] / -128;
    EXPECT_EQ(half_sums[2 * block + 1], scales[block] * static_cast<float>(half_sum));
    EXPECT_EQ(offsets[block], -128 * sum);
    EXPECT_EQ(half_offsets[2 * block] + half_offsets[2 * block + 1], -128 * sum);
    EXPECT_EQ(half_offsets[2 * block],
              -128 * std::accumulate(&values[block * 32], &values[block * 32 + 16], 0));
  }
  EXPECT_EQ(values[65], 0);
  EXPECT_EQ(values[66], 2);
}

TEST_P(EachKernelClass, ABlockOfNoNumbersStaysInItsBlock) {
  std::vector<float> x(64, 1.0F);
  x[3] = std::numeric_limits<float>::quiet_NaN();
  x[4] = std::numeric_limits<float>::infinity();
  std::vector<std::int8_t> values(64);
  std::vector<float> scales(2);
  std::vector<std::int32_t> offsets(2);
  std::vector<std::int32_t> half_offsets(4);
  std::vector<std::uint8_t> raised(64);
  std::vector<float> sums(2);
  std::vector<float> half_sums(4);
  kernels().quantize_row(x.data(), 64, 1,
                         {values.data(), raised.data(), scales.data(), offsets.data(),
                          half_offsets.data(), sums.data(), half_sums.data()});
  EXPECT_EQ(values[40], 127);
  EXPECT_EQ(scales[1], 1.0F / 127.0F);
}

}  // namespace
}  // namespace retort::tensor
