// Speed of the matrix products, per kernel class, weight type, batch and thread count.
//
// Weights rotate through matrices that together exceed the caches, as in a model: with a batch of 1
// the weights' bytes a second are what counts, with many rows the operations a second.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tensor/matmul.h"

namespace retort::tensor {
namespace {

constexpr std::size_t kRows = 8'192;
constexpr std::size_t kCols = 2'048;
constexpr std::size_t kMatrices = 8;  // of 17 to 67 MB each

// Random weights of a type: bytes of which no two make an infinite half, or halves near 1/64.
std::vector<std::byte> random_file(DType type, std::mt19937& random) {
  std::vector<std::byte> file(*dtype_bytes(type, kRows * kCols));
  for (std::size_t i = 0; i < file.size(); i += 2) {
    auto bits = static_cast<std::uint16_t>(0x2400 | (random() & 0x83FF));
    if (type == DType::bf16 || (type == DType::f32 && i % 4 == 2)) bits = 0x3C80;
    if (dtype_info(type).block_elements > 1) bits = static_cast<std::uint16_t>(random() & 0x3F3F);
    std::memcpy(file.data() + i, &bits, 2);
  }
  return file;
}

void matmul(benchmark::State& state, std::string_view name, DType type) {
  const auto kernels = choose_kernels(name);
  const auto batch = static_cast<std::size_t>(state.range(0));
  ThreadPool pool(static_cast<int>(state.range(1)));
  std::mt19937 random(1);
  const auto file = random_file(type, random);
  std::vector<Buffer> copies;  // a view would share one file among all matrices
  std::vector<Matrix> matrices;
  for (std::size_t i = 0; i < kMatrices; ++i) {
    copies.push_back(std::move(*Buffer::make(file.size())));
    std::memcpy(copies.back().data(), file.data(), file.size());
    matrices.push_back(std::move(*Matrix::make(type, kRows, kCols, copies.back().data())));
  }
  std::vector<float> x(batch * kCols, 0.5F);
  std::vector<float> out(batch * kRows);
  Activations activations;
  if (!activations.reserve(batch, kCols)) return state.SkipWithError("no memory");
  auto step = pool.begin_step();
  std::size_t next = 0;
  for (auto _ : state) {
    activations.set(x.data(), batch, kCols);
    const Product product{&matrices[next], nullptr, out.data()};
    multiply(**kernels, step, activations, {&product, 1});
    next = (next + 1) % kMatrices;
  }
  const auto rounds = static_cast<double>(state.iterations());
  state.counters["weights_B/s"] = benchmark::Counter(
      rounds * static_cast<double>(matrices[0].bytes()), benchmark::Counter::kIsRate);
  state.counters["op/s"] = benchmark::Counter(
      rounds * 2.0 * kRows * kCols * static_cast<double>(batch), benchmark::Counter::kIsRate);
}

// One query token with 4 heads on one KV head, over `positions` positions.
void attention(benchmark::State& state, std::string_view name) {
  const auto kernels = choose_kernels(name);
  const auto positions = static_cast<std::size_t>(state.range(0));
  constexpr std::size_t kGroup = 4;
  constexpr std::size_t kHeadDim = 64;
  constexpr std::size_t kBytes = kHeadDim * kAttentionBlock * 2;
  auto kv = std::move(*Buffer::make(positions / kAttentionBlock * 2 * kBytes));
  std::vector<std::uint32_t> pages(positions / kAttentionBlock);
  for (std::size_t i = 0; i < pages.size(); ++i) pages[i] = static_cast<std::uint32_t>(i);
  std::vector<float> q(kGroup * kHeadDim, 0.1F);
  std::vector<float> out(q.size());
  std::vector<float> scratch(attention_scratch(kHeadDim, kGroup));
  AttentionSlice slice;
  slice.q = q.data();
  slice.q_stride = q.size();
  slice.out = out.data();
  slice.out_stride = q.size();
  slice.tokens = 1;
  slice.group = kGroup;
  slice.head_dim = kHeadDim;
  slice.first_position = positions - 1;
  slice.scale = 0.125F;
  slice.kv = kv.data();
  slice.page_stride = 2 * kBytes;
  slice.values_offset = kBytes;
  slice.pages = pages.data();
  slice.scratch = scratch.data();
  for (auto _ : state) (*kernels)->attention_f16(slice);
  state.counters["kv_B/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(kv.bytes()),
                         benchmark::Counter::kIsRate);
}

const bool kRegistered = [] {
  for (const KernelClass kernel_class : available_kernel_classes()) {
    const auto name = kernel_class_name(kernel_class);
    for (const DType type : {DType::f32, DType::f16, DType::bf16, DType::q8_0, DType::q4_0,
                             DType::q4_k, DType::q6_k}) {
      const std::string title = std::string(name) + "/" + std::string(dtype_name(type));
      auto* bench = benchmark::RegisterBenchmark(title.c_str(), matmul, name, type);
      bench->ArgNames({"batch", "threads"})->UseRealTime();
      for (const int batch : {1, 8, 32, 256}) {
        for (const int threads : {1, 2}) bench->Args({batch, threads});
      }
    }
    benchmark::RegisterBenchmark((std::string(name) + "/attention_f16").c_str(), attention, name)
        ->ArgName("positions")
        ->Arg(512)
        ->Arg(8'192);
  }
  return true;
}();

}  // namespace
}  // namespace retort::tensor
