// Tests of matrix products: against double precision, and for the same bits whatever the batch, the
// columns' place in it, and the number of threads.
#include "tensor/matmul.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tensor/block_formats.h"

namespace retort::tensor {
namespace {

struct Case {
  KernelClass kernel_class;
  DType type;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const KernelClass kernel_class : available_kernel_classes()) {
    for (const DTypeInfo& info : dtypes()) {
      if (is_weight_type(info.type)) cases.push_back({kernel_class, info.type});
    }
  }
  return cases;
}

// Random weights in the file's layout, and what they stand for.
struct Weights {
  std::vector<std::byte> file;
  std::vector<double> exact;  // [rows, cols]
};

template <typename T>
void append(std::vector<std::byte>& bytes, T value) {
  const auto* data = reinterpret_cast<const std::byte*>(&value);
  bytes.insert(bytes.end(), data, data + sizeof(T));
}

// Where in a block of a type its f16 scales stand.
std::vector<std::size_t> scale_offsets(DType type) {
  switch (type) {
    case DType::mxfp4:
      return {};
    case DType::q2_k:
      return {80, 82};
    case DType::q3_k:
      return {108};
    case DType::q6_k:
      return {208};
    case DType::q4_1:
    case DType::q5_1:
    case DType::q4_k:
    case DType::q5_k:
      return {0, 2};
    default:
      return {0};
  }
}

// Random blocks with scales of a trained model's size.
Weights random_blocks(DType type, std::size_t count, std::mt19937& random) {
  const DTypeInfo& info = dtype_info(type);
  std::normal_distribution<float> normal(0.0F, 0.02F);
  Weights weights;
  weights.file.resize(*dtype_bytes(type, count));
  for (std::byte& byte : weights.file) byte = static_cast<std::byte>(random());
  for (std::size_t at = 0; at < weights.file.size(); at += info.block_bytes) {
    if (type == DType::mxfp4) weights.file[at] = static_cast<std::byte>(118 + random() % 6);
    for (const std::size_t offset : scale_offsets(type)) {
      const std::uint16_t half = f16_from_float(normal(random));
      std::memcpy(weights.file.data() + at + offset, &half, 2);
    }
  }
  std::vector<float> values(count);
  dequantizer(type)(weights.file.data(), count, values.data());
  weights.exact.assign(values.begin(), values.end());
  return weights;
}

Weights random_weights(DType type, std::size_t count, std::mt19937& random) {
  if (dtype_info(type).block_elements > 1) return random_blocks(type, count, random);
  std::normal_distribution<float> normal(0.0F, 0.5F);
  Weights weights;
  for (std::size_t i = 0; i < count; ++i) {
    const float value = normal(random);
    if (type == DType::f32) {
      append(weights.file, value);
      weights.exact.push_back(value);
    } else if (type == DType::f16) {
      const std::uint16_t half = f16_from_float(value);
      append(weights.file, half);
      weights.exact.push_back(float_from_f16(half));
    } else {
      std::uint32_t bits;
      std::memcpy(&bits, &value, 4);
      append(weights.file, static_cast<std::uint16_t>(bits >> 16));
      weights.exact.push_back(float_from_bf16(static_cast<std::uint16_t>(bits >> 16)));
    }
  }
  return weights;
}

class Matmul : public ::testing::TestWithParam<Case> {
 protected:
  const Kernels& kernels() const {
    return **choose_kernels(kernel_class_name(GetParam().kernel_class));
  }
  bool quantized() const { return takes_quantized(GetParam().type); }
  // `cols` or, where the type has blocks, the next whole number of them.
  std::size_t whole_blocks(std::size_t cols) const {
    const std::size_t block = dtype_info(GetParam().type).block_elements;
    return (cols + block - 1) / block * block;
  }

