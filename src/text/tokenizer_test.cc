// The tokenizer against vocabularies and token ids that others made.
#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "gguf/gguf_file.h"

namespace retort::text {
namespace {

const std::filesystem::path kVocabularies =
    std::filesystem::path(RETORT_SHARED_DIR) / "data" / "vocab";

std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream all;
  all << file.rdbuf();
  return all.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> split_at(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t found = text.find(separator);
    parts.emplace_back(text.substr(0, found));
    if (found == std::string_view::npos) return parts;
    text.remove_prefix(found + separator.size());
  }
}

std::vector<TokenId> read_ids(const std::string& line) {
  std::istringstream stream(line);
  std::vector<TokenId> ids;
  for (TokenId id = 0; stream >> id;) ids.push_back(id);
  return ids;
}

Result<Tokenizer> open_gguf(const std::filesystem::path& path) {
  auto file = gguf::GgufFile::open(path);
  if (!file) return std::move(file).error();
  auto vocabulary = vocabulary_from_gguf(*file);
  if (!vocabulary) return std::move(vocabulary).error();
  return Tokenizer::make(std::move(*vocabulary));
}

// Vocabularies and expected ids of llama.cpp's tests, and ids that other tokenizers gave.
class LlamaCppVocabulary : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto path = kVocabularies / ("ggml-vocab-" + std::string(GetParam()) + ".gguf");
    if (!std::filesystem::exists(path)) {
      std::cout << "skipped: " << path << " is not there\n";
      GTEST_SKIP();
    }
    path_ = path.string();
  }

  std::string path_;
};

TEST_P(LlamaCppVocabulary, GivesTheRecordedIds) {
  auto tokenizer = open_gguf(path_);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message();
  const auto texts = split_at(read_all(path_ + ".inp"), "\n__ggml_vocab_test__\n");
  const auto rows = lines_of(read_all(path_ + ".out"));
  ASSERT_GE(texts.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(tokenizer->encode(texts[i]), read_ids(rows[i])) << "text " << i << ": " << texts[i];
  }
  for (const std::string& line : lines_of(read_all(
           kVocabularies / ("ggml-vocab-" + std::string(GetParam()) + ".extended.jsonl")))) {
    const auto row = boost::json::parse(line).as_object();
    const auto text = boost::json::value_to<std::string>(row.at("text"));
    EXPECT_EQ(tokenizer->encode(text), boost::json::value_to<std::vector<TokenId>>(row.at("ids")))
        << line;
  }
}

INSTANTIATE_TEST_SUITE_P(Shared, LlamaCppVocabulary,
                         testing::Values("gpt-2", "llama-spm", "deepseek-llm", "falcon"));

// Small tokenizers and ids made with Hugging Face's library: tests/golden/tokenizer.
class HuggingFaceTokenizer : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto goldens =
        std::filesystem::path(RETORT_SOURCE_DIR) / "tests" / "golden" / "tokenizer";
    folder_ = goldens / GetParam();
    texts_ = boost::json::value_to<std::vector<std::string>>(
        boost::json::parse(read_all(goldens / "strings.json")));
    rows_ = lines_of(read_all(folder_ / "ids.jsonl"));
    auto vocabulary = vocabulary_from_hugging_face(folder_);
    ASSERT_TRUE(vocabulary) << vocabulary.error().message();
    auto tokenizer = Tokenizer::make(std::move(*vocabulary));
    ASSERT_TRUE(tokenizer) << tokenizer.error().message();
    tokenizer_ = std::make_unique<Tokenizer>(std::move(*tokenizer));
    ASSERT_GE(texts_.size(), 1000u);
    ASSERT_EQ(texts_.size(), rows_.size());
  }

  std::vector<TokenId> golden(std::size_t row, const char* key) const {
    const auto object = boost::json::parse(rows_[row]).as_object();
    const auto* ids = object.if_contains(key);
    return boost::json::value_to<std::vector<TokenId>>(ids ? *ids : object.at("plain"));
  }

  std::filesystem::path folder_;
  std::vector<std::string> texts_;
  std::vector<std::string> rows_;
  std::unique_ptr<Tokenizer> tokenizer_;
};

TEST_P(HuggingFaceTokenizer, GivesTheSameIdsWithSpecialTokensTakenAsText) {
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    EXPECT_EQ(tokenizer_->encode(texts_[i]), golden(i, "plain")) << i << ": " << texts_[i];
  }
}

TEST_P(HuggingFaceTokenizer, GivesTheSameIdsWhereAllIsTheTemplatesLiteral) {
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    const PromptText prompt{texts_[i], {{0, texts_[i].size()}}};
    EXPECT_EQ(tokenizer_->encode(prompt), golden(i, "special")) << i << ": " << texts_[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, HuggingFaceTokenizer,
                         testing::Values("gpt2", "llama3", "qwen2", "digits", "llama2",
                                         "metaspace"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace retort::text
