// The kernels of class "portable": for any processor, through the compiler's generic vectors.
//
// Four lanes, and a multiply-add that rounds twice, so that it costs no library call where the
// processor has no fused one. Also the reference by which the layout of the others is understood.
#include <cstring>

#include "tensor/attention_kernels.h"
#include "tensor/float_kernels.h"
#include "tensor/kernels_by_class.h"
#include "tensor/q4_kernels.h"
#include "tensor/q8_kernels.h"

namespace retort::tensor {
namespace {

struct Portable {
  static constexpr std::size_t kLanes = 4;
  static constexpr int kTileColumns = 2;
  using Floats = float __attribute__((vector_size(16)));
  using Words = std::uint32_t __attribute__((vector_size(16)));
  using Halves = std::uint16_t __attribute__((vector_size(8)));

  static Floats set1(float x) { return Floats{x, x, x, x}; }
  static Floats load_f32(const std::byte* p) {
    Floats v;
    std::memcpy(&v, p, sizeof(v));
    return v;
  }
  static Floats load_f32_n(const std::byte* p, std::size_t n) {
    Floats v = {};
    std::memcpy(&v, p, n * sizeof(float));
    return v;
  }
  static Floats load(const float* p) { return load_f32(reinterpret_cast<const std::byte*>(p)); }
  static Floats load_n(const float* p, std::size_t n) {
    return load_f32_n(reinterpret_cast<const std::byte*>(p), n);
  }
  static void store(float* p, Floats v) { std::memcpy(p, &v, sizeof(v)); }
  static void store_n(float* p, Floats v, std::size_t n) { std::memcpy(p, &v, n * sizeof(float)); }
  static Words load_words(const std::byte* p, std::size_t n) {
    Halves h = {};
    std::memcpy(&h, p, n * sizeof(std::uint16_t));
    return __builtin_convertvector(h, Words);
  }
  // As float_from_f16 in dtype.cc, four at a time.
  static Floats floats_from_f16(Words h) {
    const Words sign = (h & 0x8000U) << 16;
    const Words rest = h & 0x7FFFU;
    const Words finite = bits(floats(rest << 13) * 0x1p112F);
    const Words special = 0x7F800000U | ((rest & 0x3FFU) << 13);
    const Words is_special = reinterpret_cast<Words>(rest >= 0x7C00U);
    return floats(sign | (is_special & special) | (~is_special & finite));
  }
  static Floats load_f16(const std::byte* p) { return floats_from_f16(load_words(p, kLanes)); }
  static Floats load_f16_n(const std::byte* p, std::size_t n) {
    return floats_from_f16(load_words(p, n));
  }
  static Floats load_bf16(const std::byte* p) { return floats(load_words(p, kLanes) << 16); }
  static Floats load_bf16_n(const std::byte* p, std::size_t n) {
    return floats(load_words(p, n) << 16);
  }
  static Floats fma(Floats a, Floats b, Floats c) { return a * b + c; }
  static Floats add(Floats a, Floats b) { return a + b; }
  static Floats sub(Floats a, Floats b) { return a - b; }
  static Floats mul(Floats a, Floats b) { return a * b; }
  static Floats div(Floats a, Floats b) { return a / b; }
  static Floats max(Floats a, Floats b) { return select(reinterpret_cast<Words>(a > b), a, b); }
  static Floats min(Floats a, Floats b) { return select(reinterpret_cast<Words>(a < b), a, b); }
  static Floats abs(Floats a) { return floats(bits(a) & 0x7FFFFFFFU); }
  static float first(Floats a) { return a[0]; }
  static float sum(Floats a) { return (a[0] + a[2]) + (a[1] + a[3]); }
  static float max_of(Floats a) {
    float top = a[0];
    for (int i = 1; i < 4; ++i) top = a[i] > top ? a[i] : top;
    return top;
  }
  // To the nearest integer, ties to even, for magnitudes below 2^22.
  static Floats round(Floats a) { return (a + 0x1.8p23F) - 0x1.8p23F; }
  // a * 2^n for whole n that keep the result in range: n is added to a's exponent.
  static Floats times_power_of_2(Floats a, Floats n) {
    return floats(bits(a) + (bits(n + 0x1.8p23F) << 23));
  }
  // Stores whole numbers of -127 to 127 as bytes and returns their sum.
  static std::int32_t store_i8(std::int8_t* p, Floats a) {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < kLanes; ++i) {
      // A value that is no number has no byte; it becomes 0, and the scale carries the NaN.
      const auto value = a[i] == a[i] ? static_cast<std::int32_t>(a[i]) : 0;
      p[i] = static_cast<std::int8_t>(value);
      sum += value;
    }
    return sum;
  }
  static void store_f16(std::uint16_t* p, Floats a) { store_f16_n(p, a, kLanes); }
  static void store_f16_n(std::uint16_t* p, Floats a, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) p[i] = f16_from_float(a[i]);
  }

