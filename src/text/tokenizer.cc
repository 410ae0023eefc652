#include "text/tokenizer.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "base/utf8.h"
#include "text/added_tokens.h"
#include "text/charsmap.h"
#include "text/normalizer.h"
#include "text/pre_tokenizer.h"
#include "text/unigram_encoder.h"
#include "text/white_space.h"
#include "text/word_encoder.h"

namespace retort::text {
namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";    // U+2581
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

std::string replace_space_marks(std::string_view text) {
  std::string replaced;
  while (true) {
    const std::size_t found = text.find(kSpaceMark);
    replaced += text.substr(0, found);
    if (found == std::string_view::npos) return replaced;
    replaced += ' ';
    text.remove_prefix(found + kSpaceMark.size());
  }
}

// The bytes that a token adds to a text.
std::string piece_of(const Token& token, Vocabulary::Kind kind) {
  if (token.type != TokenType::normal && token.type != TokenType::byte) return token.text;
  if (kind == Vocabulary::Kind::byte_level) return decode_byte_level(token.text);
  const auto byte = read_byte_token(token.text);
  if (token.type == TokenType::byte && byte) return {static_cast<char>(*byte)};
  return replace_space_marks(token.text);
}

Error at_token(std::size_t id, const std::string& what) {
  return Error(ErrorKind::malformed, "token " + std::to_string(id) + " " + what);
}

Result<void> check_tokens(const Vocabulary& vocabulary) {
  if (vocabulary.tokens.empty() || vocabulary.tokens.size() > kTokensMax) {
    return Error(ErrorKind::malformed,
                 "the vocabulary has " + std::to_string(vocabulary.tokens.size()) +
                     " tokens; 1 to " + std::to_string(kTokensMax) + " are supported");
  }
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    const Token& token = vocabulary.tokens[i];
    bytes += token.text.size();
    if (token.text.size() > kTokenBytesMax) {
      return at_token(i, "is longer than " + std::to_string(kTokenBytesMax) + " bytes");
    }
    if (!std::isfinite(token.score)) return at_token(i, "has a score that is no number");
    if (token.type == TokenType::byte && !read_byte_token(token.text)) {
      return at_token(i, "is a byte token but not spelled <0xNN>");
    }
  }
  if (bytes > kVocabularyBytesMax || vocabulary.merges.size() > kMergesMax) {
    return Error(ErrorKind::malformed, "the vocabulary's tokens or merges take too much room");
  }
  return {};
}

Result<void> check_normalizer(const Vocabulary& vocabulary) {
  for (const NormalizerStep& step : vocabulary.normalizer) {
    using Kind = NormalizerStep::Kind;
    if (step.kind != Kind::precompiled && step.kind != Kind::sentencepiece) continue;
    if (Result<void> good = Charsmap::check(step.content); !good) return good;
  }
  return {};
}

Result<void> check_ids(const Vocabulary& vocabulary) {
  std::vector<TokenId> ids = vocabulary.end_of_generation;
  for (const auto& id :
       {vocabulary.beginning, vocabulary.end, vocabulary.unknown, vocabulary.padding}) {
    if (id) ids.push_back(*id);
  }
  for (const TokenId id : ids) {
    if (id >= 0 && static_cast<std::size_t>(id) < vocabulary.tokens.size()) continue;
    return Error(ErrorKind::malformed,
                 "the special token id " + std::to_string(id) + " is outside the vocabulary");
  }
  return {};
}

// Whether no token has a space mark behind another character: then no merge crosses from a word
// into the mark that begins the next, and a text may be cut before each such mark.
bool may_cut_before_marks(const std::vector<std::string_view>& words) {
  const bool has_mark = std::ranges::find(words, kSpaceMark) != words.end();
  return has_mark && std::ranges::none_of(words, [](std::string_view word) {
           while (word.starts_with(kSpaceMark)) word.remove_prefix(kSpaceMark.size());
           return word.find(kSpaceMark) != std::string_view::npos;
         });
}

}  // namespace

// Heap-allocated and never moved: the views below look into it.
struct Tokenizer::Tables {
  Vocabulary vocabulary;
  std::vector<std::string> pieces;                        // by id
  std::vector<std::string_view> words;                    // by id, as WordEncoder wants them
  std::unordered_map<std::string_view, TokenId> by_text;  // file spelling
  std::vector<bool> ends;                                 // by id
  AddedTokens added;                                      // looked for in the text as it is
  AddedTokens added_normalized;                           // looked for in the normalised text
  bool cuts_before_marks = false;
  Splitter splitter;
  // One of the two.
  std::unique_ptr<const WordEncoder> encoder;
  std::unique_ptr<const UnigramEncoder> unigram;

  void read_texts();
  void read_added();
  Result<void> make_encoder();
  bool encode_byte(unsigned char byte, std::vector<TokenId>& ids) const {
    return unigram ? unigram->encode_byte(byte, ids) : encoder->encode_byte(byte, ids);
  }
};

