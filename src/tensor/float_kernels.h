// The kernels that work in f32, written once over a vector type.
//
// Each kernels_*.cc includes this and attention_kernels.h with its own vector V: lanes of floats
// and their operations in one instruction set. Nothing here calls an inline function of the
// standard library: such a function, compiled for AVX-512 here, could be the copy that the linker
// keeps for the whole program. For the same reason V lives in an unnamed namespace.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/kernels.h"

namespace retort::tensor {

// e^x for x in about -87 to 88, clamped there; within 2 units in the last place. n = round(x / ln
// 2) and a polynomial on the rest, by Cephes' expf (Moshier), ln 2 in two parts.
template <typename V>
inline typename V::Floats exp_of(typename V::Floats x) {
  x = V::min(V::max(x, V::set1(-87.33F)), V::set1(88.37F));
  const auto n = V::round(V::mul(x, V::set1(1.44269504F)));
  auto r = V::fma(n, V::set1(-0.693359375F), x);
  r = V::fma(n, V::set1(2.12194440e-4F), r);
  auto p = V::set1(1.9875691500e-4F);
  p = V::fma(p, r, V::set1(1.3981999507e-3F));
  p = V::fma(p, r, V::set1(8.3334519073e-3F));
  p = V::fma(p, r, V::set1(4.1665795894e-2F));
  p = V::fma(p, r, V::set1(1.6666665459e-1F));
  p = V::fma(p, r, V::set1(5.0000001201e-1F));
  p = V::fma(p, V::mul(r, r), r);
  return V::times_power_of_2(V::add(p, V::set1(1.0F)), n);
}

// e^x of one number, in the same arithmetic.
template <typename V>
inline float exp_of_one(float x) {
  return V::first(exp_of<V>(V::set1(x)));
}

// How weights of one plain type are read as floats.
template <typename V>
struct F32Weights {
  static constexpr std::size_t kBytes = 4;
  static typename V::Floats load(const std::byte* p) { return V::load_f32(p); }
  static typename V::Floats load_n(const std::byte* p, std::size_t n) {
    return V::load_f32_n(p, n);
  }
};
template <typename V>
struct F16Weights {
  static constexpr std::size_t kBytes = 2;
  static typename V::Floats load(const std::byte* p) { return V::load_f16(p); }
  static typename V::Floats load_n(const std::byte* p, std::size_t n) {
    return V::load_f16_n(p, n);
  }
};
template <typename V>
struct Bf16Weights {
  static constexpr std::size_t kBytes = 2;
  static typename V::Floats load(const std::byte* p) { return V::load_bf16(p); }
  static typename V::Floats load_n(const std::byte* p, std::size_t n) {
    return V::load_bf16_n(p, n);
  }
};

// R x C output elements. Each has one vector of partial sums: lane j adds, by rising c, the
// products of elements c with c % lanes == j; V::sum adds the lanes in its fixed order. Tiles
// differ in how many elements they compute side by side, never in this order.
template <typename V, typename W, int R, int C>
inline void float_tile(const MatmulSlice& s, std::size_t row, std::size_t column) {
  constexpr std::size_t kLanes = V::kLanes;
  const std::byte* weights = s.weights + row * s.cols * W::kBytes;
  const float* x = s.x + column * s.cols;
  typename V::Floats sums[R][C];
  for (auto& line : sums) {
    for (auto& sum : line) sum = V::set1(0.0F);
  }
  std::size_t k = 0;
  for (; k + kLanes <= s.cols; k += kLanes) {
    typename V::Floats w[R];
    for (int r = 0; r < R; ++r) w[r] = W::load(weights + (r * s.cols + k) * W::kBytes);
    for (int c = 0; c < C; ++c) {
      const auto xc = V::load(x + c * s.cols + k);
      for (int r = 0; r < R; ++r) sums[r][c] = V::fma(w[r], xc, sums[r][c]);
    }
  }
  if (k < s.cols) {
    const std::size_t rest = s.cols - k;
    for (int c = 0; c < C; ++c) {
      const auto xc = V::load_n(x + c * s.cols + k, rest);
      for (int r = 0; r < R; ++r) {
        const auto w = W::load_n(weights + (r * s.cols + k) * W::kBytes, rest);
        sums[r][c] = V::fma(w, xc, sums[r][c]);
      }
    }
  }
  for (int c = 0; c < C; ++c) {
    for (int r = 0; r < R; ++r) s.out[(column + c) * s.out_stride + row + r] = V::sum(sums[r][c]);
  }
}

// All rows of the slice against C columns: R rows at a time, what is left one at a time.
template <typename V, typename W, int R, int C>
inline void float_rows(const MatmulSlice& s, std::size_t column) {
  std::size_t row = s.row_begin;
  for (; row + R <= s.row_end; row += R) float_tile<V, W, R, C>(s, row, column);
  for (; row < s.row_end; ++row) float_tile<V, W, 1, C>(s, row, column);
}

// Columns in blocks that stay in the second-level cache while all rows pass by.
template <typename V, typename W>
void matmul_float(const MatmulSlice& s) {
  constexpr int kC = V::kTileColumns;
  constexpr std::size_t kBlock = 32;
  for (std::size_t block = 0; block < s.batch; block += kBlock) {
    const std::size_t end = block + kBlock < s.batch ? block + kBlock : s.batch;
    // Few rows at a time, so that they stay in the first-level cache for all columns of the block.
    MatmulSlice rows = s;
    for (std::size_t row = s.row_begin; row < s.row_end; row += kRowGroup) {
      rows.row_begin = row;
      rows.row_end = row + kRowGroup < s.row_end ? row + kRowGroup : s.row_end;
      std::size_t column = block;
      for (; column + kC <= end; column += kC) float_rows<V, W, 4, kC>(rows, column);
      for (; column < end; ++column) float_rows<V, W, 8, 1>(rows, column);
    }
  }
}

template <typename V>
void rms_norm_row(const float* x, const float* weight, float* out, std::size_t count,
                  float epsilon) {
  auto squares = V::set1(0.0F);
  std::size_t i = 0;
  for (; i + V::kLanes <= count; i += V::kLanes) {
    const auto v = V::load(x + i);
    squares = V::fma(v, v, squares);
  }
  if (i < count) {
    const auto v = V::load_n(x + i, count - i);
    squares = V::fma(v, v, squares);
  }
  const float mean = V::sum(squares) / static_cast<float>(count);
  const auto inverse = V::set1(1.0F / __builtin_sqrtf(mean + epsilon));
  for (i = 0; i + V::kLanes <= count; i += V::kLanes) {
    V::store(out + i, V::mul(V::mul(V::load(x + i), inverse), V::load(weight + i)));
  }
  if (i < count) {
    const std::size_t n = count - i;
    V::store_n(out + i, V::mul(V::mul(V::load_n(x + i, n), inverse), V::load_n(weight + i, n)), n);
  }
}

// x / (1 + e^-x).
template <typename V>
struct Silu {
  static typename V::Floats of(typename V::Floats x) {
    return V::div(x, V::add(V::set1(1.0F), exp_of<V>(V::sub(V::set1(0.0F), x))));
  }
};

// x / 2 * (1 + tanh(u)) with u = sqrt(2 / pi) * (x + 0.044715 x^3), which is x / (1 + e^(-2 u)).
template <typename V>
struct GeluTanh {
  static typename V::Floats of(typename V::Floats x) {
    const auto inner = V::fma(V::mul(V::mul(x, x), x), V::set1(0.044715F), x);
    const auto e = exp_of<V>(V::mul(inner, V::set1(-1.5957691216F)));  // -2 sqrt(2 / pi)
    return V::div(x, V::add(V::set1(1.0F), e));
  }
};

template <typename V, typename Activation>
void activate_row(const float* gate, const float* up, float* out, std::size_t count) {
  std::size_t i = 0;
  for (; i + V::kLanes <= count; i += V::kLanes) {
    V::store(out + i, V::mul(Activation::of(V::load(gate + i)), V::load(up + i)));
  }
  if (i < count) {
    const std::size_t n = count - i;
    V::store_n(out + i, V::mul(Activation::of(V::load_n(gate + i, n)), V::load_n(up + i, n)), n);
  }
}

// cap * tanh(x / cap), by tanh(y) = 1 - 2 / (e^(2 y) + 1): within 2e-7 of cap.
template <typename V>
inline typename V::Floats capped(typename V::Floats x, float cap) {
  const auto e = exp_of<V>(V::mul(x, V::set1(2.0F / cap)));
  const auto tanh = V::sub(V::set1(1.0F), V::div(V::set1(2.0F), V::add(e, V::set1(1.0F))));
  return V::mul(tanh, V::set1(cap));
}

template <typename V>
void soft_cap_row(float* x, std::size_t count, float cap) {
  std::size_t i = 0;
  for (; i + V::kLanes <= count; i += V::kLanes) V::store(x + i, capped<V>(V::load(x + i), cap));
  if (i < count) V::store_n(x + i, capped<V>(V::load_n(x + i, count - i), cap), count - i);
}

template <typename V>
void softmax_row(float* x, std::size_t count) {
  float largest = x[0];
  for (std::size_t i = 1; i < count; ++i) largest = x[i] > largest ? x[i] : largest;
  const auto shift = V::set1(largest);
  auto sums = V::set1(0.0F);
  std::size_t i = 0;
  for (; i + V::kLanes <= count; i += V::kLanes) {
    const auto e = exp_of<V>(V::sub(V::load(x + i), shift));
    V::store(x + i, e);
    sums = V::add(sums, e);
  }
  if (i < count) {
    const std::size_t n = count - i;
    V::store_n(x + i, exp_of<V>(V::sub(V::load_n(x + i, n), shift)), n);
    sums = V::add(sums, V::load_n(x + i, n));  // lanes from n on add 0
  }
  const float factor = 1.0F / V::sum(sums);
  for (i = 0; i < count; ++i) x[i] *= factor;
}

// One row in 8 bits. A block's scale is its largest magnitude / 127, in f32; values are rounded to
// nearest, ties to even. A block of zeros has scale 0.
template <typename V>
void quantize_row_q8(const float* x, std::size_t cols, std::size_t batch, const QuantizedRow& to) {
  constexpr std::size_t kHalf = kQuantBlock / 2;
  for (std::size_t block = 0; block < cols / kQuantBlock; ++block) {
    const float* from = x + block * kQuantBlock;
    std::int8_t* values = to.values + block * batch * kQuantBlock;
    std::uint8_t* raised = to.raised + block * batch * kQuantBlock;
    auto largest = V::set1(0.0F);
    for (std::size_t i = 0; i < kQuantBlock; i += V::kLanes) {
      largest = V::max(largest, V::abs(V::load(from + i)));
    }
    const float magnitude = V::max_of(largest);
    const auto inverse = V::set1(magnitude > 0.0F ? 127.0F / magnitude : 0.0F);
    std::int32_t sums[2] = {};
    for (std::size_t i = 0; i < kQuantBlock; i += V::kLanes) {
      const auto whole = V::round(V::mul(V::load(from + i), inverse));
      sums[i / kHalf] += V::store_i8(values + i, whole);
    }
    const float scale = magnitude / 127.0F;
    to.scales[block * batch] = scale;
    to.offsets[block * batch] = -128 * (sums[0] + sums[1]);
    to.sums[block * batch] = scale * static_cast<float>(sums[0] + sums[1]);
    for (std::size_t half = 0; half < 2; ++half) {
      to.half_offsets[(2 * block + half) * batch] = -128 * sums[half];
      to.half_sums[(2 * block + half) * batch] = scale * static_cast<float>(sums[half]);
    }
    for (std::size_t i = 0; i < kQuantBlock; ++i) {
      raised[i] = static_cast<std::uint8_t>(values[i]) ^ 0x80;
    }
  }
}

template <typename V>
void to_f16_row(const float* x, std::size_t count, std::uint16_t* out) {
  std::size_t i = 0;
  for (; i + V::kLanes <= count; i += V::kLanes) V::store_f16(out + i, V::load(x + i));
  for (; i < count; ++i) V::store_f16_n(out + i, V::load_n(x + i, 1), 1);
}

// The functions that need only V, filled into a table.
template <typename V>
void set_float_kernels(Kernels& kernels) {
  const auto set = [&kernels](DType type, Kernels::MatmulFunction function) {
    kernels.products[static_cast<std::size_t>(type)] = function;
  };
  set(DType::f32, matmul_float<V, F32Weights<V>>);
  set(DType::f16, matmul_float<V, F16Weights<V>>);
  set(DType::bf16, matmul_float<V, Bf16Weights<V>>);
  kernels.quantize_row = quantize_row_q8<V>;
  kernels.to_f16 = to_f16_row<V>;
  kernels.rms_norm = rms_norm_row<V>;
  kernels.silu_mul = activate_row<V, Silu<V>>;
  kernels.gelu_mul = activate_row<V, GeluTanh<V>>;
  kernels.soft_cap = soft_cap_row<V>;
  kernels.softmax = softmax_row<V>;
}

}  // namespace retort::tensor
