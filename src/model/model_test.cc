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
#include <mutex>
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

std::unique_ptr<Model> load(const std::string& file, std::string_view kernel_class = "",
                            const LoadOptions& options = {}) {
  auto model = Model::load(kGoldens + file, **tensor::choose_kernels(kernel_class), options);
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
                   std::string_view kernel_class, const LoadOptions& options = {}) {
  SCOPED_TRACE(file + " " + std::string(kernel_class));
  const Golden golden = read_golden(name);
  const auto model = load(file, kernel_class, options);
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

// make_families.py
constexpr const char* kFamilies[] = {"qwen2",   "qwen2-yarn", "qwen3",    "mistral", "olmo2",
                                     "granite", "smollm3",    "phi3",     "gemma2",  "gemma3",
                                     "mixtral", "qwen3moe",   "phi3-long"};

TEST(Model, OtherFamiliesAnswerAsTransformersDoes) {
  for (const auto kernel_class : tensor::available_kernel_classes()) {
    for (const char* name : kFamilies) {
      expect_golden(name, name, 1e-3F, tensor::kernel_class_name(kernel_class));
      expect_golden(std::string(name) + ".gguf", name, 1e-3F,
                    tensor::kernel_class_name(kernel_class));
    }
  }
}

TEST(Model, TheTextPartOfAModelThatReadsImagesAnswersAsTransformersDoes) {
  expect_golden("gemma3-vision", "gemma3-vision", 1e-3F, "");
  EXPECT_EQ(load("gemma3-vision")->config().architecture, "gemma3");
}

TEST(Model, LongropeHasItsShortFactorsWhereTheContextFitsTheOriginalOne) {
  LoadOptions options;
  options.context = 128;
  for (const char* file : {"phi3-short", "phi3-short.gguf"}) {
    expect_golden(file, "phi3-short", 1e-3F, "", options);
    EXPECT_EQ(load(file, "", options)->config().context, 128);
    EXPECT_EQ(load(file)->config().context, 256);
  }
}

// F16 and BF16 weights are exact in f32, so what is left is KV rounded to f16. Q8_0 also has 8-bit
// activations.
TEST(Model, SixteenBitWeightsAnswerAsTransformersDoesOnTheSameValues) {
  for (const auto kernel_class : tensor::available_kernel_classes()) {
    const auto name = tensor::kernel_class_name(kernel_class);
    for (const char* type : {"blocks-f16", "blocks-bf16"}) {
      const Golden golden = read_golden(type);
      const auto model = load(std::string(type) + ".gguf", name);
      ASSERT_NE(model, nullptr);
      EXPECT_EQ(default_kv_type(model->config()), KvType::f16);
      for (const KvType kv : {KvType::f32, KvType::f16, KvType::q8_0}) {
        Session session(*model, 1, kv);
        const auto logits = session.run(golden.prompt);
        const auto rows = golden.logits.size();
        const auto vocabulary = static_cast<std::size_t>(model->config().vocab_size);
        for (std::size_t i = 0; i < rows; ++i) {
          const std::span<const float> row(logits.data() + logits.size() - (rows - i) * vocabulary,
                                           vocabulary);
          const float most = kv == KvType::f32 ? 1e-3F : kv == KvType::f16 ? 0.05F : 0.3F;
          EXPECT_LT(largest_difference(row, golden.logits[i]), most)
              << type << " " << name << " " << kv_type_name(kv);
        }
      }
    }
  }
}

// The size of what lies between the answer of NAME.gguf and the golden, beside that of the golden.
double relative_error(const std::string& name, std::string_view kernel_class) {
  const Golden golden = read_golden(name);
  const auto model = load(name + ".gguf", kernel_class);
  if (model == nullptr || golden.logits.empty()) return 1;
  Session session(*model);
  const auto logits = session.run(golden.prompt);
  double wanted_size = 0;
  double difference_size = 0;
  std::size_t at = logits.size() - golden.logits.size() * golden.logits[0].size();
  for (const auto& row : golden.logits) {
    for (const float wanted : row) {
      wanted_size += wanted * wanted;
      difference_size += (logits[at] - wanted) * (logits[at] - wanted);
      ++at;
    }
  }
  return std::sqrt(difference_size / wanted_size);
}

// Quantized by another program, against transformers on the values that the blocks stand for.
TEST(Model, BlockWeightsAnswerWithinTheirActivationsRounding) {
  for (const auto kernel_class : tensor::available_kernel_classes()) {
    for (const char* name : {"blocks-q8_0", "qwen2-q4_0", "gemma2-q4_1", "phi3-q5_0",
                             "mistral-q5_1", "qwen3moe-q8_0"}) {
      // 1 part in 254 of a block's largest value is lost in each of the 9 products on the way.
      const std::string_view class_name = tensor::kernel_class_name(kernel_class);
      EXPECT_LT(relative_error(name, class_name), 0.03) << name << " " << class_name;
    }
  }
}

// One way to compute the same sequence.
struct Way {
  std::size_t chunk;       // tokens of the prompt a step
  std::size_t companions;  // other sequences in the same steps
  std::size_t place;       // of the sequence among them
  int threads;
};

TokenId token_at(std::size_t sequence, std::size_t index, const ModelConfig& config) {
  return static_cast<TokenId>((sequence * 31 + index * index * 7 + index) %
                              static_cast<std::size_t>(config.vocab_size));
}

// Logits of every position of sequence 0, computed as `way` says.
std::vector<float> compute(Model& model, KvType type, std::size_t length, const Way& way) {
  const auto vocabulary = static_cast<std::size_t>(model.config().vocab_size);
  const std::size_t count = way.companions + 1;
  const std::size_t pages_each = length / kPageTokens + 1;
  auto kv = std::move(*KvCache::make(model.config(), count * pages_each + 1, type));
  tensor::ThreadPool pool(way.threads);
  std::vector<std::vector<TokenId>> tokens(count);
  std::vector<std::vector<PageId>> pages(count);
  for (std::size_t s = 0; s < count; ++s) {
    // The sequence under test is number 0 and the others differ from it; it lies in other pages
    // each time. Companions are longer or shorter, but never end first.
    const std::size_t own = s == way.place ? 0 : s + 1;
    for (std::size_t i = 0; i < length; ++i) tokens[s].push_back(token_at(own, i, model.config()));
    pages[s] = pages_from(static_cast<PageId>(s * pages_each + 1), pages_each);
  }
  std::vector<float> result;
  for (std::size_t begin = 0; begin < length; begin += way.chunk) {
    const std::size_t end = std::min(length, begin + way.chunk);
    Batch batch;
    std::size_t rows_before = 0;
    for (std::size_t s = 0; s < count; ++s) {
      const bool all = s == way.place || s % 2 == 0;
      if (s < way.place) rows_before += all ? end - begin : 0;
      batch.sequences.push_back({std::span(tokens[s]).subspan(begin, end - begin),
                                 static_cast<std::int64_t>(begin), pages[s],
                                 all ? BatchSequence::Logits::all : BatchSequence::Logits::none});
    }
    std::vector<float> logits(batch.logit_rows() * vocabulary);
    const auto done = model.forward(batch, kv, pool, logits);
    EXPECT_TRUE(done) << done.error().message();
    const auto from = logits.begin() + static_cast<std::ptrdiff_t>(rows_before * vocabulary);
    result.insert(result.end(), from,
                  from + static_cast<std::ptrdiff_t>((end - begin) * vocabulary));
  }
  return result;
}

constexpr std::size_t kLength = 75;  // three pages, the last one in part

// That the bits are the same however `model` computes.
void expect_same_bits(Model& model, KvType type, const std::string& what) {
  const auto alone = compute(model, type, kLength, {kLength, 0, 0, 1});
  for (const Way& way :
       {Way{1, 0, 0, 1}, Way{7, 0, 0, 2}, Way{32, 0, 0, 1}, Way{1, 8, 3, 1}, Way{7, 8, 8, 2},
        Way{32, 8, 0, 2}, Way{kLength, 8, 5, 3}, Way{33, 1, 1, 2}}) {
    const auto other = compute(model, type, kLength, way);
    ASSERT_EQ(other.size(), alone.size());
    EXPECT_EQ(std::memcmp(other.data(), alone.data(), alone.size() * sizeof(float)), 0)
        << what << " chunk " << way.chunk << " companions " << way.companions << " threads "
        << way.threads;
  }
}

TEST(Model, SameBitsAloneInABatchInPiecesAndOnMoreThreads) {
  for (const auto kernel_class : tensor::available_kernel_classes()) {
    for (const char* file :
         {"gqa", "wide_heads.gguf", "blocks-f16.gguf", "blocks-bf16.gguf", "blocks-q8_0.gguf",
          "qwen2", "qwen3", "mistral", "olmo2", "granite", "smollm3.gguf", "phi3.gguf", "gemma2",
          "gemma3", "mixtral.gguf", "qwen3moe"}) {
      const std::string name(tensor::kernel_class_name(kernel_class));
      const auto model = load(file, name);
      ASSERT_NE(model, nullptr);
      expect_same_bits(*model, default_kv_type(model->config()), file + (" " + name));
    }
  }
}

TEST(Model, SameBitsWithKeysAndValuesInEightBits) {
  for (const auto kernel_class : tensor::available_kernel_classes()) {
    for (const char* file : {"gqa", "wide_heads.gguf", "blocks-q8_0.gguf", "mistral", "gemma3"}) {
      const std::string name(tensor::kernel_class_name(kernel_class));
      const auto model = load(file, name);
      ASSERT_NE(model, nullptr);
      expect_same_bits(*model, KvType::q8_0, file + (" " + name));
    }
  }
}

TEST(KvCache, EightBitsTakeLittleMoreThanHalfOfSixteen) {
  ModelConfig config;
  config.layers = 16;
  config.kv_heads = 8;
  config.head_dim = 64;
  EXPECT_EQ(KvCache::page_bytes(config, KvType::f16), std::size_t{16} * 8 * 2 * 64 * 32 * 2);
  EXPECT_EQ(KvCache::page_bytes(config, KvType::q8_0) * 32,
            KvCache::page_bytes(config, KvType::f16) * 17);
  for (const KvType type : {KvType::f16, KvType::q8_0, KvType::f32}) {
    EXPECT_EQ(find_kv_type(kv_type_name(type)), type);
  }
  EXPECT_FALSE(find_kv_type("auto"));
}

TEST(Model, LastRowsAreTheSameBitsAsAllRows) {
  const auto model = load("gqa");
  ASSERT_NE(model, nullptr);
  const Golden golden = read_golden("gqa");
  const auto vocabulary = static_cast<std::size_t>(model->config().vocab_size);
  Session session(*model);
  const auto all = session.run(golden.prompt);
  auto kv = std::move(*KvCache::make(model->config(), 8, KvType::f32));
  tensor::ThreadPool pool(2);
  const auto pages = pages_from(0, 4);
  const auto others = pages_from(4, 4);
  Batch batch;
  batch.sequences.push_back({golden.prompt, 0, others, BatchSequence::Logits::none});
  batch.sequences.push_back({golden.prompt, 0, pages, BatchSequence::Logits::last});
  std::vector<float> last(vocabulary);
  ASSERT_EQ(batch.logit_rows(), 1U);
  ASSERT_TRUE(model->forward(batch, kv, pool, last));
  EXPECT_EQ(std::memcmp(last.data(), all.data() + all.size() - vocabulary, vocabulary * 4), 0);
}

TEST(Model, CopiedPagesContinueASequence) {
  const auto model = load("gqa");
  ASSERT_NE(model, nullptr);
  const Golden golden = read_golden("gqa");
  const auto vocabulary = static_cast<std::size_t>(model->config().vocab_size);
  auto kv = std::move(*KvCache::make(model->config(), 6, KvType::f32));
  tensor::ThreadPool pool(1);
  const std::vector<PageId> pages = {0, 1};
  const std::vector<PageId> copies = {0, 5};  // the full first page is shared
  Batch prompt;
  prompt.sequences.push_back({golden.prompt, 0, pages, BatchSequence::Logits::none});
  ASSERT_TRUE(model->forward(prompt, kv, pool, {}));
  kv.copy_page(1, 5);
  const std::vector<TokenId> next = {3};
  Batch both;
  const auto position = static_cast<std::int64_t>(golden.prompt.size());
  both.sequences.push_back({next, position, pages, BatchSequence::Logits::last});
  both.sequences.push_back({next, position, copies, BatchSequence::Logits::last});
  std::vector<float> logits(2 * vocabulary);
  ASSERT_TRUE(model->forward(both, kv, pool, logits));
  EXPECT_EQ(std::memcmp(logits.data(), logits.data() + vocabulary, vocabulary * 4), 0);
}

TEST(Model, LoadingOnAPoolTellsHowFarItIsAndChangesNothing) {
  tensor::ThreadPool pool(2);
  std::mutex mutex;
  std::vector<LoadProgress> told;
  LoadOptions options;
  options.pool = &pool;
  options.progress = [&](const LoadProgress& progress) {
    const std::lock_guard lock(mutex);
    told.push_back(progress);
    return true;
  };
  const auto alone = load("blocks-q8_0.gguf");
  const auto pooled = load("blocks-q8_0.gguf", "", options);
  ASSERT_TRUE(alone && pooled);
  EXPECT_EQ(alone->weights_hash(), pooled->weights_hash());
  const std::vector<TokenId> tokens = {1, 2, 3};
  EXPECT_EQ(Session(*alone).run(tokens), Session(*pooled).run(tokens));
  ASSERT_EQ(told.size(), 16U);  // two layers of seven matrices, embedding and output
  std::uint64_t largest = 0;
  for (const LoadProgress& each : told) largest = std::max(largest, each.bytes);
  EXPECT_EQ(largest, told.front().bytes_total);
}

TEST(Model, ALoadIsGivenUpWhereItsProgressSaysSo) {
  tensor::ThreadPool pool(2);
  for (tensor::ThreadPool* each : {static_cast<tensor::ThreadPool*>(nullptr), &pool}) {
    LoadOptions options;
    options.pool = each;
    options.progress = [](const LoadProgress&) { return false; };
    const auto model = Model::load(kGoldens + "gqa.gguf", **tensor::choose_kernels(""), options);
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().kind(), ErrorKind::cancelled);
  }
}

