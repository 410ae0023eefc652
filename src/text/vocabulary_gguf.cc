// Reads a tokenizer from a GGUF file's metadata: the keys tokenizer.ggml.* (ggml/docs/gguf.md),
// with the defaults that llama.cpp gives to those that are absent.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gguf/gguf_file.h"
#include "text/pre_tokenizer.h"
#include "text/vocabulary.h"

namespace retort::text {
namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581

class GgufVocabularyReader {
 public:
  explicit GgufVocabularyReader(const gguf::GgufFile& file)
      : file_(file.name()), metadata_(file.metadata()) {}

  Result<Vocabulary> read() {
    for (const auto part : {&GgufVocabularyReader::read_model, &GgufVocabularyReader::read_tokens,
                            &GgufVocabularyReader::read_merges, &GgufVocabularyReader::read_named,
                            &GgufVocabularyReader::read_templates}) {
      if (Result<void> done = (this->*part)(); !done) return std::move(done).error();
    }
    add_known_ends(vocabulary_);
    return std::move(vocabulary_);
  }

 private:
  Error malformed(std::string_view key, const std::string& what) const {
    return Error(ErrorKind::malformed, file_ + ": " + std::string(key) + ": " + what);
  }

  Result<void> read_flag(std::string_view key, bool& flag) {
    auto value = metadata_.optional_boolean(key);
    if (!value) return std::move(value).error();
    if (*value) flag = **value;
    return {};
  }

  Result<void> read_id(std::string_view key, std::optional<TokenId>& id) {
    auto value = metadata_.optional_uint(key);
    if (!value) return std::move(value).error();
    // Files that have no such token say so with an id outside the vocabulary.
    if (*value && **value < vocabulary_.tokens.size()) id = static_cast<TokenId>(**value);
    return {};
  }

  Result<void> read_model() {
    auto model = metadata_.string("tokenizer.ggml.model");
    if (!model) return std::move(model).error();
    if (*model == "gpt2") return read_byte_level();
    if (*model == "llama") return read_characters();
    if (*model == "t5") return read_unigram();
    return malformed("tokenizer.ggml.model",
                     "\"" + std::string(*model) +
                         "\" is not supported; supported are gpt2 (byte-level BPE), llama "
                         "(SentencePiece) and t5 (SentencePiece's unigram model)");
  }

  Result<void> read_byte_level() {
    constexpr std::string_view kKey = "tokenizer.ggml.pre";
    auto name = metadata_.optional_string(kKey);
    if (!name) return std::move(name).error();
    const std::string known = "supported are " + pre_tokenizer_names();
    if (!*name) return malformed(kKey, "the file does not name its pre-tokenizer; " + known);
    const PreTokenizer* row = find_pre_tokenizer(**name);
    if (row == nullptr) {
      return malformed(kKey, "\"" + std::string(**name) + "\" is not supported; " + known);
    }
    vocabulary_.kind = Vocabulary::Kind::byte_level;
    for (const std::string_view rule : row->rules) {
      vocabulary_.splits.push_back(find_split_rule(rule));
    }
    if (row->nfc) vocabulary_.normalizer.push_back({NormalizerStep::Kind::nfc, "", ""});
    vocabulary_.ignore_merges = row->ignores_merges;
    vocabulary_.adds_beginning = row->adds_beginning;
    return {};
  }

  Result<void> read_characters() {
    vocabulary_.kind = Vocabulary::Kind::characters;
    vocabulary_.merges_by_score = true;
    vocabulary_.fuses_unknown = true;
    vocabulary_.adds_beginning = true;
    bool adds_space = true;
    if (auto done = read_flag("tokenizer.ggml.add_space_prefix", adds_space); !done) return done;
    bool removes_spaces = false;
    constexpr std::string_view kRemoves = "tokenizer.ggml.remove_extra_whitespaces";
    if (auto done = read_flag(kRemoves, removes_spaces); !done) return done;
    if (removes_spaces) return malformed(kRemoves, "true is not supported");
    const std::string mark(kSpaceMark);
    if (adds_space) vocabulary_.normalizer.push_back({NormalizerStep::Kind::prepend, "", mark});
    vocabulary_.normalizer.push_back({NormalizerStep::Kind::replace, " ", mark});
    vocabulary_.strips_leading_space = adds_space;
    return {};
  }

  Result<void> read_unigram() {
    vocabulary_.kind = Vocabulary::Kind::unigram;
    vocabulary_.single_precision = true;
    vocabulary_.adds_end = true;
    NormalizerStep step{.kind = NormalizerStep::Kind::sentencepiece, .adds_prefix = true};
    if (auto done = read_flag("tokenizer.ggml.add_space_prefix", step.adds_prefix); !done) {
      return done;
    }
    constexpr std::string_view kRemoves = "tokenizer.ggml.remove_extra_whitespaces";
    if (auto done = read_flag(kRemoves, step.removes_extra_spaces); !done) return done;
    constexpr std::string_view kCharsmap = "tokenizer.ggml.precompiled_charsmap";
    auto table = metadata_.optional_integers(kCharsmap);
    if (!table) return std::move(table).error();
    for (std::size_t i = 0; *table && i < (*table)->size(); ++i) {
      step.content += static_cast<char>((**table)[i] & 0xFF);
    }
    vocabulary_.strips_leading_space = step.adds_prefix;
    vocabulary_.normalizer.push_back(std::move(step));
    return {};
  }

