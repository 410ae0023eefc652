// Any bytes as a tokenizer.json or, where they begin so, as a GGUF file's vocabulary: an error or a
// tokenizer that works, never a crash.
#include <cstdint>
#include <span>
#include <string_view>

#include "gguf/gguf_file.h"
#include "text/tokenizer.h"

namespace {

using retort::text::Vocabulary;

retort::Result<Vocabulary> read(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!text.starts_with("GGUF")) return retort::text::vocabulary_from_tokenizer_json(text, "fuzz");
  auto file = retort::gguf::GgufFile::parse(std::as_bytes(std::span(data, size)), "fuzz");
  if (!file) return std::move(file).error();
  return retort::text::vocabulary_from_gguf(*file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto vocabulary = read(data, size);
  if (!vocabulary) return 0;
  // An id may be as large as kTokensMax: a table of that size each time would only make this slow.
  if (vocabulary->tokens.size() > 10'000) return 0;
  const auto tokenizer = retort::text::Tokenizer::make(std::move(*vocabulary));
  if (!tokenizer) return 0;
  const std::string_view text = "Hello <|im_end|> </s> \xC3\xA9 12 \n\n\xF0\x9F\x98\x80\xFF";
  for (const auto id : tokenizer->encode(text)) {
    if (tokenizer->is_control(id)) __builtin_trap();
  }
  tokenizer->encode(retort::text::PromptText{std::string(text), {{0, text.size()}}});
  return 0;
}
