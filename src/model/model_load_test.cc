// Tests of what is said about model files that cannot be run: each change to a good folder or file
// gives one message that names the file and the part.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gguf/gguf_bytes.h"
#include "model/model.h"

namespace retort::model {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::filesystem::path kGoldens =
    std::filesystem::path(RETORT_SOURCE_DIR) / "tests/golden/logits";

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// A copy of a golden folder in which `from` in config.json became `to`.
std::filesystem::path changed_folder(const std::string& from, const std::string& to,
                                     const std::string& golden = "biases") {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "retort_changed_model";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  std::string config = read(kGoldens / golden / "config.json");
  const std::size_t at = config.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) config.replace(at, from.size(), to);
  write(folder / "config.json", config);
  write(folder / "model.safetensors", read(kGoldens / golden / "model.safetensors"));
  return folder;
}

std::string load_error(const std::filesystem::path& path) {
  const auto model = Model::load(path, **tensor::choose_kernels(""));
  return model ? "" : model.error().message();
}

std::string error_with(const std::string& from, const std::string& to) {
  return load_error(changed_folder(from, to));
}

TEST(ModelLoad, AnUnchangedCopyLoads) {
  EXPECT_EQ(error_with("\"mlp_bias\": true", "\"mlp_bias\": true"), "");
}

TEST(ModelLoad, MissingExtraAndMisshapenTensorsAreNamed) {
  EXPECT_THAT(
      error_with("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"),
      AllOf(HasSubstr("retort_changed_model"), HasSubstr("'blk.2.attn_norm.weight' is missing")));
  EXPECT_THAT(error_with("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1"),
              AllOf(HasSubstr("model.safetensors"), HasSubstr("'model.layers.1."),
                    HasSubstr("is not part of the model")));
  EXPECT_THAT(error_with("\"intermediate_size\": 48", "\"intermediate_size\": 64"),
              AllOf(HasSubstr("'model.layers.0.mlp.gate_proj.weight'"), HasSubstr("[48, 32]"),
                    HasSubstr("[64, 32]")));
}

TEST(ModelLoad, WhatIsNotSupportedIsNamed) {
  EXPECT_THAT(error_with("\"model_type\": \"llama\"", "\"model_type\": \"mamba\""),
              AllOf(HasSubstr("config.json"), HasSubstr("'mamba' is not supported"),
                    HasSubstr("supported: llama")));
  EXPECT_THAT(error_with("\"hidden_act\": \"silu\"", "\"hidden_act\": \"gelu\""),
              HasSubstr("the activation 'gelu' is not supported"));
  EXPECT_THAT(error_with("\"rope_type\": \"default\"", "\"rope_type\": \"dynamic\""),
              HasSubstr("rotary scaling of type 'dynamic' is not supported"));
}

TEST(ModelLoad, NumbersOutOfRangeAreNamed) {
  EXPECT_THAT(error_with("\"num_attention_heads\": 4", "\"num_attention_heads\": 0"),
              HasSubstr("head count of 0"));
  EXPECT_THAT(error_with("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3"),
              HasSubstr("4 heads cannot share 3 KV heads"));
  EXPECT_THAT(error_with("\"vocab_size\": 96", "\"vocab_size\": 1e15"),
              HasSubstr("vocabulary size"));
  EXPECT_THAT(error_with("\"vocab_size\": 96", "\"vocab_size\": \"many\""),
              AllOf(HasSubstr("'vocab_size'"), HasSubstr("whole number")));
  EXPECT_THAT(error_with("\"hidden_size\": 32", "\"hidden_size\": -1"), HasSubstr("'hidden_size'"));
  EXPECT_THAT(error_with("\"rms_norm_eps\": 1e-05", "\"rms_norm_eps\": 2"), HasSubstr("epsilon"));
  EXPECT_THAT(error_with("\"head_dim\": 8", "\"head_dim\": 7"),
              HasSubstr("rotary dimensions of 7"));
  EXPECT_THAT(error_with("\"vocab_size\": 96", "\"vocab\": 96"),
              HasSubstr("'vocab_size' is missing"));
}

TEST(ModelLoad, WhatFamiliesAddIsChecked) {
  const auto changed = [](const std::string& golden, const std::string& from,
                          const std::string& to) {
    return load_error(changed_folder(from, to, golden));
  };
  EXPECT_EQ(changed("gemma2", "\"sliding_window\": 20", "\"sliding_window\": 30"), "");
  EXPECT_THAT(changed("gemma2", "\"full_attention\"", "\"chunked_attention\""),
              HasSubstr("'chunked_attention' is not supported"));
  EXPECT_THAT(
      changed("gemma2", "\"attn_logit_softcapping\": 4.0", "\"attn_logit_softcapping\": -1.0"),
      HasSubstr("attention soft cap"));
  EXPECT_THAT(changed("phi3-long", "\"long_factor\": [", "\"long_factor\": [2.0,"),
              HasSubstr("4 factors where 3 are needed"));
  EXPECT_THAT(changed("qwen3moe", "\"num_experts_per_tok\": 3", "\"num_experts_per_tok\": 7"),
              HasSubstr("a mixture of 7 of 6 experts"));
  EXPECT_THAT(changed("qwen2-yarn", "\"factor\": 8.0", "\"factor\": 0"),
              HasSubstr("rotary scaling factor"));
  EXPECT_THAT(changed("granite", "\"logits_scaling\": 2.5", "\"logits_scaling\": 0"),
              HasSubstr("logit divisor"));
}

