// How fast text becomes ids: bytes a second of one core.
//
//   build-dev/text_bench
//
// RETORT_BENCH_VOCABULARIES names a folder of ggml-vocab-*.gguf files, RETORT_BENCH_TEXT a text
// file (English by default, Debian's copy of the GPL).
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>

#include "gguf/gguf_file.h"
#include "text/tokenizer.h"

namespace retort::text {
namespace {

std::string setting(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  return value != nullptr ? value : otherwise;
}

std::optional<Tokenizer> open_vocabulary(const std::string& name) {
  const std::string folder = setting("RETORT_BENCH_VOCABULARIES", "../shared/data/vocab");
  auto file = gguf::GgufFile::open(folder + "/ggml-vocab-" + name + ".gguf");
  if (!file) return std::nullopt;
  auto vocabulary = vocabulary_from_gguf(*file);
  if (!vocabulary) return std::nullopt;
  auto tokenizer = Tokenizer::make(std::move(*vocabulary));
  if (!tokenizer) return std::nullopt;
  return std::move(*tokenizer);
}

std::string english() {
  std::ifstream file(setting("RETORT_BENCH_TEXT", "/usr/share/common-licenses/GPL-3"));
  std::stringstream all;
  all << file.rdbuf();
  return all.str();
}

std::string chinese() {
  std::string text;
  for (unsigned i = 0; text.size() < 64'000; ++i) {
    const unsigned point = 0x4E00 + i * 7919 % 3000;
    text += {static_cast<char>(0xE0 | point >> 12), static_cast<char>(0x80 | (point >> 6 & 63)),
             static_cast<char>(0x80 | (point & 63))};
    if (i % 11 == 10) text += "\xE3\x80\x82";
  }
  return text;
}

void encode(benchmark::State& state, const std::string& vocabulary, const std::string& text) {
  const std::optional<Tokenizer> tokenizer = open_vocabulary(vocabulary);
  if (!tokenizer || text.empty()) {
    state.SkipWithError("no vocabulary or no text");
    return;
  }
  std::size_t tokens = 0;
  for (auto _ : state) {
    const auto ids = tokenizer->encode(text);
    tokens = ids.size();
    benchmark::DoNotOptimize(ids.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
  state.counters["bytes_per_token"] =
      static_cast<double>(text.size()) / static_cast<double>(tokens);
}

void make(benchmark::State& state, const std::string& vocabulary) {
  for (auto _ : state) {
    const auto tokenizer = open_vocabulary(vocabulary);
    if (!tokenizer) return state.SkipWithError("no vocabulary");
    benchmark::DoNotOptimize(tokenizer->vocab_size());
  }
}

BENCHMARK_CAPTURE(encode, gpt2_english, "gpt-2", english());
BENCHMARK_CAPTURE(encode, gpt2_chinese, "gpt-2", chinese());
BENCHMARK_CAPTURE(encode, gpt2_one_letter, "gpt-2", std::string(1u << 20, 'a'));
BENCHMARK_CAPTURE(encode, deepseek_english, "deepseek-llm", english());
BENCHMARK_CAPTURE(encode, llama_spm_english, "llama-spm", english());
BENCHMARK_CAPTURE(encode, llama_spm_chinese, "llama-spm", chinese());
BENCHMARK_CAPTURE(encode, llama_spm_one_letter, "llama-spm", std::string(1u << 20, 'a'));
BENCHMARK_CAPTURE(make, gpt2, "gpt-2")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(make, deepseek, "deepseek-llm")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(make, llama_spm, "llama-spm")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace retort::text
