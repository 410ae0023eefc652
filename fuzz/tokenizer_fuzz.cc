// Any bytes through tokenizers of both kinds: no crash, the pieces are the text again, and control
// tokens come from literals only. The first two bytes choose the vocabulary and the literal's
// place.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "text/detokenizer.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"

namespace retort::text {
namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

void add_special_tokens(Vocabulary& vocabulary) {
  vocabulary.tokens.push_back({"<|im_end|>", 0, TokenType::control});
  vocabulary.tokens.push_back({"<|im|>", 0, TokenType::control});
  vocabulary.tokens.push_back({"<think>", 0, TokenType::user_defined});
}

Tokenizer make_byte_level(const char* pre_tokenizer) {
  Vocabulary vocabulary;
  std::vector<std::string> letters;
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::string letter;
    retort::base::append_utf8(letter, byte_level_letter(static_cast<unsigned char>(byte)));
    vocabulary.tokens.push_back({letter});
    letters.push_back(letter);
  }
  for (const char* pair : {"ab", "aa", "<|", "|>", "  ", "th", "\n\n", "\xC3\xA9", "\xF0\x9F"}) {
    const std::string left = letters[static_cast<unsigned char>(pair[0])];
    const std::string right = letters[static_cast<unsigned char>(pair[1])];
    vocabulary.merges.emplace_back(left, right);
    vocabulary.tokens.push_back({left + right});
  }
  vocabulary.tokens.push_back({letters['a'] + letters['a'] + letters['a'] + letters['a']});
  vocabulary.merges.emplace_back(letters['a'] + letters['a'], letters['a'] + letters['a']);
  for (const auto rule : find_pre_tokenizer(pre_tokenizer)->rules) {
    vocabulary.splits.push_back(find_split_rule(rule));
  }
  add_special_tokens(vocabulary);
  return Tokenizer::make(std::move(vocabulary)).value();
}

Tokenizer make_characters() {
  Vocabulary vocabulary;
  vocabulary.kind = Vocabulary::Kind::characters;
  vocabulary.merges_by_score = true;
  vocabulary.byte_fallback = true;
  vocabulary.normalizer = {{NormalizerStep::Kind::replace, " ", "\xE2\x96\x81"}};
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string text = {'<', '0', 'x', kDigits[byte >> 4], kDigits[byte & 15], '>'};
    vocabulary.tokens.push_back({text, 0, TokenType::byte});
  }
  float score = 0;
  for (const char* text : {"\xE2\x96\x81",
                           "\xE2\x96\x81"
                           "a",
                           "ab", "aa", "aaaa", "\xC3\xA9", "e", "a"}) {
    vocabulary.tokens.push_back({text, score -= 1});
  }
  add_special_tokens(vocabulary);
  return Tokenizer::make(std::move(vocabulary)).value();
}

const std::vector<Tokenizer>& tokenizers() {
  static const std::vector<Tokenizer> all = [] {
    std::vector<Tokenizer> made;
    for (const char* name : {"gpt-2", "llama-bpe", "qwen2", "deepseek-llm", "falcon", "smollm"}) {
      made.push_back(make_byte_level(name));
    }
    made.push_back(make_characters());
    return made;
  }();
  return all;
}

std::string without_marks(std::string text) {
  for (std::size_t at = 0; (at = text.find("\xE2\x96\x81")) != std::string::npos;) {
    text.replace(at, 3, " ");
  }
  return text;
}

void try_one(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return;
  const std::size_t which = data[0] % tokenizers().size();
  const Tokenizer& tokenizer = tokenizers()[which];
  std::string text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t begin = data[1] % (text.size() + 1);

  const std::vector<TokenId> plain = tokenizer.encode(text);
  std::string pieces;
  Detokenizer detokenizer(tokenizer);
  std::string decoded;
  for (const TokenId id : plain) {
    check(!tokenizer.is_control(id));
    pieces += tokenizer.piece(id);
    decoded += detokenizer.push(id);
    check(retort::base::is_utf8(decoded));
  }
  decoded += detokenizer.finish();
  const bool is_characters = which + 1 == tokenizers().size();
  if (is_characters) text = without_marks(text);
  check(pieces == text);
  if (retort::base::is_utf8(text)) check(decoded == text);

  const PromptText prompt{text, {{begin, text.size()}}};
  std::string spelled;
  for (const TokenId id : tokenizer.encode(prompt)) {
    check(!tokenizer.is_control(id) || spelled.size() >= begin);
    spelled += tokenizer.piece(id);
  }
  check(spelled == text);
}

}  // namespace
}  // namespace retort::text

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  retort::text::try_one(data, size);
  return 0;
}
