#include "text/vocabulary.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace retort::text {
namespace {

// Whether GPT-2's table lets a byte stand for itself: the printable ones of Latin-1
// (bytes_to_unicode in openai/gpt-2, src/encoder.py). The 68 others are U+0100 and what follows, in
// order.
constexpr bool stands_for_itself(unsigned byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct ByteLevelTable {
  std::array<char32_t, 256> letter_of_byte{};
  std::array<std::int16_t, 0x144> byte_of_letter{};
};

constexpr ByteLevelTable make_byte_level_table() {
  ByteLevelTable table;
  table.byte_of_letter.fill(-1);
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char32_t letter = stands_for_itself(byte) ? byte : next++;
    table.letter_of_byte[byte] = letter;
    table.byte_of_letter[letter] = static_cast<std::int16_t>(byte);
  }
  return table;
}

constexpr ByteLevelTable kByteLevel = make_byte_level_table();

// Control tokens that end an answer in the chat formats known to us, whatever the file says of
// them.
constexpr std::array<std::string_view, 14> kEnds = {"<|eot_id|>",
                                                    "<|im_end|>",
                                                    "<|end|>",
                                                    "<end_of_turn>",
                                                    "<|endoftext|>",
                                                    "<|eom_id|>",
                                                    "<|end_of_text|>",
                                                    "<|end_of_turn|>",
                                                    "<｜end▁of▁sentence｜>",
                                                    "<|eot|>",
                                                    "<EOT>",
                                                    "_<EOT>",
                                                    "<|return|>",
                                                    "</s>"};

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

char32_t byte_level_letter(unsigned char byte) noexcept {
  return kByteLevel.letter_of_byte[byte];
}

std::string decode_byte_level(std::string_view text) {
  std::string bytes;
  for (std::string_view rest = text; !rest.empty();) {
    const base::CodePoint point = base::decode_utf8(rest);
    if (point.bytes == 0 || point.value >= kByteLevel.byte_of_letter.size()) {
      return std::string(text);
    }
    const int byte = kByteLevel.byte_of_letter[point.value];
    if (byte < 0) return std::string(text);
    bytes.push_back(static_cast<char>(byte));
    rest.remove_prefix(point.bytes);
  }
  return bytes;
}

std::optional<unsigned char> read_byte_token(std::string_view text) noexcept {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return std::nullopt;
  const int high = hex_digit(text[3]);
  const int low = hex_digit(text[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<unsigned char>(high * 16 + low);
}

void add_known_ends(Vocabulary& vocabulary) {
  auto& ends = vocabulary.end_of_generation;
  if (vocabulary.end) ends.push_back(*vocabulary.end);
  for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    const Token& token = vocabulary.tokens[i];
    if (token.type != TokenType::control) continue;
    if (std::ranges::find(kEnds, token.text) == kEnds.end()) continue;
    ends.push_back(static_cast<TokenId>(i));
  }
  std::ranges::sort(ends);
  const auto repeated = std::ranges::unique(ends);
  ends.erase(repeated.begin(), repeated.end());
}

}  // namespace retort::text
