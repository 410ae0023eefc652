// Kernels: the arithmetic of a forward pass, as a table of functions for one instruction set.
//
// The table is chosen once at start (choose_kernels) and handed down by reference. Every function
// works on what it is given by one thread alone; ops in matmul.h, rope.h and attention.h cut the
// work. For every function the value of an output element depends on that element's inputs only,
// never on its neighbours in the batch or on how the work was cut: docs/numerics.md says the order
// of each sum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <retort/result.h>

#include "tensor/dtype.h"

namespace retort::tensor {

enum class KernelClass : std::uint8_t { portable, avx2, avxvnni, avx512, avx512vnni, amx };

// Weight rows that a packed format interleaves; slices of weight rows begin at multiples of it.
inline constexpr std::size_t kRowGroup = 16;
// Elements that share one scale in a Q8_0 block, and in quantised activations.
inline constexpr std::size_t kQuantBlock = 32;
// Tokens of one page of the KV cache, and so of one block of attention.
inline constexpr std::size_t kAttentionBlock = 32;

// Activations in 8 bits: x[i] ~ values[i] * scales[i / 32], values in -127..127. A block of 32 has
// two halves, for weights whose scales are of 16 elements. A block of all rows
// lies side by side: kernels take some rows at a time.
template <template <typename> typename Pointer>
struct QuantizedLayout {
  Pointer<std::int8_t> values = nullptr;         // [cols / 32, batch, 32] i8
  Pointer<std::uint8_t> raised = nullptr;        // [cols / 32, batch, 32] u8: values + 128
  Pointer<float> scales = nullptr;               // [cols / 32, batch] f32
  Pointer<std::int32_t> offsets = nullptr;       // [cols / 32, batch] i32: -128 times a block's sum
  Pointer<std::int32_t> half_offsets = nullptr;  // [cols / 16, batch] i32: the same of each half
  Pointer<float> sums = nullptr;       // [cols / 32, batch] f32: scale times a block's sum
  Pointer<float> half_sums = nullptr;  // [cols / 16, batch] f32: the same of each half
};
template <typename T>
using ReadPointer = const T*;
template <typename T>
using WritePointer = T*;
using QuantizedRows = QuantizedLayout<ReadPointer>;
using QuantizedRow = QuantizedLayout<WritePointer>;  // where one row is written to

// out[b * out_stride + r] = sum over c of weights[r, c] * x[b, c], for every b in the batch and
// every r in [row_begin, row_end).
struct MatmulSlice {
  const std::byte* weights = nullptr;  // the whole matrix, in the layout of its type (matrix.h)
  std::size_t cols = 0;
  std::size_t row_begin = 0;  // a multiple of kRowGroup
  std::size_t row_end = 0;    // a multiple of kRowGroup, or the matrix's row count
  std::size_t batch = 0;
  const float* x = nullptr;  // [batch, cols] f32
  QuantizedRows quantized;   // the same activations, where takes_quantized(type)
  float* out = nullptr;      // [batch, out_stride] f32
  std::size_t out_stride = 0;
};

// Attention of `tokens` consecutive query tokens, each with `group` query heads that share one KV
// head. Query token t stands at position first_position + t and sees positions up to its own: from
// 0 on, or the last `window` of them.
struct AttentionSlice {
  const float* q = nullptr;  // [tokens, group, head_dim] f32, q_stride floats from token to token
  std::size_t q_stride = 0;
  float* out = nullptr;  // [tokens, group, head_dim] f32, out_stride floats from token to token
  std::size_t out_stride = 0;
  std::size_t tokens = 0;
  std::size_t group = 0;
  std::size_t head_dim = 0;
  std::size_t first_position = 0;
  std::size_t window = 0;  // 0: no limit
  float scale = 0;         // of q . k
  float cap = 0;           // scores become cap * tanh(score / cap); 0: they stay
  // Where this head's keys of page 0 lie; those of page p are p * page_stride bytes on, and a
  // page's values values_offset bytes behind its keys. A page holds [head_dim, 32] keys (a token is
  // a column) and [32, head_dim] values.
  const std::byte* kv = nullptr;
  std::size_t page_stride = 0;
  std::size_t values_offset = 0;
  const std::uint32_t* pages = nullptr;  // of the sequence, from position 0 on
  float* scratch = nullptr;              // attention_scratch(head_dim, tokens * group) floats
};

// Keys and values in 8 bits: codes from -127 to 127, and for each 32 elements of a head one scale
// in f16. A page's keys are codes [head_dim, 32] (a token is a column), then scales [blocks, 32];
// its values are codes [32, head_dim], then scales [32, blocks].
constexpr std::size_t q8_blocks(std::size_t head_dim) noexcept {
  return (head_dim + kQuantBlock - 1) / kQuantBlock;
}
// Bytes of a page's keys, and of its values.
constexpr std::size_t q8_part_bytes(std::size_t head_dim) noexcept {
  return kAttentionBlock * (head_dim + 2 * q8_blocks(head_dim));
}

struct Kernels {
  KernelClass kernel_class = KernelClass::portable;
  std::string_view name;  // "avx512vnni": part of the system fingerprint

