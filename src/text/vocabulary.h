// Vocabulary: everything a tokenizer is made from, as plain data, whatever file it was read from.
//
// Two readers fill it (a GGUF file's metadata, a Hugging Face folder's tokenizer.json) and
// Tokenizer::make checks it as a whole and builds its tables. Nothing here is trusted: a Vocabulary
// may hold whatever a file said.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <retort/result.h>

namespace retort::gguf {
class GgufFile;
}

namespace retort::text {

struct SplitRule;

using TokenId = std::int32_t;

enum class TokenType : std::uint8_t {
  normal,        // a piece of text
  unknown,       // stands for text that has no piece
  control,       // begins or ends something: never made from what a user wrote
  user_defined,  // added to the model later, an ordinary piece that is matched before all others
  unused,        // a gap
  byte,          // one byte, spelled <0xNN>
};

struct Token {
  std::string text;  // as the file spells it: byte-level letters, U+2581 for a space
  double score = 0;
  TokenType type = TokenType::normal;
  // Of added tokens (control and user_defined), with Hugging Face's meanings.
  bool strips_left = false;   // takes the white space before it
  bool strips_right = false;  // takes the white space behind it
  bool single_word = false;   // only where no word character touches it
  bool normalized = false;    // looked for in the normalised text
};

// How the text between added tokens is changed before it is cut into words.
struct NormalizerStep {
  enum class Kind : std::uint8_t {
    nfc,
    prepend,
    replace,
    replace_space_runs,  // two or more spaces
    strip_front,         // white space
    strip_back,
    precompiled,    // Hugging Face's reading of SentencePiece's table of characters
    sentencepiece,  // all that SentencePiece does
  };
  Kind kind = Kind::nfc;
  std::string pattern;       // replace: a plain text
  std::string content;       // prepend and replace...; precompiled and sentencepiece: the table
  bool adds_prefix = false;  // sentencepiece
  bool removes_extra_spaces = false;  // sentencepiece
};

struct Vocabulary {
  enum class Kind : std::uint8_t {
    byte_level,  // byte-pair merges over bytes (gpt-2, llama-3, qwen2 ...)
    characters,  // SentencePiece: merges over characters, with bytes for those it does not know
    unigram,     // SentencePiece's other kind: the cut of the largest sum of scores
  };
  // Whether U+2581 is put before a text that does not begin with one.
  enum class SpacePrefix : std::uint8_t { never, first, always };

  Kind kind = Kind::byte_level;
  std::vector<Token> tokens;  // by id
  // Best first. Empty with Kind::characters: any two neighbours that spell a token merge, the
  // highest score first.
  std::vector<std::pair<std::string, std::string>> merges;
  bool merges_by_score = false;
  bool ignore_merges = false;     // a word that is a token is that token, whatever the merges say
  bool byte_fallback = false;     // characters: unknown ones become byte tokens
  bool fuses_unknown = false;     // characters: neighbouring unknown ones become one unknown token
  double unknown_score = 0;       // unigram: of a character that is no token
  bool single_precision = false;  // unigram: sums of scores are rounded to float
  bool adds_space = false;        // byte_level: a space before a text that does not begin with one
  std::vector<NormalizerStep> normalizer;
  // Each in turn cuts every piece that the one before left at its matches; what lies between two
  // matches is a piece too.
  std::vector<const SplitRule*> splits;
  SpacePrefix space_prefix = SpacePrefix::never;
  bool replaces_spaces = false;       // characters: U+2581 for each space, after the normaliser
  bool splits_before_space = false;   // characters: a word begins at each U+2581
  bool splits_at_spaces = false;      // unigram: white space parts words and is dropped
  bool strips_leading_space = false;  // one space at the front of decoded text is not part of it

  std::optional<TokenId> beginning;  // bos
  std::optional<TokenId> end;        // eos
  std::optional<TokenId> unknown;
  std::optional<TokenId> padding;
  std::vector<TokenId> end_of_generation;  // eos and the other tokens that end an answer
  bool adds_beginning = false;             // add_bos
  bool adds_end = false;                   // add_eos
  // By name; "default" is the one for ordinary chats.
  std::map<std::string, std::string, std::less<>> chat_templates;
};

// Upper bounds of what a vocabulary may hold; a file beyond them is refused.
inline constexpr std::size_t kTokensMax = 1u << 21;
inline constexpr std::size_t kTokenBytesMax = 2048;
inline constexpr std::size_t kVocabularyBytesMax = 64u << 20;
inline constexpr std::size_t kMergesMax = 1u << 22;

// Reads `tokenizer.ggml.*` and `tokenizer.chat_template*`. Errors (malformed) name the key; an
// unknown tokenizer.ggml.model or .pre is refused with the names that are supported.
Result<Vocabulary> vocabulary_from_gguf(const gguf::GgufFile& file);

// Reads tokenizer.json and, where they are there, tokenizer_config.json, generation_config.json and
// chat_template.jinja of `folder`. Errors name the file and the part that is not supported.
Result<Vocabulary> vocabulary_from_hugging_face(const std::filesystem::path& folder);

// The part of the above that reads tokenizer.json, for text from anywhere. `name` begins each
// error.
Result<Vocabulary> vocabulary_from_tokenizer_json(std::string_view json, std::string_view name);

// The bytes that the byte-level spelling of a token stands for (GPT-2's table of printable
// letters); the text itself where it holds a letter outside that table.
std::string decode_byte_level(std::string_view text);
// The inverse for one byte: its letter as a code point.
char32_t byte_level_letter(unsigned char byte) noexcept;
// The byte that a token spelled <0xNN> stands for.
std::optional<unsigned char> read_byte_token(std::string_view text) noexcept;

// Adds to `vocabulary.end_of_generation` eos and the control tokens whose names are known to end an
// answer (<|im_end|>, <|eot_id|> ...).
void add_known_ends(Vocabulary& vocabulary);

}  // namespace retort::text