  bool has_scores() const {
    return vocabulary_.merges_by_score || vocabulary_.kind == Vocabulary::Kind::unigram;
  }

  // Worse by 10 than every piece (sentencepiece, kUnkPenalty).
  void score_unknown() {
    double least = std::numeric_limits<float>::max();
    for (const Token& token : vocabulary_.tokens) {
      if (token.type == TokenType::normal) least = std::min(least, token.score);
    }
    vocabulary_.unknown_score = static_cast<float>(least) - 10.0F;
  }

  Result<void> read_tokens() {
    constexpr std::string_view kTokens = "tokenizer.ggml.tokens";
    constexpr std::string_view kTypes = "tokenizer.ggml.token_type";
    constexpr std::string_view kScores = "tokenizer.ggml.scores";
    auto texts = metadata_.strings(kTokens);
    if (!texts) return std::move(texts).error();
    auto types = metadata_.optional_integers(kTypes);
    if (!types) return std::move(types).error();
    auto scores = metadata_.optional_numbers(kScores);
    if (!scores) return std::move(scores).error();
    if (texts->size() > kTokensMax) return malformed(kTokens, "too many tokens");
    const std::string count = std::to_string(texts->size());
    if (*types && (*types)->size() != texts->size()) {
      return malformed(kTypes, "has another length than the " + count + " tokens");
    }
    if (*scores && (*scores)->size() != texts->size()) {
      return malformed(kScores, "has another length than the " + count + " tokens");
    }
    if (has_scores() && !*scores) return malformed(kScores, "is missing");
    vocabulary_.tokens.resize(texts->size());
    for (std::size_t i = 0; i < texts->size(); ++i) {
      Token& token = vocabulary_.tokens[i];
      token.text = (*texts)[i];
      if (*scores) token.score = (**scores)[i];
      // Types of the specification: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6
      // byte.
      const std::int64_t type = *types ? (**types)[i] : 1;
      if (type < 1 || type > 6) {
        return malformed(
            kTypes, "token " + std::to_string(i) + " has the unknown type " + std::to_string(type));
      }
      token.type = static_cast<TokenType>(type - 1);
      if (token.type == TokenType::byte) vocabulary_.byte_fallback = true;
    }
    score_unknown();
    return {};
  }

  Result<void> read_merges() {
    if (has_scores()) return {};
    constexpr std::string_view kMerges = "tokenizer.ggml.merges";
    auto merges = metadata_.strings(kMerges);
    if (!merges) return std::move(merges).error();
    if (merges->size() > kMergesMax) return malformed(kMerges, "too many merges");
    vocabulary_.merges.reserve(merges->size());
    for (const std::string_view merge : *merges) {
      const std::size_t space = merge.find(' ', 1);
      if (space == std::string_view::npos) {
        return malformed(kMerges, "merge " + std::to_string(vocabulary_.merges.size()) +
                                      " is not two tokens with a space between them");
      }
      vocabulary_.merges.emplace_back(merge.substr(0, space), merge.substr(space + 1));
    }
    return {};
  }

  Result<void> read_named() {
    struct Named {
      std::string_view key;
      std::optional<TokenId>& id;
    };
    std::optional<TokenId> end_of_turn;
    std::optional<TokenId> end_of_message;
    for (const Named& named : {Named{"tokenizer.ggml.bos_token_id", vocabulary_.beginning},
                               Named{"tokenizer.ggml.eos_token_id", vocabulary_.end},
                               Named{"tokenizer.ggml.unknown_token_id", vocabulary_.unknown},
                               Named{"tokenizer.ggml.padding_token_id", vocabulary_.padding},
                               Named{"tokenizer.ggml.eot_token_id", end_of_turn},
                               Named{"tokenizer.ggml.eom_token_id", end_of_message}}) {
      if (Result<void> done = read_id(named.key, named.id); !done) return done;
    }
    for (const auto& end : {end_of_turn, end_of_message}) {
      if (end) vocabulary_.end_of_generation.push_back(*end);
    }
    for (std::size_t i = 0; i < vocabulary_.tokens.size() && !vocabulary_.unknown; ++i) {
      if (vocabulary_.tokens[i].type == TokenType::unknown) {
        vocabulary_.unknown = static_cast<TokenId>(i);
      }
    }
    Result<void> done = read_flag("tokenizer.ggml.add_bos_token", vocabulary_.adds_beginning);
    if (!done) return done;
    return read_flag("tokenizer.ggml.add_eos_token", vocabulary_.adds_end);
  }

  // tokenizer.chat_template, and tokenizer.chat_template.NAME for others.
  Result<void> read_templates() {
    constexpr std::string_view kKey = "tokenizer.chat_template";
    for (const gguf::Value& value : metadata_.values()) {
      if (!value.key.starts_with(kKey) || value.type != gguf::ValueType::string) continue;
      std::string_view name = value.key.substr(kKey.size());
      if (!name.empty() && name[0] != '.') continue;
      auto text = metadata_.string(value.key);
      if (!text) return std::move(text).error();
      vocabulary_.chat_templates[name.empty() ? "default" : std::string(name.substr(1))] = *text;
    }
    return {};
  }

  std::string file_;
  const gguf::Metadata& metadata_;
  Vocabulary vocabulary_;
};

}  // namespace

Result<Vocabulary> vocabulary_from_gguf(const gguf::GgufFile& file) {
  return GgufVocabularyReader(file).read();
}

}  // namespace retort::text