  std::vector<float> run(const Matrix& weights, const std::vector<float>& x, std::size_t batch,
                         int threads, const float* bias = nullptr) const {
    ThreadPool pool(threads);
    auto step = pool.begin_step();
    Activations activations;
    EXPECT_TRUE(activations.reserve(batch, weights.cols()));
    activations.set(x.data(), batch, weights.cols());
    std::vector<float> out(batch * weights.rows(), -1.0F);
    const Product product{&weights, bias, out.data()};
    multiply(kernels(), step, activations, {&product, 1});
    return out;
  }
};

INSTANTIATE_TEST_SUITE_P(All, Matmul, ::testing::ValuesIn(all_cases()), [](const auto& each) {
  return std::string(kernel_class_name(each.param.kernel_class)) + "_" +
         std::string(dtype_name(each.param.type));
});

TEST_P(Matmul, AgreesWithDoublePrecisionOnRandomShapes) {
  std::mt19937 random(11);
  for (int round = 0; round < 40; ++round) {
    const std::size_t rows = 1 + random() % 70;
    const std::size_t cols = whole_blocks(1 + random() % (round % 8 == 0 ? 700 : 200));
    const std::size_t batch = 1 + random() % 12;
    const Weights weights = random_weights(GetParam().type, rows * cols, random);
    std::normal_distribution<float> normal;
    std::vector<float> x(batch * cols);
    for (float& value : x) value = normal(random);
    std::vector<float> bias(rows);
    for (float& value : bias) value = normal(random);
    const auto matrix = Matrix::make(GetParam().type, rows, cols, weights.file.data());
    ASSERT_TRUE(matrix);
    const auto out = run(*matrix, x, batch, 1, bias.data());
    for (std::size_t b = 0; b < batch; ++b) {
      for (std::size_t r = 0; r < rows; ++r) {
        double wanted = bias[r];
        double size = std::abs(wanted);
        for (std::size_t c = 0; c < cols; ++c) {
          double xc = x[b * cols + c];
          if (quantized()) {  // the same rule in double precision
            float top = 0;
            for (std::size_t i = c / 32 * 32; i < c / 32 * 32 + 32; ++i) {
              top = std::max(top, std::abs(x[b * cols + i]));
            }
            xc = std::nearbyint(x[b * cols + c] * (127.0F / top)) * static_cast<double>(top / 127);
          }
          wanted += weights.exact[r * cols + c] * xc;
          size += std::abs(weights.exact[r * cols + c] * xc);
        }
        ASSERT_NEAR(out[b * rows + r], wanted, 1e-6 * size) << rows << "x" << cols << " " << batch;
      }
    }
  }
}

TEST_P(Matmul, SameBitsAtEveryBatchSizePlaceAndThreadCount) {
  std::mt19937 random(12);
  constexpr std::size_t kRows = 131;           // no multiple of a group or a tile
  const std::size_t cols = whole_blocks(515);  // no multiple of a vector either
  constexpr std::size_t kBatch = 33;
  const Weights weights = random_weights(GetParam().type, kRows * cols, random);
  const auto matrix = Matrix::make(GetParam().type, kRows, cols, weights.file.data());
  ASSERT_TRUE(matrix);
  std::normal_distribution<float> normal;
  std::vector<float> x(kBatch * cols);
  for (float& value : x) value = normal(random);
  std::vector<float> alone;
  for (std::size_t b = 0; b < kBatch; ++b) {
    const std::vector<float> row(x.begin() + b * cols, x.begin() + (b + 1) * cols);
    const auto out = run(*matrix, row, 1, 1);
    alone.insert(alone.end(), out.begin(), out.end());
  }
  for (std::size_t batch = 1; batch <= kBatch; ++batch) {
    const std::size_t first = batch % 2 == 0 ? 0 : kBatch - batch;
    const std::vector<float> part(x.begin() + first * cols, x.begin() + (first + batch) * cols);
    for (const int threads : {1, 2, 3}) {
      const auto out = run(*matrix, part, batch, threads);
      ASSERT_EQ(std::memcmp(out.data(), alone.data() + first * kRows, out.size() * 4), 0)
          << "batch " << batch << " from " << first << " on " << threads;
    }
  }
}

TEST_P(Matmul, SameBitsInMoreColumnsThanAreTakenAtATime) {
  std::mt19937 random(17);
  constexpr std::size_t kRows = 48;  // one group more than two
  constexpr std::size_t kBatch = 515;
  const std::size_t cols = whole_blocks(96);
  const Weights weights = random_weights(GetParam().type, kRows * cols, random);
  const auto matrix = Matrix::make(GetParam().type, kRows, cols, weights.file.data());
  ASSERT_TRUE(matrix);
  std::normal_distribution<float> normal;
  std::vector<float> x(kBatch * cols);
  for (float& value : x) value = normal(random);
  const auto out = run(*matrix, x, kBatch, 2);
  for (std::size_t b = 0; b < kBatch; b += 7) {
    const std::vector<float> row(x.begin() + b * cols, x.begin() + (b + 1) * cols);
    const auto alone = run(*matrix, row, 1, 1);
    ASSERT_EQ(std::memcmp(out.data() + b * kRows, alone.data(), alone.size() * 4), 0) << b;
  }
}

TEST_P(Matmul, RowsReadBackExactly) {
  std::mt19937 random(13);
  constexpr std::size_t kRows = 35;
  const std::size_t cols = whole_blocks(96);
  const Weights weights = random_weights(GetParam().type, kRows * cols, random);
  // One byte off, so that plain types have to be copied.
  std::vector<std::byte> shifted(weights.file.size() + 1);
  std::copy(weights.file.begin(), weights.file.end(), shifted.begin() + 1);
  const auto matrix = Matrix::make(GetParam().type, kRows, cols, shifted.data() + 1);
  ASSERT_TRUE(matrix);
  EXPECT_FALSE(matrix->is_view());
  std::vector<float> row(cols);
  for (std::size_t r = 0; r < kRows; ++r) {
    matrix->read_row(r, row.data());
    for (std::size_t c = 0; c < cols; ++c) {
      ASSERT_EQ(row[c], static_cast<float>(weights.exact[r * cols + c]));
    }
  }
}

// The products of one row of activations in the class `kernel_class`.
std::vector<float> product_in(KernelClass kernel_class, const Matrix& matrix,
                              const std::vector<float>& x) {
  ThreadPool pool(1);
  auto step = pool.begin_step();
  Activations activations;
  EXPECT_TRUE(activations.reserve(1, x.size()));
  activations.set(x.data(), 1, x.size());
  std::vector<float> out(matrix.rows());
  const Product product{&matrix, nullptr, out.data()};
  multiply(**choose_kernels(kernel_class_name(kernel_class)), step, activations, {&product, 1});
  return out;
}

TEST(MatmulInIntegers, EveryClassWithFusedMultiplyAddGivesTheSameBits) {
  std::mt19937 random(14);
  constexpr std::size_t kRows = 48;
  constexpr std::size_t kCols = 512;
  for (const DTypeInfo& info : dtypes()) {
    const DType type = info.type;
    if (!takes_quantized(type)) continue;
    const Weights weights = random_weights(type, kRows * kCols, random);
    const auto matrix = Matrix::make(type, kRows, kCols, weights.file.data());
    ASSERT_TRUE(matrix);
    std::normal_distribution<float> normal;
    std::vector<float> x(kCols);
    for (float& value : x) value = normal(random);
    std::vector<float> first;
    for (const KernelClass kernel_class : available_kernel_classes()) {
      if (kernel_class == KernelClass::portable) continue;
      const std::vector<float> out = product_in(kernel_class, *matrix, x);
      if (first.empty()) first = out;
      EXPECT_EQ(std::memcmp(out.data(), first.data(), out.size() * 4), 0) << dtype_name(type);
    }
  }
}

TEST(MatmulShared, SeveralProductsShareOneRegion) {
  std::mt19937 random(15);
  constexpr std::size_t kCols = 256;
  const Kernels& kernels = **choose_kernels("");
  std::normal_distribution<float> normal;
  std::vector<float> x(3 * kCols);
  for (float& value : x) value = normal(random);
  std::vector<Matrix> matrices;
  std::vector<Weights> files;
  for (const std::size_t rows : {100, 17, 260}) {
    files.push_back(random_weights(DType::q8_0, rows * kCols, random));
    matrices.push_back(
        std::move(*Matrix::make(DType::q8_0, rows, kCols, files.back().file.data())));
  }
  std::vector<std::vector<float>> outs[2];
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    auto step = pool.begin_step();
    Activations activations;
    ASSERT_TRUE(activations.reserve(3, kCols));
    auto& out = outs[threads / 2];
    std::vector<Product> products;
    for (const Matrix& matrix : matrices) out.emplace_back(3 * matrix.rows(), -1.0F);
    for (std::size_t i = 0; i < 3; ++i) products.push_back({&matrices[i], nullptr, out[i].data()});
    activations.set(x.data(), 3, kCols);
    multiply(kernels, step, activations, products);
  }
  EXPECT_EQ(outs[0], outs[1]);
}

}  // namespace
}  // namespace retort::tensor