Result<void> Tokenizer::Tables::make_encoder() {
  if (vocabulary.kind == Vocabulary::Kind::unigram) {
    auto made = UnigramEncoder::make(vocabulary);
    if (!made) return std::move(made).error();
    unigram = std::make_unique<const UnigramEncoder>(std::move(*made));
    return {};
  }
  cuts_before_marks = may_cut_before_marks(words);
  auto made = WordEncoder::make(vocabulary, words);
  if (!made) return std::move(made).error();
  encoder = std::make_unique<const WordEncoder>(std::move(*made));
  return {};
}

void Tokenizer::Tables::read_texts() {
  const std::size_t count = vocabulary.tokens.size();
  by_text.reserve(count);
  pieces.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Token& token = vocabulary.tokens[i];
    pieces.push_back(piece_of(token, vocabulary.kind));
    by_text.try_emplace(token.text, static_cast<TokenId>(i));
  }
  const bool is_byte_level = vocabulary.kind == Vocabulary::Kind::byte_level;
  for (std::size_t i = 0; i < count; ++i) {
    words.push_back(is_byte_level ? pieces[i] : vocabulary.tokens[i].text);
  }
  ends.resize(count);
  for (const TokenId id : vocabulary.end_of_generation) ends[static_cast<std::size_t>(id)] = true;
}

void Tokenizer::Tables::read_added() {
  std::string storage;
  for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    const Token& token = vocabulary.tokens[i];
    const auto id = static_cast<TokenId>(i);
    const bool is_control = token.type == TokenType::control || token.type == TokenType::unknown;
    if (is_control || (token.type == TokenType::user_defined && !token.normalized)) {
      added.add(token.text, token, id);
    } else if (token.type == TokenType::user_defined) {
      added_normalized.add(normalize(token.text, vocabulary.normalizer, storage), token, id);
    }
  }
}

// ---------------------------------------------------------------------------------------- encoding

// One call of encode(): the stages of a text, each handing its parts to the next.
class Tokenizer::Encoding {
 public:
  explicit Encoding(const Tables& tables) : tables_(tables) {}

  std::vector<TokenId> encode(std::string_view text,
                              const std::vector<PromptText::Span>& literals) {
    ids_.reserve(text.size() / 4 + 16);
    cut(text, true, tables_.added.find(text, literals), &Encoding::encode_valid_runs);
    return std::move(ids_);
  }

 private:
  using Next = void (Encoding::*)(std::string_view part, bool is_first);

  // Puts the ids of `matches` where they lie and gives what lies between them to `next`. `is_first`
  // says whether the part begins where the whole text begins.
  void cut(std::string_view text, bool is_first, const std::vector<AddedTokens::Match>& matches,
           Next next) {
    std::size_t done = 0;
    for (const AddedTokens::Match& match : matches) {
      if (match.begin > done) {
        (this->*next)(text.substr(done, match.begin - done), is_first && done == 0);
      }
      ids_.push_back(match.id);
      done = match.end;
    }
    if (done < text.size()) (this->*next)(text.substr(done), is_first && done == 0);
  }

  void encode_valid_runs(std::string_view text, bool is_first) {
    while (!text.empty()) {
      const std::size_t valid = base::valid_utf8_prefix(text);
      if (valid > 0) encode_run(text.substr(0, valid), is_first);
      if (valid == text.size()) return;
      if (!tables_.encode_byte(static_cast<unsigned char>(text[valid]), ids_)) {
        encode_run(kReplacement, false);
      }
      text.remove_prefix(valid + 1);
      is_first = false;
    }
  }

  void encode_run(std::string_view text, bool is_first) {
    const std::string_view normalized = normalize(text, tables_.vocabulary.normalizer, normalized_);
    if (normalized.empty()) return;
    if (tables_.added_normalized.empty()) return encode_normalized(normalized, is_first);
    cut(normalized, is_first, tables_.added_normalized.find(normalized, {}),
        &Encoding::encode_normalized);
  }

  void encode_normalized(std::string_view text, bool is_first) {
    const Vocabulary& vocabulary = tables_.vocabulary;
    if (vocabulary.splits_at_spaces) return encode_parted(text, is_first);
    if (vocabulary.kind != Vocabulary::Kind::byte_level) return encode_marked(text, is_first);
    std::string with_space;
    if (vocabulary.adds_space && !text.starts_with(' ')) {
      with_space.append(" ").append(text);
      text = with_space;
    }
    encode_words(text);
  }

  void encode_parted(std::string_view text, bool is_first) {
    for (std::size_t at = skip_spaces(text, 0); at < text.size(); at = skip_spaces(text, at)) {
      const std::size_t end = find_space(text, at);
      encode_marked(text.substr(at, end - at), is_first && at == 0);
      at = end;
    }
  }

  void encode_marked(std::string_view text, bool is_first) {
    const Vocabulary& vocabulary = tables_.vocabulary;
    if (vocabulary.replaces_spaces) {
      marked_.clear();
      const bool may_prefix =
          vocabulary.space_prefix == Vocabulary::SpacePrefix::always ||
          (vocabulary.space_prefix == Vocabulary::SpacePrefix::first && is_first);
      if (may_prefix && !text.starts_with(' ') && !text.starts_with(kSpaceMark)) {
        marked_ += kSpaceMark;
      }
      for (const char c : text) c == ' ' ? marked_.append(kSpaceMark) : marked_.append(1, c);
      text = marked_;
    }
    while (!text.empty()) {
      const std::string_view word = text.substr(0, next_mark(text));
      encode_words(word);
      text.remove_prefix(word.size());
    }
  }

