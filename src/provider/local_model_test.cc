// Loading the bundled model, with and without a draft model.
#include "provider/local_model.h"

#include <gtest/gtest.h>

namespace retort::provider {
namespace {

class LocalModelTest : public testing::Test {
 protected:
  Result<std::unique_ptr<LocalModel>> load(const std::string& draft) {
    return LocalModel::load({.context = 256, .draft_path = draft}, machine_, {});
  }

  base::Log log_ = base::Log::silent();
  tensor::ThreadPool pool_{1};
  base::TurnLock turns_;
  const Machine machine_{**tensor::choose_kernels(""), pool_, turns_, log_};
};

TEST_F(LocalModelTest, TakesADraftModelOfItsVocabulary) {
  const auto model = load(RETORT_SOURCE_DIR "/models/retort-tiny/retort-tiny.gguf");
  ASSERT_TRUE(model) << model.error().message();
  EXPECT_TRUE((*model)->draft_weights);
}

TEST_F(LocalModelTest, RefusesADraftModelOfAnotherVocabulary) {
  const std::string other = RETORT_SOURCE_DIR "/tests/golden/tokenizer/gpt2";
  const auto model = load(other);
  ASSERT_FALSE(model.has_value());
  EXPECT_EQ(model.error().param(), "draft_model");
  EXPECT_TRUE(model.error().message().starts_with(other)) << model.error().message();
  EXPECT_NE(model.error().message().find("vocabulary"), std::string::npos);
}

TEST_F(LocalModelTest, NamesADraftModelThatIsNotThere) {
  const auto model = load("/nowhere/draft.gguf");
  ASSERT_FALSE(model.has_value());
  EXPECT_NE(model.error().message().find("/nowhere/draft.gguf"), std::string::npos);
}

TEST_F(LocalModelTest, MasksNoTextWithinStringsThatOnlySpellsAMarkInPart) {
  const auto model = load("");
  ASSERT_TRUE(model) << model.error().message();
  ASSERT_NE((*model)->tool_calls, nullptr);
  const text::Tokenizer& tokenizer = *(*model)->tokenizer;
  const grammar::TokenSet& inside = (*model)->token_trie->string().inside.back();
  int spelled = 0;
  for (std::size_t id = 0; id < tokenizer.vocab_size(); ++id) {
    const auto token = static_cast<text::TokenId>(id);
    const std::string_view name = tokenizer.token_text(token);
    const bool is_inside = (inside[id / 64] >> (id % 64) & 1) != 0;
    if (!(*model)->tool_calls->has_mark(name)) continue;
    EXPECT_EQ(is_inside, tokenizer.type(token) == text::TokenType::normal) << name;
    if (is_inside) ++spelled;
  }
  EXPECT_GT(spelled, 5);
}

}  // namespace
}  // namespace retort::provider
