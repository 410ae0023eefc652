// Tests of whole models against Hugging Face transformers (tests/golden/logits), and of promise 2:
// the same bits alone and in a batch, in one prefill or in pieces, on one thread or more.
#include "model/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json_view.h"

namespace retort::model {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string kGoldens = std::string(RETORT_SOURCE_DIR) + "/tests/golden/logits/";

// What transformers answers: see make_logits.py.
struct Golden {
  std::vector<TokenId> prompt;
  std::vector<std::vector<float>> logits;  // of the prompt's last positions
  std::vector<TokenId> greedy;
  std::vector<float> last_logits;  // after the greedy tokens
};

std::vector<float> floats_of(const base::JsonView& array) {
  std::vector<float> values;
  for (const auto& element : array.elements()) {
    values.push_back(static_cast<float>(element.number()));
  }
  return values;
}

std::vector<TokenId> tokens_of(const base::JsonView& array) {
  std::vector<TokenId> values;
  for (const auto& element : array.elements()) {
    values.push_back(static_cast<TokenId>(*element.integer()));
  }
  return values;
}

Golden read_golden(const std::string& name) {
  std::ifstream file(kGoldens + name + ".json");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto root = base::JsonView::parse(text);
  if (!root) ADD_FAILURE() << name << ": " << root.error().message();
  Golden golden;
  golden.prompt = tokens_of(*root->find("prompt"));
  golden.greedy = tokens_of(*root->find("greedy"));
  golden.last_logits = floats_of(*root->find("last_logits"));
  const auto rows = *root->find("logits");
  for (const auto& row : rows.elements()) golden.logits.push_back(floats_of(row));
  return golden;
}

std::unique_ptr<Model> load(const std::string& file, std::string_view kernel_class = "") {
  auto model = Model::load(kGoldens + file, **tensor::choose_kernels(kernel_class));
  if (!model) ADD_FAILURE() << model.error().message();
  return model ? std::move(*model) : nullptr;
}

std::vector<PageId> pages_from(PageId first, std::size_t count) {
  std::vector<PageId> pages(count);
  // Not in order: a sequence's pages lie anywhere.
  for (std::size_t i = 0; i < count; ++i) pages[i] = first + static_cast<PageId>(count - 1 - i);
  return pages;
}

// One sequence on its own.
class Session {
 public:
  Session(Model& model, int threads, KvType type)
      : model_(model),
        pool_(threads),
        kv_(std::move(*KvCache::make(model.config(), 8, type))),
        pages_(pages_from(0, 8)) {}
  explicit Session(Model& model) : Session(model, 1, default_kv_type(model.config())) {}

  // Logits of all of `tokens`, which come next.
  std::vector<float> run(std::span<const TokenId> tokens) {
    Batch batch;
    batch.sequences.push_back({tokens, position_, pages_, BatchSequence::Logits::all});
    const auto vocabulary = static_cast<std::size_t>(model_.config().vocab_size);
    std::vector<float> logits(batch.logit_rows() * vocabulary);
    const auto done = model_.forward(batch, kv_, pool_, logits);
    EXPECT_TRUE(done) << done.error().message();
    position_ += static_cast<std::int64_t>(tokens.size());
    return logits;
  }

 private:
  Model& model_;
  tensor::ThreadPool pool_;
  KvCache kv_;
  std::vector<PageId> pages_;
  std::int64_t position_ = 0;
};

float largest_difference(std::span<const float> a, std::span<const float> b) {
  EXPECT_EQ(a.size(), b.size());
  float largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

// Holds `file` against the golden `name`: the prompt's last rows, the greedy path, the last row.
void expect_golden(const std::string& file, const std::string& name, float tolerance,
                   std::string_view kernel_class) {
  SCOPED_TRACE(file + " " + std::string(kernel_class));
  const Golden golden = read_golden(name);
  const auto model = load(file, kernel_class);
  ASSERT_NE(model, nullptr);
  Session session(*model);
  const auto vocabulary = static_cast<std::size_t>(model->config().vocab_size);
  std::vector<float> logits = session.run(golden.prompt);
  const std::size_t first = golden.prompt.size() - golden.logits.size();
  for (std::size_t i = 0; i < golden.logits.size(); ++i) {
    EXPECT_LT(largest_difference({logits.data() + (first + i) * vocabulary, vocabulary},
                                 golden.logits[i]),
              tolerance);
  }
  std::vector<TokenId> greedy;
  for (std::size_t i = 0; i < golden.greedy.size(); ++i) {
    const auto row = logits.end() - static_cast<std::ptrdiff_t>(vocabulary);
    greedy.push_back(static_cast<TokenId>(std::max_element(row, logits.end()) - row));
    logits = session.run({&greedy.back(), 1});
  }
  EXPECT_EQ(greedy, golden.greedy);
  EXPECT_LT(largest_difference(logits, golden.last_logits), tolerance);
}

TEST(Model, HuggingFaceFoldersAnswerAsTransformersDoes) {
  for (const auto kernel_class : tensor::available_kernel_classes()) {
    for (const char* name :
         {"plain", "gqa", "tied", "biases", "linear", "llama3", "wide_heads", "blocks"}) {
      expect_golden(name, name, 1e-3F, tensor::kernel_class_name(kernel_class));
    }
  }
}

TEST(Model, GgufFilesOfTheSameWeightsAnswerAsTransformersDoes) {
  for (const auto kernel_class : tensor::available_kernel_classes()) {
    for (const char* name : {"gqa", "tied", "biases", "linear", "llama3", "wide_heads", "blocks"}) {
      expect_golden(std::string(name) + ".gguf", name, 1e-3F,
                    tensor::kernel_class_name(kernel_class));
    }
  }
}

}  // namespace
}  // namespace retort::model