  // Where the next word begins: at each mark, or at each that follows something else.
  std::size_t next_mark(std::string_view text) const {
    std::size_t position = 0;
    if (tables_.vocabulary.splits_before_space) {
      return text.find(kSpaceMark, kSpaceMark.size() <= text.size() ? 1 : text.size());
    }
    if (!tables_.cuts_before_marks) return text.size();
    while (text.substr(position).starts_with(kSpaceMark)) position += kSpaceMark.size();
    return text.find(kSpaceMark, position);
  }

  void encode_words(std::string_view text) {
    tables_.splitter.split(text, words_);
    for (const std::string_view word : words_) {
      if (tables_.unigram) {
        tables_.unigram->encode(word, ids_, unigram_scratch_);
      } else {
        tables_.encoder->encode(word, ids_, scratch_);
      }
    }
  }

  const Tables& tables_;
  std::vector<TokenId> ids_;
  std::string normalized_;
  std::string marked_;
  std::vector<std::string_view> words_;
  WordEncoder::Scratch scratch_;
  UnigramEncoder::Scratch unigram_scratch_;
};

std::vector<TokenId> Tokenizer::encode(std::string_view text) const {
  return Encoding(*tables_).encode(text, {});
}

std::vector<TokenId> Tokenizer::encode(const PromptText& prompt) const {
  return Encoding(*tables_).encode(prompt.text, prompt.literals);
}

// ---------------------------------------------------------------------------------- the vocabulary

Tokenizer::Tokenizer(std::unique_ptr<const Tables> tables) : tables_(std::move(tables)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::make(Vocabulary vocabulary) {
  if (Result<void> done = check_tokens(vocabulary); !done) return std::move(done).error();
  if (Result<void> done = check_ids(vocabulary); !done) return std::move(done).error();
  if (Result<void> done = check_normalizer(vocabulary); !done) return std::move(done).error();
  auto splitter = Splitter::make(vocabulary.splits);
  if (!splitter) return std::move(splitter).error();
  auto tables = std::make_unique<Tables>();
  tables->vocabulary = std::move(vocabulary);
  tables->splitter = std::move(*splitter);
  tables->read_texts();
  tables->read_added();
  if (Result<void> done = tables->make_encoder(); !done) return std::move(done).error();
  tables->vocabulary.merges.clear();
  tables->vocabulary.merges.shrink_to_fit();
  return Tokenizer(std::move(tables));
}

namespace {

// Whether `id` is one of `count` ids from 0.
bool is_in(TokenId id, std::size_t count) noexcept {
  return id >= 0 && static_cast<std::size_t>(id) < count;
}

}  // namespace

std::string_view Tokenizer::piece(TokenId id) const noexcept {
  if (!is_in(id, vocab_size())) return {};
  return tables_->pieces[static_cast<std::size_t>(id)];
}

std::string_view Tokenizer::token_text(TokenId id) const noexcept {
  if (!is_in(id, vocab_size())) return {};
  return tables_->vocabulary.tokens[static_cast<std::size_t>(id)].text;
}

std::optional<TokenId> Tokenizer::find(std::string_view token_text) const noexcept {
  const auto found = tables_->by_text.find(token_text);
  if (found == tables_->by_text.end()) return std::nullopt;
  return found->second;
}

TokenType Tokenizer::type(TokenId id) const noexcept {
  if (!is_in(id, vocab_size())) return TokenType::unused;
  return tables_->vocabulary.tokens[static_cast<std::size_t>(id)].type;
}

bool Tokenizer::is_control(TokenId id) const noexcept {
  return type(id) == TokenType::control;
}

bool Tokenizer::is_end_of_generation(TokenId id) const noexcept {
  return is_in(id, vocab_size()) && tables_->ends[static_cast<std::size_t>(id)];
}

std::optional<TokenId> Tokenizer::bos() const noexcept {
  return tables_->vocabulary.beginning;
}

std::optional<TokenId> Tokenizer::eos() const noexcept {
  return tables_->vocabulary.end;
}

const std::vector<TokenId>& Tokenizer::end_of_generation() const noexcept {
  return tables_->vocabulary.end_of_generation;
}

bool Tokenizer::adds_bos() const noexcept {
  return tables_->vocabulary.adds_beginning;
}

bool Tokenizer::adds_eos() const noexcept {
  return tables_->vocabulary.adds_end;
}

bool Tokenizer::strips_leading_space() const noexcept {
  return tables_->vocabulary.strips_leading_space;
}

const std::map<std::string, std::string, std::less<>>& Tokenizer::chat_templates() const noexcept {
  return tables_->vocabulary.chat_templates;
}

std::size_t Tokenizer::vocab_size() const noexcept {
  return tables_->vocabulary.tokens.size();
}

}  // namespace retort::text
