// See matrix.h.
#include "tensor/matrix.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "tensor/block_formats.h"
#include "tensor/q4_kernels.h"
#include "tensor/q8_kernels.h"

namespace retort::tensor {
namespace {

template <typename T>
T load(const std::byte* data) noexcept {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

// One row's place among the 16 of its packed group.
template <typename Bytes>
struct Lane {
  Bytes* group;
  std::size_t lane;  // 0 to 15
  std::size_t cols;
};

// Row by row, each format between its layout in a file and its packed one. What a block has in
// words of four bytes stands in words [word][lane], what it has in bytes or halves in [lane].
struct Q80Packing {
  static constexpr std::size_t kBytes = 2 + kQuantBlock;  // in a file: an f16 scale and 32 bytes

  static std::size_t group_bytes(std::size_t cols) {
    return packed_group_bytes(cols / kQuantBlock);
  }
  static void pack(const std::byte* from, const Lane<std::byte>& to) noexcept {
    const std::size_t blocks = to.cols / kQuantBlock;
    std::byte* values = to.group + to.lane * 4;
    std::byte* scales = to.group + blocks * kPackedBlockBytes + to.lane * 2;
    for (std::size_t block = 0; block < blocks; ++block) {
      std::memcpy(scales + block * kPackedScaleBytes, from + block * kBytes, 2);
      for (std::size_t quad = 0; quad < kQuantBlock / 4; ++quad) {
        // Adding 128 to a signed byte is flipping its top bit.
        const std::uint32_t four =
            load<std::uint32_t>(from + block * kBytes + 2 + quad * 4) ^ 0x80808080U;
        std::memcpy(values + block * kPackedBlockBytes + quad * 64, &four, 4);
      }
    }
  }
  static void read(const Lane<const std::byte>& from, float* out) noexcept {
    const std::size_t blocks = from.cols / kQuantBlock;
    const std::byte* values = from.group + from.lane * 4;
    const std::byte* scales = from.group + blocks * kPackedBlockBytes + from.lane * 2;
    for (std::size_t i = 0; i < from.cols; ++i) {
      const std::size_t block = i / kQuantBlock;
      const float scale = float_from_f16(load<std::uint16_t>(scales + block * kPackedScaleBytes));
      const std::byte stored = values[block * kPackedBlockBytes + i % kQuantBlock / 4 * 64 + i % 4];
      out[i] = static_cast<float>(static_cast<int>(stored) - 128) * scale;
    }
  }
};

// Element i (below 32) of a packed run of 4-bit elements of one lane.
int packed_nibble(const std::byte* run, std::size_t i) noexcept {
  const auto both = static_cast<int>(run[i % 16 / 4 * 64 + i % 4]);
  return i < 16 ? both & 15 : both >> 4;
}

struct Q40Packing {
  static constexpr std::size_t kBytes = 2 + kQuantBlock / 2;  // in a file

  static std::size_t group_bytes(std::size_t cols) { return q4_0_group_bytes(cols); }
  static void pack(const std::byte* from, const Lane<std::byte>& to) noexcept {
    const std::size_t blocks = to.cols / kQuantBlock;
    std::byte* values = to.group + to.lane * 4;
    std::byte* scales = to.group + blocks * kQ4RunBytes + to.lane * 2;
    for (std::size_t block = 0; block < blocks; ++block) {
      std::memcpy(scales + block * kQ4ScaleBytes, from + block * kBytes, 2);
      for (std::size_t quad = 0; quad < 4; ++quad) {
        std::memcpy(values + block * kQ4RunBytes + quad * 64, from + block * kBytes + 2 + quad * 4,
                    4);
      }
    }
  }
  static void read(const Lane<const std::byte>& from, float* out) noexcept {
    const std::size_t blocks = from.cols / kQuantBlock;
    const std::byte* values = from.group + from.lane * 4;
    const std::byte* scales = from.group + blocks * kQ4RunBytes + from.lane * 2;
    for (std::size_t i = 0; i < from.cols; ++i) {
      const std::size_t block = i / kQuantBlock;
      const float scale = float_from_f16(load<std::uint16_t>(scales + block * kQ4ScaleBytes));
      const int value = packed_nibble(values + block * kQ4RunBytes, i % kQuantBlock);
      out[i] = scale * static_cast<float>(value - 8);
    }
  }
};

struct Q4KPacking {
  static constexpr std::size_t kBytes = 144;  // in a file: two halves, 12 bytes, 128 bytes
  static constexpr std::size_t kValues = 16;

  static std::size_t group_bytes(std::size_t cols) { return q4_k_group_bytes(cols); }
  static void pack(const std::byte* from, const Lane<std::byte>& to) noexcept {
    for (std::size_t block = 0; block < to.cols / kQ4KElements; ++block) {
      pack_block(from + block * kBytes, to.group + block * kQ4KBlockBytes, to.lane);
    }
  }
  static void pack_block(const std::byte* from, std::byte* to, std::size_t lane) noexcept {
    std::memcpy(to + kQ4KScaleOfScales + lane * 2, from, 2);
    std::memcpy(to + kQ4KScaleOfMinima + lane * 2, from + 2, 2);
    std::uint8_t scales[12];
    std::memcpy(scales, from + 4, sizeof(scales));
    for (std::size_t run = 0; run < kQ4KRuns; ++run) {
      const ScaleAndLeast sub = scale_and_least(scales, run);
      to[kQ4KScales + run * kRowGroup + lane] = static_cast<std::byte>(sub.scale);
      to[kQ4KMinima + run * kRowGroup + lane] = static_cast<std::byte>(sub.least);
      // Two runs share 32 bytes in a file; here a run's halves do share 16.
      const std::byte* pair = from + kValues + run / 2 * kQuantBlock;
      std::byte halves[16];
      for (std::size_t i = 0; i < 16; ++i) {
        const std::byte low = pair[i] >> (run % 2 * 4) & std::byte{15};
        halves[i] = low | (pair[i + 16] >> (run % 2 * 4)) << 4;
      }
      for (std::size_t quad = 0; quad < 4; ++quad) {
        std::memcpy(to + run * kQ4RunBytes + quad * 64 + lane * 4, halves + quad * 4, 4);
      }
    }
  }
  static void read(const Lane<const std::byte>& from, float* out) noexcept {
    for (std::size_t run = 0; run < from.cols / kQuantBlock; ++run) {
      const std::byte* block = from.group + run / kQ4KRuns * kQ4KBlockBytes;
      const std::size_t r = run % kQ4KRuns;
      const auto half = [&](std::size_t at) {
        return float_from_f16(load<std::uint16_t>(block + at + from.lane * 2));
      };
      const auto byte = [&](std::size_t at) {
        return static_cast<float>(static_cast<int>(block[at + r * kRowGroup + from.lane]));
      };
      const float scale = half(kQ4KScaleOfScales) * byte(kQ4KScales);
      const float least = half(kQ4KScaleOfMinima) * byte(kQ4KMinima);
      const std::byte* values = block + r * kQ4RunBytes + from.lane * 4;
      for (std::size_t i = 0; i < kQuantBlock; ++i) {
        const auto value = static_cast<float>(packed_nibble(values, i));
        out[run * kQuantBlock + i] = scale * value - least;
      }
    }
  }
};

// A packed format's functions.
struct Packing {
  std::size_t (*group_bytes)(std::size_t cols);
  void (*pack)(const std::byte* row, const Lane<std::byte>& to) noexcept;
  void (*read)(const Lane<const std::byte>& from, float* out) noexcept;
};
template <typename T>
constexpr Packing packing_as() {
  return {T::group_bytes, T::pack, T::read};
}

// For types that takes_quantized names.
Packing packing_of(DType type) noexcept {
  switch (type) {
    case DType::q4_0:
      return packing_as<Q40Packing>();
    case DType::q4_k:
      return packing_as<Q4KPacking>();
    default:
      return packing_as<Q80Packing>();
  }
}

}  // namespace

Result<Matrix> Matrix::make(DType type, std::size_t rows, std::size_t cols,
                            const std::byte* source) {
  Matrix matrix;
  matrix.type_ = type;
  matrix.rows_ = rows;
  matrix.cols_ = cols;
  const bool packed = takes_quantized(type);
  const DTypeInfo& info = dtype_info(type);
  // Safetensors files need not align their tensors; such a one is copied. Blocks are read as bytes.
  const bool aligned =
      info.block_elements > 1 || reinterpret_cast<std::uintptr_t>(source) % info.block_bytes == 0;
  const std::size_t groups = (rows + kRowGroup - 1) / kRowGroup;
  matrix.bytes_ = packed ? groups * packing_of(type).group_bytes(cols) : rows * matrix.row_bytes();
  matrix.data_ = source;
  if (!packed && aligned) return matrix;
  auto copy = Buffer::make(matrix.bytes_);
  if (!copy) return std::move(copy).error();
  matrix.copy_ = std::move(*copy);
  matrix.data_ = matrix.copy_.data();
  if (packed) {
    matrix.pack(source);
  } else {
    std::memcpy(matrix.copy_.data(), source, matrix.bytes_);
  }
  return matrix;
}

// Rows behind the last one stay zero: scales of 0 make them products of 0.
void Matrix::pack(const std::byte* source) noexcept {
  const Packing packing = packing_of(type_);
  const std::size_t group_bytes = packing.group_bytes(cols_);
  for (std::size_t row = 0; row < rows_; ++row) {
    packing.pack(source + row * row_bytes(),
                 {copy_.data() + row / kRowGroup * group_bytes, row % kRowGroup, cols_});
  }
}

void Matrix::read_row(std::size_t row, float* out) const noexcept {
  const std::byte* from = data_ + row * row_bytes();
  if (takes_quantized(type_)) return read_packed_row(row, out);
  switch (type_) {
    case DType::f32:
      std::memcpy(out, from, cols_ * sizeof(float));
      return;
    case DType::f16:
      for (std::size_t i = 0; i < cols_; ++i) {
        out[i] = float_from_f16(load<std::uint16_t>(from + 2 * i));
      }
      return;
    case DType::bf16:
      for (std::size_t i = 0; i < cols_; ++i) {
        out[i] = float_from_bf16(load<std::uint16_t>(from + 2 * i));
      }
      return;
    default:
      dequantizer(type_)(from, cols_, out);
  }
}

void Matrix::read_packed_row(std::size_t row, float* out) const noexcept {
  const Packing packing = packing_of(type_);
  const std::byte* group = data_ + row / kRowGroup * packing.group_bytes(cols_);
  packing.read({group, row % kRowGroup, cols_}, out);
}

}  // namespace retort::tensor
