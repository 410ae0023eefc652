#include "text/word_encoder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

#include "base/utf8.h"

namespace retort::text {
namespace {

// Tokens that merging may make. Never a control token (promise 8), nor a byte's <0xNN>.
bool may_be_merged(TokenType type) {
  return type == TokenType::normal || type == TokenType::user_defined;
}

std::uint32_t hash_of(std::string_view word) noexcept {
  return static_cast<std::uint32_t>(std::hash<std::string_view>{}(word));
}

using TextMap = std::unordered_map<std::string_view, std::int32_t>;

// The mergeable tokens by their file spelling; the first of two alike counts.
TextMap mergeable_tokens(const Vocabulary& vocabulary) {
  TextMap ids;
  ids.reserve(vocabulary.tokens.size());
  for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    const Token& token = vocabulary.tokens[i];
    if (may_be_merged(token.type)) ids.try_emplace(token.text, static_cast<std::int32_t>(i));
  }
  return ids;
}

}  // namespace

WordEncoder::WordEncoder(const Vocabulary& vocabulary, const std::vector<std::string_view>& words)
    : words_(&words),
      byte_level_(vocabulary.kind == Vocabulary::Kind::byte_level),
      byte_fallback_(vocabulary.byte_fallback),
      fuses_unknown_(vocabulary.fuses_unknown),
      unknown_(vocabulary.unknown.value_or(-1)),
      tokens_(static_cast<TokenId>(vocabulary.tokens.size())) {
  byte_ids_.fill(-1);
}

Result<WordEncoder> WordEncoder::make(const Vocabulary& vocabulary,
                                      const std::vector<std::string_view>& words) {
  WordEncoder encoder(vocabulary, words);
  if (Result<void> done = encoder.read_symbols(vocabulary); !done) return std::move(done).error();
  if (vocabulary.merges_by_score) {
    encoder.read_scores(vocabulary);
  } else if (Result<void> done = encoder.read_merges(vocabulary); !done) {
    return std::move(done).error();
  }
  encoder.learn_words(vocabulary);
  return encoder;
}

Result<void> WordEncoder::read_symbols(const Vocabulary& vocabulary) {
  for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    const Token& token = vocabulary.tokens[i];
    const auto id = static_cast<TokenId>(i);
    const base::CodePoint first = base::decode_utf8(token.text);
    const bool one_character = first.bytes != 0 && first.bytes == token.text.size();
    if (byte_level_) {
      const std::string bytes = one_character ? decode_byte_level(token.text) : std::string();
      if (bytes.size() != 1 || !may_be_merged(token.type)) continue;
      TokenId& slot = byte_ids_[static_cast<unsigned char>(bytes[0])];
      // ASCII that is no letter of the table (a space, a control character) decodes to itself.
      if (slot < 0 && byte_level_letter(static_cast<unsigned char>(bytes[0])) == first.value) {
        slot = id;
      }
    } else if (const auto byte = read_byte_token(token.text); byte && byte_fallback_) {
      if (token.type != TokenType::control && byte_ids_[*byte] < 0) byte_ids_[*byte] = id;
    } else if (one_character && may_be_merged(token.type)) {
      characters_.try_emplace(first.value, id);
    }
  }
  const bool any_byte = std::ranges::any_of(byte_ids_, [](TokenId id) { return id >= 0; });
  if (any_byte || unknown_ >= 0) return {};
  return Error(ErrorKind::malformed,
               "the vocabulary has neither tokens for bytes nor an unknown token");
}

Result<void> WordEncoder::read_merges(const Vocabulary& vocabulary) {
  const TextMap ids = mergeable_tokens(vocabulary);
  TextMap all;
  for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    all.try_emplace(vocabulary.tokens[i].text, static_cast<std::int32_t>(i));
  }
  merges_.reserve(vocabulary.merges.size());
  std::string joined;
  for (std::size_t i = 0; i < vocabulary.merges.size(); ++i) {
    const auto& [left, right] = vocabulary.merges[i];
    joined.assign(left).append(right);
    for (const std::string_view text :
         {std::string_view(left), std::string_view(right), std::string_view(joined)}) {
      if (all.contains(text)) continue;
      return Error(ErrorKind::malformed, "merge " + std::to_string(i) + " needs the token \"" +
                                             std::string(text.substr(0, 100)) +
                                             "\", which the vocabulary does not have");
    }
    const auto l = ids.find(left);
    const auto r = ids.find(right);
    const auto result = ids.find(joined);
    if (l == ids.end() || r == ids.end() || result == ids.end()) continue;
    merges_.add(l->second, r->second, static_cast<std::uint32_t>(i), result->second);
  }
  return {};
}

// SentencePiece's rule (its bpe_model.cc): any two neighbours that together spell a token merge,
// the highest score first. So each way to cut a token in two is a merge of the rank of its score.
void WordEncoder::read_scores(const Vocabulary& vocabulary) {
  TextMap ids = mergeable_tokens(vocabulary);
  std::vector<double> scores;
  for (const auto& [text, id] : ids) {
    scores.push_back(vocabulary.tokens[static_cast<std::size_t>(id)].score);
  }
  std::ranges::sort(scores, std::greater<>());
  const auto repeated = std::ranges::unique(scores);
  scores.erase(repeated.begin(), repeated.end());

  const std::vector<std::pair<std::string_view, std::int32_t>> tokens(ids.begin(), ids.end());
  std::size_t cuts = 0;
  for (const auto& [text, id] : tokens) cuts += text.size();
  merges_.reserve(cuts);
  for (const auto& [text, id] : tokens) {
    if (text.empty() || !base::is_utf8(text)) continue;
    const double score = vocabulary.tokens[static_cast<std::size_t>(id)].score;
    const auto rank = static_cast<std::uint32_t>(
        std::ranges::lower_bound(scores, score, std::greater<>()) - scores.begin());
    for (std::size_t cut = base::decode_utf8(text).bytes; cut < text.size();
         cut += base::decode_utf8(text.substr(cut)).bytes) {
      const std::int32_t left = part(text.substr(0, cut), ids);
      const std::int32_t right = part(text.substr(cut), ids);
      if (left >= 0 && right >= 0) merges_.add(left, right, rank, id);
    }
  }
}

