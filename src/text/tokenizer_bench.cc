// How fast text becomes ids: bytes a second of one core, by vocabulary, kind of text and length.
// The goal is 5 MB/s, and the same at every length.
//
//   build-release-test/text_bench
//
// RETORT_BENCH_VOCABULARIES names a folder of ggml-vocab-*.gguf files; the small ones of
// tests/golden/tokenizer are always there. RETORT_BENCH_TEXT names a text file (English by default:
// Debian's copy of the GPL). Texts are repeated to the length that is wanted.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "gguf/gguf_file.h"
#include "text/tokenizer.h"

namespace retort::text {
namespace {

std::string setting(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  return value != nullptr ? value : otherwise;
}

Result<Vocabulary> read_vocabulary(const std::string& name) {
  const std::string golden = RETORT_SOURCE_DIR "/tests/golden/tokenizer/" + name;
  if (std::filesystem::exists(golden + "/tokenizer.json")) {
    return vocabulary_from_hugging_face(golden);
  }
  const std::string folder = setting("RETORT_BENCH_VOCABULARIES", "../shared/data/vocab");
  auto file = gguf::GgufFile::open(folder + "/ggml-vocab-" + name + ".gguf");
  if (!file) return std::move(file).error();
  return vocabulary_from_gguf(*file);
}

std::optional<Tokenizer> open_vocabulary(const std::string& name) {
  auto vocabulary = read_vocabulary(name);
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

std::string program() {
  std::string text;
  for (int i = 0; text.size() < 64'000; ++i) {
    const std::string n = std::to_string(i * 7919 % 1000);
    text += "  if (items[" + n + "].size() > limit_" + n +
            ") {\n    // counts what is left\n    total += " + n + " * weights.at(\"key_" + n +
            "\");\n    return Result<void>(error);\n  }\n";
  }
  return text;
}

std::string repeated(const std::string& text, std::size_t bytes) {
  std::string out;
  out.reserve(bytes + text.size());
  while (!text.empty() && out.size() < bytes) out += text;
  return out;
}

// The length is the benchmark's argument.
void encode(benchmark::State& state, const std::string& vocabulary, const std::string& unit) {
  const std::optional<Tokenizer> tokenizer = open_vocabulary(vocabulary);
  const std::string text = repeated(unit, static_cast<std::size_t>(state.range(0)));
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
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(text.size()));
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

void register_all() {
  const std::pair<const char*, std::string> texts[] = {
      {"english", english()}, {"chinese", chinese()}, {"program", program()}, {"one_letter", "a"}};
  for (const char* name : {"gpt-2", "deepseek-llm", "falcon", "llama-spm", "llama3", "qwen2",
                           "llama2", "metaspace", "unigram", "unigram_bytes"}) {
    for (const auto& [kind, text] : texts) {
      const std::string title = "encode/" + std::string(name) + "/" + kind;
      benchmark::RegisterBenchmark(title.c_str(), encode, name, text)
          ->Arg(64 << 10)
          ->Arg(1 << 20)
          ->Arg(8 << 20)
          ->Unit(benchmark::kMillisecond);
    }
    const std::string title = "make/" + std::string(name);
    benchmark::RegisterBenchmark(title.c_str(), make, name)->Unit(benchmark::kMillisecond);
  }
}

[[maybe_unused]] const bool kRegistered = (register_all(), true);

}  // namespace
}  // namespace retort::text