  using MatmulFunction = void (*)(const MatmulSlice&);
  using AttentionFunction = void (*)(const AttentionSlice&);
  MatmulFunction products[kDTypeNumbers] = {};  // by the weights' type; null where there is none
  AttentionFunction attention_f32 = nullptr;    // KV stored as f32
  AttentionFunction attention_f16 = nullptr;    // KV stored as f16
  AttentionFunction attention_q8 = nullptr;     // KV stored in 8 bits: q8_part_bytes()

  // Writes one row of `cols` columns, a multiple of 32, as QuantizedRows of `batch` rows has it.
  void (*quantize_row)(const float* x, std::size_t cols, std::size_t batch,
                       const QuantizedRow& to) = nullptr;
  // Half precision of `count` floats, rounded to nearest, ties to even.
  void (*to_f16)(const float* x, std::size_t count, std::uint16_t* out) = nullptr;
  // One head's keys or values of a token in 8 bits: `count` codes and the q8_blocks(count) scales,
  // f16, of their blocks.
  void (*to_q8)(const float* x, std::size_t count, std::int8_t* codes,
                std::uint16_t* scales) = nullptr;
  // out[i] = x[i] / sqrt(mean(x^2) + epsilon) * weight[i]. out may be x.
  void (*rms_norm)(const float* x, const float* weight, float* out, std::size_t count,
                   float epsilon) = nullptr;
  // out[i] = gate[i] / (1 + exp(-gate[i])) * up[i]. out may be either input.
  void (*silu_mul)(const float* gate, const float* up, float* out, std::size_t count) = nullptr;
  // The same with the gate's tanh-GELU: gate / 2 * (1 + tanh(sqrt(2 / pi) (gate + 0.044715
  // gate^3))).
  void (*gelu_mul)(const float* gate, const float* up, float* out, std::size_t count) = nullptr;
  // x[i] = cap * tanh(x[i] / cap), in place; cap > 0.
  void (*soft_cap)(float* x, std::size_t count, float cap) = nullptr;
  // x = exp(x - max(x)) / sum(exp(x - max(x))), in place; count >= 1.
  void (*softmax)(float* x, std::size_t count) = nullptr;

  // Runs `rounds` rounds of the class's widest 8-bit multiply-add from registers alone, returns a
  // value that depends on all of them, and the operations of one round (a multiply-add counts two)
  // in `operations`: the peak that machine_limits.h measures. Null for portable.
  int (*int8_loop)(std::size_t rounds, std::size_t& operations) = nullptr;

  // The matrix product for weights of `type`; null where this table has none.
  MatmulFunction matmul(DType type) const noexcept {
    return products[static_cast<std::size_t>(type)];
  }
};

// Whether products with weights of this type read MatmulSlice::quantized, not x: those of every
// quantized type. Their matrices are packed (matrix.h).
bool takes_quantized(DType type) noexcept;

// Floats of scratch that an attention function needs for `queries` = tokens * group rows.
std::size_t attention_scratch(std::size_t head_dim, std::size_t queries) noexcept;

// Whether the weights of this type can be multiplied by, and their names as a list for errors.
bool is_weight_type(DType type) noexcept;
std::string_view weight_type_names() noexcept;

// The kernel class's name as RETORT_CPU spells it.
std::string_view kernel_class_name(KernelClass kernel_class) noexcept;

// The classes that this processor can run, best last; portable is always there.
std::span<const KernelClass> available_kernel_classes() noexcept;

// The table named `name`, or the best one where `name` is empty. Errors (config): a name that is
// not known, a class that this processor lacks; both list what there is.
Result<const Kernels*> choose_kernels(std::string_view name);

}  // namespace retort::tensor