TEST(ModelLoad, FoldersWithoutWeightsOrConfigAreNamed) {
  auto folder = changed_folder("\"vocab_size\"", "\"vocab_size\"");
  std::filesystem::remove(folder / "model.safetensors");
  EXPECT_THAT(load_error(folder), HasSubstr("neither model.safetensors nor"));
  std::filesystem::remove(folder / "config.json");
  EXPECT_THAT(load_error(folder), HasSubstr("config.json"));
  EXPECT_THAT(load_error(folder / "nothing.gguf"), HasSubstr("nothing.gguf"));
}

TEST(ModelLoad, AnIndexOfSeveralFilesIsHeldAgainstThem) {
  auto folder = changed_folder("\"vocab_size\"", "\"vocab_size\"");
  std::filesystem::rename(folder / "model.safetensors", folder / "a.safetensors");
  const auto index = folder / "model.safetensors.index.json";
  write(index, R"({"weight_map": {"model.norm.weight": "a.safetensors"}})");
  EXPECT_EQ(load_error(folder), "");
  write(index, R"({"weight_map": {"model.norm.weight": "../a.safetensors"}})");
  EXPECT_THAT(load_error(folder), HasSubstr("names no file of this folder"));
  write(index, R"({"weight_map": {"model.other.weight": "a.safetensors"}})");
  EXPECT_THAT(load_error(folder), HasSubstr("'model.other.weight' is not in a.safetensors"));
  write(folder / "b.safetensors", read(folder / "a.safetensors"));
  write(
      index,
      R"({"weight_map": {"model.norm.weight": "a.safetensors", "lm_head.weight": "b.safetensors"}})");
  EXPECT_THAT(load_error(folder), HasSubstr("stands in two files"));
  write(index, R"({"weight_map": 3})");
  EXPECT_THAT(load_error(folder), HasSubstr("'weight_map' is missing"));
}

std::string gguf_error(const gguf::GgufBytes& bytes) {
  auto file = gguf::GgufFile::parse(bytes.bytes(), "m.gguf");
  EXPECT_TRUE(file) << file.error().message();
  const auto model = Model::load(std::move(*file), **tensor::choose_kernels(""));
  return model ? "" : model.error().message();
}

// A llama file's metadata; `more` pairs and `tensors` tensors are left to add.
gguf::GgufBytes llama_header(std::uint64_t tensors, std::uint64_t more) {
  gguf::GgufBytes file(tensors, 7 + more);
  file.key("general.architecture", gguf::ValueType::string).string("llama");
  const auto number = [&](std::string_view key, std::uint32_t value) {
    file.key(key, gguf::ValueType::u32).number(value);
  };
  number("llama.block_count", 1);
  number("llama.context_length", 64);
  number("llama.embedding_length", 256);
  number("llama.feed_forward_length", 256);
  number("llama.attention.head_count", 4);
  file.key("llama.attention.layer_norm_rms_epsilon", gguf::ValueType::f32).number(1e-5F);
  return file;
}

TEST(ModelLoad, GgufFilesThatAreNoLlamaAreNamed) {
  gguf::GgufBytes empty(0, 0);
  EXPECT_THAT(gguf_error(empty), AllOf(HasSubstr("m.gguf"), HasSubstr("'general.architecture'")));
  gguf::GgufBytes other(0, 1);
  other.key("general.architecture", gguf::ValueType::string).string("bert");
  EXPECT_THAT(gguf_error(other), HasSubstr("'bert' is not supported; supported: llama"));
  gguf::GgufBytes incomplete(0, 1);
  incomplete.key("general.architecture", gguf::ValueType::string).string("llama");
  EXPECT_THAT(gguf_error(incomplete), HasSubstr("'llama.block_count' is missing"));
  gguf::GgufBytes experts = llama_header(0, 1);
  experts.key("llama.expert_count", gguf::ValueType::u32).number<std::uint32_t>(8);
  EXPECT_THAT(gguf_error(experts), HasSubstr("'llama.expert_used_count' is missing"));
  gguf::GgufBytes split = llama_header(0, 1);
  split.key("split.count", gguf::ValueType::u16).number<std::uint16_t>(3);
  EXPECT_THAT(gguf_error(split), HasSubstr("split model"));
}

TEST(ModelLoad, AModelInPartsIsTheModelThatWasCut) {
  const auto& kernels = **tensor::choose_kernels("");
  const auto whole = Model::load(kGoldens / "gqa.gguf", kernels);
  ASSERT_TRUE(whole) << whole.error().message();
  const auto parts = Model::load(kGoldens / "split/gqa-00001-of-00003.gguf", kernels);
  ASSERT_TRUE(parts) << parts.error().message();
  EXPECT_EQ((*parts)->weights_hash(), (*whole)->weights_hash());
  EXPECT_EQ((*parts)->config().name, (*whole)->config().name);
  EXPECT_EQ((*parts)->weights_bytes(), (*whole)->weights_bytes());
}

TEST(ModelLoad, TensorTypesThatCannotBeComputedAreNamed) {
  gguf::GgufBytes file = llama_header(1, 0);
  file.tensor("token_embd.weight", {256, 2}, 16, 0).align(32).zeros(2 * 66);
  EXPECT_THAT(gguf_error(file), AllOf(HasSubstr("'token_embd.weight'"), HasSubstr("IQ2_XXS"),
                                      HasSubstr("supported: F32, F16, Q4_0")));
}

}  // namespace
}  // namespace retort::model
