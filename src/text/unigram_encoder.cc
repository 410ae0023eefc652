// See unigram_encoder.h.
#include "text/unigram_encoder.h"

#include <algorithm>

#include "base/utf8.h"

namespace retort::text {

UnigramEncoder::UnigramEncoder(const Vocabulary& vocabulary)
    : unknown_(vocabulary.unknown.value_or(-1)),
      unknown_score_(vocabulary.unknown_score),
      single_precision_(vocabulary.single_precision) {
  byte_ids_.fill(-1);
}

Result<UnigramEncoder> UnigramEncoder::make(const Vocabulary& vocabulary) {
  UnigramEncoder encoder(vocabulary);
  std::vector<PieceTrie::Piece> pieces;
  pieces.reserve(vocabulary.tokens.size());
  encoder.scores_.reserve(vocabulary.tokens.size());
  for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    const Token& token = vocabulary.tokens[i];
    const auto id = static_cast<TokenId>(i);
    encoder.scores_.push_back(token.score);
    // A control token's name is no piece (promise 8); user-defined ones are cut out before.
    if (token.type == TokenType::normal && !token.text.empty()) pieces.push_back({token.text, id});
    const auto byte = token.type == TokenType::byte ? read_byte_token(token.text) : std::nullopt;
    if (byte && vocabulary.byte_fallback && encoder.byte_ids_[*byte] < 0) {
      encoder.byte_ids_[*byte] = id;
    }
  }
  encoder.pieces_ = PieceTrie(std::move(pieces));
  const bool any_byte = std::ranges::any_of(encoder.byte_ids_, [](TokenId id) { return id >= 0; });
  if (any_byte || encoder.unknown_ >= 0) return encoder;
  return Error(ErrorKind::malformed,
               "the vocabulary has neither tokens for bytes nor an unknown token");
}

bool UnigramEncoder::encode_byte(unsigned char byte, std::vector<TokenId>& ids) const {
  if (byte_ids_[byte] < 0) return false;
  ids.push_back(byte_ids_[byte]);
  return true;
}

void UnigramEncoder::encode(std::string_view text, std::vector<TokenId>& ids,
                            Scratch& scratch) const {
  if (text.empty()) return;
  scratch.steps.assign(text.size() + 1, Step{});
  search(text, scratch.steps);
  std::vector<std::uint32_t>& ends = scratch.ends;
  ends.clear();
  for (std::size_t at = text.size(); at > 0; at -= scratch.steps[at].bytes) {
    ends.push_back(static_cast<std::uint32_t>(at));
  }
  std::size_t known = 0;  // up to where the text has its ids
  for (auto end = ends.rbegin(); end != ends.rend(); ++end) {
    const Step& step = scratch.steps[*end];
    if (step.id < 0) continue;  // unknown neighbours are one
    const std::size_t begin = *end - step.bytes;
    if (begin > known) push_unknown(text.substr(known, begin - known), ids);
    ids.push_back(step.id);
    known = *end;
  }
  if (known < text.size()) push_unknown(text.substr(known), ids);
}

void UnigramEncoder::search(std::string_view text, std::vector<Step>& steps) const {
  for (std::size_t at = 0; at < text.size();) {
    const double score = steps[at].score;
    const std::size_t character =
        std::max<std::size_t>(base::decode_utf8(text.substr(at)).bytes, 1);
    bool is_piece = false;
    pieces_.visit(text.substr(at), [&](std::size_t bytes, TokenId id) {
      offer(steps[at + bytes], score + scores_[static_cast<std::size_t>(id)], bytes, id);
      is_piece = is_piece || bytes == character;
    });
    if (!is_piece) offer(steps[at + character], score + unknown_score_, character, -1);
    at += character;
  }
}

// SentencePiece keeps its sums in single precision, Hugging Face in double: of a long text's ways
// that are nearly as good, that decides.
inline void UnigramEncoder::offer(Step& step, double score, std::size_t bytes, TokenId id) const {
  if (single_precision_) score = static_cast<double>(static_cast<float>(score));
  if (step.bytes != 0 && !(score > step.score)) return;
  step = {score, static_cast<std::uint32_t>(bytes), id};
}

// Characters of which no piece is a part: their bytes, where all of them have tokens, or else one
// unknown token.
void UnigramEncoder::push_unknown(std::string_view text, std::vector<TokenId>& ids) const {
  const bool has_bytes = std::ranges::all_of(
      text, [this](char c) { return byte_ids_[static_cast<unsigned char>(c)] >= 0; });
  if (has_bytes) {
    for (const char c : text) ids.push_back(byte_ids_[static_cast<unsigned char>(c)]);
  } else if (unknown_ >= 0) {
    ids.push_back(unknown_);
  }
}

}  // namespace retort::text
