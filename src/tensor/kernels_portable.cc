// The kernels of class "portable": for any processor, through the compiler's generic vectors.
//
// Four lanes, and a multiply-add that rounds twice, so that it costs no library call where the
// processor has no fused one. Also the reference by which the layout of the others is understood.
#include <cstring>

#include "tensor/attention_kernels.h"
#include "tensor/float_kernels.h"
#include "tensor/kernels_by_class.h"
#include "tensor/packed_kernels.h"

namespace retort::tensor {
namespace {

struct Portable {
  static constexpr std::size_t kLanes = 4;
  static constexpr int kTileColumns = 2;
  using Floats = float __attribute__((vector_size(16)));
  using Words = std::uint32_t __attribute__((vector_size(16)));
  using Halves = std::uint16_t __attribute__((vector_size(8)));
  using Bytes = std::int8_t __attribute__((vector_size(4)));

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
  static Floats load_i8(const std::byte* p) { return load_i8_n(p, kLanes); }
  static Floats load_i8_n(const std::byte* p, std::size_t n) {
    Bytes b = {};
    std::memcpy(&b, p, n);
    return __builtin_convertvector(b, Floats);
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
struct PortableInt8 {
  static constexpr int kTileColumns = 1;
  struct Ints {
    std::int32_t row[kRowGroup];
  };
  struct Floats {
    float row[kRowGroup];
  };
  struct Bytes {
    std::uint8_t at[4 * kRowGroup];
  };
  using Wide = Bytes;

  static Floats zero() { return {}; }
  static Ints splat(std::int32_t value) {
    Ints ints;
    for (std::int32_t& row : ints.row) row = value;
    return ints;
  }
  static Bytes load(const std::byte* p) {
    Bytes bytes;
    std::memcpy(bytes.at, p, sizeof(bytes.at));
    return bytes;
  }
  template <int From, int To, int Bits>
  static Bytes move(Bytes a) {
    for (std::uint8_t& byte : a.at) {
      byte = static_cast<std::uint8_t>((byte >> From & ((1 << Bits) - 1)) << To);
    }
    return a;
  }
  static Bytes either(Bytes a, const Bytes& b) {
    for (std::size_t i = 0; i < sizeof(a.at); ++i) a.at[i] |= b.at[i];
    return a;
  }
  static Bytes look_up(const std::uint8_t (&table)[16], Bytes a) {
    for (std::uint8_t& byte : a.at) byte = table[byte];
    return a;
  }
  static Ints dot(Ints sum, const Bytes& codes, const std::int8_t* x) {
    for (std::size_t r = 0; r < kRowGroup; ++r) {
      for (std::size_t i = 0; i < 4; ++i) sum.row[r] += codes.at[r * 4 + i] * x[i];
    }
    return sum;
  }
  static Ints start_wide(std::int32_t offset) { return splat(offset); }
  static Wide wide(const Bytes& codes) { return codes; }
  static Ints dot_wide(const Ints& sum, const Wide& codes, const std::int8_t* x) {
    return dot(sum, codes, x);
  }
  static Floats halves(const std::byte* p) {
    Floats scales;
    for (std::size_t r = 0; r < kRowGroup; r += Portable::kLanes) {
      Portable::store(scales.row + r, Portable::load_f16(p + 2 * r));
    }
    return scales;
  }
  static Floats bytes(const std::byte* p) {
    return each(p, [](std::uint8_t byte) { return static_cast<float>(byte); });
  }
  static Floats signed_bytes(const std::byte* p) {
    return each(
        p, [](std::uint8_t byte) { return static_cast<float>(static_cast<std::int8_t>(byte)); });
  }
  static Floats low_nibbles(const std::byte* p) {
    return each(p, [](std::uint8_t byte) { return static_cast<float>(byte & 15); });
  }
  static Floats high_nibbles(const std::byte* p) {
    return each(p, [](std::uint8_t byte) { return static_cast<float>(byte >> 4); });
  }
  // 2^(e - 128), which may be subnormal, as the product of two powers that are not.
  static Floats exponents(const std::byte* p) {
    return each(p, [](std::uint8_t e) { return power(e >> 1) * power(e - (e >> 1)); });
  }
  static Floats mul(Floats a, const Floats& b) {
    for (std::size_t r = 0; r < kRowGroup; ++r) a.row[r] *= b.row[r];
    return a;
  }
  static Floats add_scaled(Floats sum, const Ints& products, const Floats& scale, float x_scale) {
    for (std::size_t r = 0; r < kRowGroup; ++r) {
      sum.row[r] += static_cast<float>(products.row[r]) * (scale.row[r] * x_scale);
    }
    return sum;
  }
  static Floats add_to(Floats sum, const Floats& a, float factor) {
    for (std::size_t r = 0; r < kRowGroup; ++r) sum.row[r] += a.row[r] * factor;
    return sum;
  }
  static Floats take_off(Floats sum, const Floats& a, float factor) {
    for (std::size_t r = 0; r < kRowGroup; ++r) sum.row[r] -= a.row[r] * factor;
    return sum;
  }
  static void store(float* p, const Floats& sum, std::size_t rows) {
    std::memcpy(p, sum.row, rows * sizeof(float));
  }

 private:
  template <typename Convert>
  static Floats each(const std::byte* p, const Convert& convert) {
    Floats floats;
    for (std::size_t r = 0; r < kRowGroup; ++r) {
      floats.row[r] = convert(static_cast<std::uint8_t>(p[r]));
    }
    return floats;
  }
  static float power(int n) { return __builtin_bit_cast(float, (n + 63) << 23); }
};

}  // namespace

void set_portable_kernels(Kernels& kernels) {
  kernels.kernel_class = KernelClass::portable;
  set_float_kernels<Portable>(kernels);
  set_attention_kernels<Portable>(kernels);
  set_packed_kernels<PortableInt8>(kernels);
}

}  // namespace retort::tensor
