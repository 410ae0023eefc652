#include "hub/model_choice.h"

#include <gtest/gtest.h>

namespace retort::hub {
namespace {

Listing listing_of(const std::vector<std::string>& paths) {
  Listing listing;
  for (const std::string& path : paths) listing.files.push_back({.path = path, .bytes = 1});
  return listing;
}

std::vector<std::string> paths_of(const Result<ModelChoice>& choice) {
  if (!choice) return {choice.error().message()};
  std::vector<std::string> paths;
  for (const HubFile& file : choice->files) paths.push_back(file.path);
  return paths;
}

using Paths = std::vector<std::string>;

TEST(ModelChoice, ReadsTheQuantInAName) {
  EXPECT_EQ(quant_of("Qwen3-0.6B-Q4_K_M.gguf"), "Q4_K_M");
  EXPECT_EQ(quant_of("qwen2.5-0.5b-instruct-q8_0.gguf"), "Q8_0");
  EXPECT_EQ(quant_of("llama-2-7b.Q5_K_S.gguf"), "Q5_K_S");
  EXPECT_EQ(quant_of("my_model_q4_k_m.gguf"), "Q4_K_M");
  EXPECT_EQ(quant_of("model-UD-IQ2_XXS.gguf"), "UD-IQ2_XXS");
  EXPECT_EQ(quant_of("model-Q8_0-00001-of-00002.gguf"), "Q8_0");
  EXPECT_EQ(quant_of("gemma-3-1b-it-BF16.gguf"), "BF16");
  EXPECT_EQ(quant_of("gpt-oss-20b-MXFP4.gguf"), "MXFP4");
  EXPECT_EQ(quant_of("Q6_K/model.gguf"), "Q6_K");
  EXPECT_EQ(quant_of("Qwen3-8B.gguf"), "");
  EXPECT_EQ(quant_of(".gguf"), "");
}

TEST(ModelChoice, PrefersTheQuantsInTheirOrderAndSaysThatItChose) {
  const Listing listing =
      listing_of({"m-Q8_0.gguf", "m-Q4_K_M.gguf", "m-F16.gguf", "mmproj-Q4_K_M.gguf"});
  const Result<ModelChoice> choice = choose_model(listing, "");
  EXPECT_EQ(paths_of(choice), Paths{"m-Q4_K_M.gguf"});
  EXPECT_TRUE(choice->preferred);
  EXPECT_FALSE(choose_model(listing, "q8_0")->preferred);
  EXPECT_FALSE(choose_model(listing_of({"m-IQ1_S.gguf", "imatrix.gguf"}), "")->preferred);
}

TEST(ModelChoice, GgufComesBeforeSafetensorsUnlessTheyAreNamed) {
  const Listing listing =
      listing_of({"m.gguf", "config.json", "model.safetensors", "tokenizer.json", "optimizer.pt"});
  EXPECT_EQ(paths_of(choose_model(listing, "")), Paths{"m.gguf"});
  EXPECT_EQ(choose_model(listing, "")->quant, "m");
  EXPECT_EQ(paths_of(choose_model(listing, "safetensors")),
            (Paths{"model.safetensors", "config.json", "tokenizer.json"}));
  EXPECT_EQ(choose_model(listing, "safetensors")->entry, "");
}

TEST(ModelChoice, TakesAllPartsInTheirOrderByAnyOfTheirNames) {
  const Listing listing =
      listing_of({"d/m-Q8_0-00002-of-00002.gguf", "d/m-Q8_0-00001-of-00002.gguf", "m-Q2_K.gguf"});
  const Paths parts = {"d/m-Q8_0-00001-of-00002.gguf", "d/m-Q8_0-00002-of-00002.gguf"};
  for (const char* wanted :
       {"Q8_0", "d/m-Q8_0-00002-of-00002.gguf", "m-Q8_0-00001-of-00002.gguf", "d/m-Q8_0.gguf"}) {
    const Result<ModelChoice> choice = choose_model(listing, wanted);
    EXPECT_EQ(paths_of(choice), parts) << wanted;
    EXPECT_EQ(choice->entry, parts[0]);
  }
}

TEST(ModelChoice, DoesNotTakeHalfAModel) {
  EXPECT_EQ(paths_of(choose_model(listing_of({"m-00002-of-00003.gguf"}), "")),
            Paths{"the hub lacks part 1 of 3 of m.gguf"});
  EXPECT_NE(paths_of(choose_model(listing_of({"model.safetensors"}), ""))[0].find("no model"),
            std::string::npos);
}

TEST(ModelChoice, ADynamicQuantStandsInForItsPlainOne) {
  const Listing both = listing_of({"m-UD-Q4_K_XL.gguf", "m-Q4_K_M.gguf", "m-UD-Q4_K_M.gguf"});
  EXPECT_EQ(paths_of(choose_model(both, "Q4_K_XL")), Paths{"m-UD-Q4_K_XL.gguf"});
  EXPECT_EQ(paths_of(choose_model(both, "Q4_K_M")), Paths{"m-Q4_K_M.gguf"});
  EXPECT_EQ(paths_of(choose_model(both, "UD-Q4_K_M")), Paths{"m-UD-Q4_K_M.gguf"});
}

TEST(ModelChoice, AsksWhereTheNameIsNotEnough) {
  const Listing two = listing_of({"a-Q4_0.gguf", "b-Q4_0.gguf"});
  EXPECT_EQ(paths_of(choose_model(two, "Q4_0")),
            Paths{"several files are Q4_0: name one of a-Q4_0.gguf, b-Q4_0.gguf"});
  EXPECT_EQ(paths_of(choose_model(two, "Q8_0")),
            Paths{"the hub has no 'Q8_0' of this model; it has Q4_0, Q4_0"});
  EXPECT_FALSE(choose_model(listing_of({"a-IQ1_S.gguf", "b-IQ1_M.gguf"}), ""));
}

TEST(ModelChoice, AHostileListingCostsWhatItsFilesCost) {
  Listing listing;
  for (int i = 0; i < 50'000; ++i) {
    listing.files.push_back({.path = std::to_string(i) + "-00001-of-10000.gguf"});
  }
  EXPECT_FALSE(choose_model(listing, ""));
  EXPECT_FALSE(choose_model(listing, "Q4_0"));
}

}  // namespace
}  // namespace retort::hub