TEST(Model, AFileTellsItsSizesBeforeItIsLoaded) {
  for (const char* name : {"gqa", "gqa.gguf", "phi3-long.gguf", "blocks-q8_0.gguf"}) {
    const auto file = ModelFile::open(kGoldens + name);
    ASSERT_TRUE(file) << file.error().message();
    const auto model = load(name);
    ASSERT_NE(model, nullptr);
    EXPECT_EQ(file->config().layers, model->config().layers);
    EXPECT_EQ(file->config().weight_type, model->config().weight_type) << name;
    EXPECT_EQ(file->config().name, model->config().name);
    // Packed, a matrix takes up to a twentieth more.
    EXPECT_GE(file->tensor_bytes() + file->tensor_bytes() / 20, model->weights_bytes()) << name;
  }
}

TEST(Model, BatchesThatBreakTheRulesAreRefused) {
  const auto model = load("gqa");
  ASSERT_NE(model, nullptr);
  auto kv = std::move(*KvCache::make(model->config(), 2, KvType::f32));
  tensor::ThreadPool pool(1);
  std::vector<float> logits(static_cast<std::size_t>(model->config().vocab_size));
  const std::vector<TokenId> token = {1};
  const std::vector<TokenId> bad = {static_cast<TokenId>(model->config().vocab_size)};
  const std::vector<TokenId> negative = {-1};
  const std::vector<PageId> pages = {0};
  const std::vector<PageId> missing = {2};
  const auto refused = [&](BatchSequence sequence) {
    Batch batch;
    batch.sequences.push_back(sequence);
    const auto done = model->forward(batch, kv, pool, logits);
    return !done && done.error().kind() == ErrorKind::internal;
  };
  EXPECT_FALSE(refused({token, 0, pages}));
  EXPECT_TRUE(refused({bad, 0, pages}));
  EXPECT_TRUE(refused({negative, 0, pages}));
  EXPECT_TRUE(refused({token, 0, missing}));
  EXPECT_TRUE(refused({token, 32, pages}));
  EXPECT_TRUE(refused({token, -1, pages}));
  EXPECT_TRUE(refused({{}, 0, pages}));
  EXPECT_TRUE(refused({token, 0, pages, BatchSequence::Logits::none}));  // logits of wrong size
}

TEST(Model, WeightsHashTellsModelsApart) {
  const auto first = load("plain");
  const auto again = load("plain");
  const auto other = load("linear");
  ASSERT_TRUE(first && again && other);
  EXPECT_EQ(first->weights_hash(), again->weights_hash());
  EXPECT_NE(first->weights_hash(), other->weights_hash());
}

}  // namespace
}  // namespace retort::model
