// What a config.json and the names of tensors become, where whole models (src/model) do not show
// it.
#include "arch/architecture.h"

#include <gtest/gtest.h>

namespace retort::arch {
namespace {

TEST(Architecture, PartsThatReadImagesAreLeftAlone) {
  const auto vision = find_hugging_face_architecture("gemma3", "f");
  ASSERT_TRUE(vision);
  const auto name = [&](const char* tensor) { return gguf_tensor_name(**vision, tensor); };
  for (const char* prefix : {"language_model.model.", "model.language_model."}) {
    const std::string at = prefix;
    EXPECT_EQ(name((at + "embed_tokens.weight").c_str()), "token_embd.weight");
    EXPECT_EQ(name((at + "norm.weight").c_str()), "output_norm.weight");
    EXPECT_EQ(name((at + "layers.3.self_attn.q_proj.weight").c_str()), "blk.3.attn_q.weight");
    EXPECT_EQ(name((at + "layers.3.other.weight").c_str()), std::nullopt);
  }
  for (const char* tensor : {"language_model.lm_head.weight", "lm_head.weight"}) {
    EXPECT_EQ(name(tensor), "output.weight");
  }
  for (const char* tensor : {"vision_tower.vision_model.embeddings.position_embedding.weight",
                             "model.vision_tower.vision_model.post_layernorm.weight",
                             "multi_modal_projector.mm_soft_emb_norm.weight",
                             "model.multi_modal_projector.mm_input_projection_weight"}) {
    EXPECT_EQ(name(tensor), "") << tensor;
  }
  // Elsewhere they are not known, so that nothing is left out unseen.
  const auto text = find_hugging_face_architecture("gemma3_text", "f");
  ASSERT_TRUE(text);
  EXPECT_EQ(gguf_tensor_name(**text, "vision_tower.a.weight"), std::nullopt);
  EXPECT_EQ(gguf_tensor_name(**text, "language_model.model.norm.weight"), std::nullopt);
}

// As the folder of gemma-3-4b-it has it: what transformers knows is not said.
TEST(Architecture, Gemma3ThatReadsImagesHasTheSizesThatItsConfigLeavesOut) {
  const auto config = gguf::JsonConfig::parse(
      R"({"model_type":"gemma3","text_config":{"model_type":"gemma3_text","hidden_size":2560,
      "intermediate_size":10240,"num_hidden_layers":34,"sliding_window":1024,
      "rope_scaling":{"factor":8.0,"rope_type":"linear"}},"vision_config":{"hidden_size":1152}})",
      "config.json");
  ASSERT_TRUE(config) << config.error().message();
  const auto family = find_hugging_face_architecture("gemma3", "config.json");
  ASSERT_TRUE(family);
  const auto read = read_config(**family, *config);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_TRUE(validate(*read, "config.json"));
  EXPECT_EQ(read->width, 2560);
  EXPECT_EQ(read->layers, 34);
  EXPECT_EQ(read->heads, 8);
  EXPECT_EQ(read->kv_heads, 4);
  EXPECT_EQ(read->head_dim, 256);
  EXPECT_EQ(read->vocab_size, 262'208);
  EXPECT_EQ(read->rope.base, 1'000'000);
  EXPECT_EQ(read->rope.factor, 8);
  EXPECT_EQ(read->local_rope->base, 10'000);
  EXPECT_EQ(read->local_rope->factor, 1);
  EXPECT_EQ(read->layer_configs[0].window, 1'024);
  EXPECT_EQ(read->layer_configs[5].window, 0);
  EXPECT_TRUE(read->tied_output);
}

TEST(Architecture, OtherFamiliesSayTheirSizes) {
  const auto config =
      gguf::JsonConfig::parse(R"({"model_type":"gemma3_text","hidden_size":2560})", "config.json");
  ASSERT_TRUE(config);
  const auto family = find_hugging_face_architecture("gemma3_text", "config.json");
  ASSERT_TRUE(family);
  const auto read = read_config(**family, *config);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message(), "config.json: 'num_hidden_layers' is missing");
}

}  // namespace
}  // namespace retort::arch