 private:
  static Words bits(Floats a) { return reinterpret_cast<Words>(a); }
  static Floats floats(Words a) { return reinterpret_cast<Floats>(a); }
  static Floats select(Words mask, Floats a, Floats b) {
    return floats((mask & bits(a)) | (~mask & bits(b)));
  }
};

// Sixteen rows as plain arrays.
struct PortableQ8 {
  static constexpr int kTileColumns = 1;
  struct Ints {
    std::int32_t row[kRowGroup];
  };
  struct Floats {
    float row[kRowGroup];
  };
  static Floats zero() { return {}; }
  static Ints start(std::int32_t /*offset*/) { return {}; }
  static const std::byte* load_weights(const std::byte* p) { return p; }
  static Ints dot(Ints sum, const std::byte* w, const std::int8_t* x) {
    for (std::size_t r = 0; r < kRowGroup; ++r) {
      for (std::size_t i = 0; i < 4; ++i) {
        sum.row[r] += (static_cast<std::int32_t>(w[r * 4 + i]) - 128) * x[i];
      }
    }
    return sum;
  }
  static Floats load_scales(const std::byte* p) {
    Floats scales;
    for (std::size_t r = 0; r < kRowGroup; r += Portable::kLanes) {
      Portable::store(scales.row + r, Portable::load_f16(p + 2 * r));
    }
    return scales;
  }
  static Floats add_scaled(Floats sum, const Ints& products, const Floats& scale, float x_scale) {
    for (std::size_t r = 0; r < kRowGroup; ++r) {
      sum.row[r] += static_cast<float>(products.row[r]) * (scale.row[r] * x_scale);
    }
    return sum;
  }
  struct Nibbles {
    std::uint8_t low[4 * kRowGroup];
    std::uint8_t high[4 * kRowGroup];
  };
  static Ints splat(std::int32_t value) {
    Ints ints;
    for (std::int32_t& row : ints.row) row = value;
    return ints;
  }
  static Nibbles load_nibbles(const std::byte* p) {
    Nibbles nibbles;
    for (std::size_t i = 0; i < 4 * kRowGroup; ++i) {
      nibbles.low[i] = static_cast<std::uint8_t>(p[i]) & 15;
      nibbles.high[i] = static_cast<std::uint8_t>(p[i]) >> 4;
    }
    return nibbles;
  }
  static Ints dot_unsigned(Ints sum, const std::uint8_t (&w)[4 * kRowGroup], const std::int8_t* x) {
    for (std::size_t r = 0; r < kRowGroup; ++r) {
      for (std::size_t i = 0; i < 4; ++i) sum.row[r] += w[r * 4 + i] * x[i];
    }
    return sum;
  }
  static Floats load_bytes(const std::byte* p) {
    Floats floats;
    for (std::size_t r = 0; r < kRowGroup; ++r) {
      floats.row[r] = static_cast<float>(static_cast<std::uint8_t>(p[r]));
    }
    return floats;
  }
  static Floats mul(Floats a, const Floats& b) {
    for (std::size_t r = 0; r < kRowGroup; ++r) a.row[r] *= b.row[r];
    return a;
  }
  static Floats add_to(Floats sum, const Floats& a, float factor) {
    for (std::size_t r = 0; r < kRowGroup; ++r) sum.row[r] += a.row[r] * factor;
    return sum;
  }
  static void store(float* p, const Floats& sum, std::size_t rows) {
    std::memcpy(p, sum.row, rows * sizeof(float));
  }
};

}  // namespace

void set_portable_kernels(Kernels& kernels) {
  kernels.kernel_class = KernelClass::portable;
  set_float_kernels<Portable>(kernels);
  set_attention_kernels<Portable>(kernels);
  kernels.matmul_q8_0 = matmul_q8<PortableQ8>;
  set_q4_kernels<PortableQ8>(kernels);
}

}  // namespace retort::tensor