// The symbol that is spelled `text`: a token, or a single character of one; -1 where there is none.
std::int32_t WordEncoder::part(std::string_view text, TextMap& parts) {
  const auto found = parts.find(text);
  if (found != parts.end()) return found->second;
  const base::CodePoint first = base::decode_utf8(text);
  if (first.bytes != text.size()) return -1;
  const std::int32_t symbol = tokens_ + static_cast<std::int32_t>(parts_.size());
  parts.emplace(text, symbol);
  characters_.emplace(first.value, symbol);
  parts_.push_back({std::string(text)});
  return symbol;
}

// ------------------------------------------------------------------------------------- whole words

void WordEncoder::learn_words(const Vocabulary& vocabulary) {
  slots_.assign(std::bit_ceil(2 * vocabulary.tokens.size() + 2), WordSlot{});
  Scratch scratch;
  std::vector<TokenId> ids;
  for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    const std::string_view word = (*words_)[i];
    if (vocabulary.tokens[i].type != TokenType::normal || word.empty()) continue;
    const auto id = static_cast<TokenId>(i);
    if (!vocabulary.ignore_merges) {
      ids.clear();
      encode_by_merging(word, ids, scratch);
      if (ids.size() != 1 || ids[0] != id) continue;
    }
    add_word(id);
  }
}

void WordEncoder::add_word(TokenId id) {
  const std::string_view word = (*words_)[static_cast<std::size_t>(id)];
  if (find_word(word) >= 0) return;
  const std::uint32_t hash = hash_of(word);
  std::size_t slot = hash & (slots_.size() - 1);
  while (slots_[slot].id >= 0) slot = (slot + 1) & (slots_.size() - 1);
  slots_[slot] = {hash, id};
}

TokenId WordEncoder::find_word(std::string_view word) const noexcept {
  const std::uint32_t hash = hash_of(word);
  std::size_t slot = hash & (slots_.size() - 1);
  while (slots_[slot].id >= 0) {
    const auto id = static_cast<std::size_t>(slots_[slot].id);
    if (slots_[slot].hash == hash && (*words_)[id] == word) return slots_[slot].id;
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return -1;
}

// ---------------------------------------------------------------------------------------- encoding

void WordEncoder::encode(std::string_view word, std::vector<TokenId>& ids, Scratch& scratch) const {
  if (const TokenId id = find_word(word); id >= 0) {
    ids.push_back(id);
  } else {
    encode_by_merging(word, ids, scratch);
  }
}

bool WordEncoder::encode_byte(unsigned char byte, std::vector<TokenId>& ids) const {
  if (byte_ids_[byte] < 0) return false;
  ids.push_back(byte_ids_[byte]);
  return true;
}

void WordEncoder::encode_by_merging(std::string_view word, std::vector<TokenId>& ids,
                                    Scratch& scratch) const {
  std::vector<std::int32_t>& symbols = scratch.symbols;
  symbols.clear();
  if (byte_level_) {
    for (const char c : word) {
      const TokenId id = byte_ids_[static_cast<unsigned char>(c)];
      if (id >= 0 || unknown_ >= 0) symbols.push_back(id >= 0 ? id : unknown_);
    }
  } else {
    while (!word.empty()) {
      const base::CodePoint point = base::decode_utf8(word);
      const std::size_t bytes = std::max<std::size_t>(point.bytes, 1);
      push_character(word.substr(0, bytes), point.value, symbols);
      word.remove_prefix(bytes);
    }
  }
  merges_.merge(symbols, scratch.merge);
  const std::size_t begin = ids.size();
  for (const std::int32_t symbol : symbols) {
    if (symbol < tokens_) {
      ids.push_back(symbol);
    } else {
      push_fallback(parts_[static_cast<std::size_t>(symbol - tokens_)].text, ids);
    }
    // What the last push put there, where it and its neighbour are both unknown, is one token.
    if (fuses_unknown_ && ids.size() > begin + 1 && ids.back() == unknown_ &&
        ids[ids.size() - 2] == unknown_) {
      ids.pop_back();
    }
  }
}

void WordEncoder::push_character(std::string_view bytes, char32_t character,
                                 std::vector<std::int32_t>& symbols) const {
  const auto found = characters_.find(character);
  if (found != characters_.end()) {
    symbols.push_back(found->second);
  } else {
    push_fallback(bytes, symbols);
  }
}

// The byte tokens of a character that has none of its own, or the unknown token.
void WordEncoder::push_fallback(std::string_view bytes, std::vector<std::int32_t>& symbols) const {
  const bool has_bytes = byte_fallback_ && std::ranges::all_of(bytes, [this](char c) {
                           return byte_ids_[static_cast<unsigned char>(c)] >= 0;
                         });
  if (!has_bytes) {
    if (unknown_ >= 0) symbols.push_back(unknown_);
    return;
  }
  for (const char c : bytes) symbols.push_back(byte_ids_[static_cast<unsigned char>(c)]);
}

}  // namespace retort::text
