// Tests of models whose weights are in block formats, on the smallest models that can hold them
// (tests/golden/quants/make_quants.py): they answer as the same models in F32 do.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gguf/gguf_bytes.h"
#include "gguf/gguf_file.h"
#include "model/model.h"
#include "tensor/block_formats.h"

namespace retort::model {
namespace {

const std::filesystem::path kModels = std::filesystem::path(RETORT_SOURCE_DIR) / "fuzz/corpus/gguf";

gguf::GgufFile open_tiny(const std::string& name) {
  auto file = gguf::GgufFile::open(kModels / ("tiny-" + name + ".gguf"));
  EXPECT_TRUE(file) << file.error().message();
  return std::move(*file);
}

// Writes a file's metadata again; numbers and strings are all that the tiny models have.
void copy_metadata(const gguf::GgufFile& file, gguf::GgufBytes& to) {
  for (const gguf::Value& value : file.metadata().values()) {
    to.key(value.key, value.type);
    const std::string_view bytes(reinterpret_cast<const char*>(value.bytes.data()),
                                 value.bytes.size());
    if (value.type == gguf::ValueType::string) {
      to.string(bytes);
    } else {
      to.raw(bytes);
    }
  }
}

// The same model with every tensor in F32.
gguf::GgufBytes in_f32(const gguf::GgufFile& file) {
  gguf::GgufBytes to(file.tensors().size(), file.metadata().values().size());
  copy_metadata(file, to);
  std::uint64_t offset = 0;
  std::vector<std::vector<float>> tensors;
  for (const gguf::GgufTensor& tensor : file.tensors()) {
    const auto shape = tensor.shape();
    to.tensor(tensor.name, {shape.begin(), shape.end()}, 0, offset);
    std::vector<float> values(tensor.dimensions[0] * tensor.dimensions[1]);
    if (tensor.type == tensor::DType::f32) {
      std::memcpy(values.data(), tensor.data, tensor.bytes);
    } else {
      tensor::dequantizer(tensor.type)(tensor.data, values.size(), values.data());
    }
    offset += (values.size() * sizeof(float) + 31) / 32 * 32;
    tensors.push_back(std::move(values));
  }
  for (const std::vector<float>& values : tensors) {
    to.align(32);
    for (const float value : values) to.number(value);
  }
  to.align(32);
  return to;
}

std::unique_ptr<Model> load(gguf::GgufFile file) {
  auto model = Model::load(std::move(file), **tensor::choose_kernels(""));
  EXPECT_TRUE(model) << model.error().message();
  return std::move(*model);
}

// The logits of every token of a short prompt.
std::vector<float> logits_of(Model& model) {
  const std::vector<TokenId> tokens = {0, 1, 2, 2, 1};
  const std::vector<PageId> pages = {0};
  auto kv = KvCache::make(model.config(), 1, KvType::f16);
  EXPECT_TRUE(kv);
  tensor::ThreadPool pool(1);
  Batch batch;
  batch.sequences.push_back({tokens, 0, pages, BatchSequence::Logits::all});
  std::vector<float> logits(tokens.size() * static_cast<std::size_t>(model.config().vocab_size));
  const auto done = model.forward(batch, *kv, pool, logits);
  EXPECT_TRUE(done) << done.error().message();
  return logits;
}

class BlockWeights : public ::testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(All, BlockWeights,
                         ::testing::Values("q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "q2_k", "q3_k",
                                           "q4_k", "q5_k", "q6_k", "iq4_nl", "iq4_xs", "mxfp4"),
                         [](const auto& each) { return each.param; });

TEST_P(BlockWeights, AnswerAsTheFloatsTheyStandFor) {
  const gguf::GgufFile file = open_tiny(GetParam());
  const gguf::GgufBytes floats = in_f32(file);
  auto plain = gguf::GgufFile::parse(floats.bytes(), "f32.gguf");
  ASSERT_TRUE(plain) << plain.error().message();
  const auto blocks = load(open_tiny(GetParam()));
  const auto wanted = logits_of(*load(std::move(*plain)));
  const auto logits = logits_of(*blocks);
  const auto [least, largest] = std::minmax_element(wanted.begin(), wanted.end());
  ASSERT_LT(*least, *largest);
  // Activations were rounded to 8 bits, which matmul_test.cc holds exactly; so few logits of so
  // narrow a model lie close together.
  for (std::size_t i = 0; i < logits.size(); ++i) {
    EXPECT_NEAR(logits[i], wanted[i], 0.1F * (*largest - *least)) << i;
  }
}

}  // namespace
}  // namespace retort::model
