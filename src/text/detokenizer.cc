#include "text/detokenizer.h"

#include "base/utf8.h"

namespace retort::text {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// How many bytes at the front of `bytes`, which begin no character, one U+FFFD stands for.
std::size_t broken_bytes(std::string_view bytes) {
  for (std::size_t count = 3; count > 1; --count) {
    const std::string_view front = bytes.substr(0, count);
    if (front.size() == count && base::incomplete_utf8_suffix(front) == count) return count;
  }
  return 1;
}

}  // namespace

std::string Utf8Assembler::push(std::string_view bytes) {
  held_ += bytes;
  std::string text;
  std::string_view rest = held_;
  while (!rest.empty()) {
    const std::size_t whole = base::valid_utf8_prefix(rest);
    text += rest.substr(0, whole);
    rest.remove_prefix(whole);
    if (rest.empty() || base::incomplete_utf8_suffix(rest) == rest.size()) break;
    text += kReplacement;
    rest.remove_prefix(broken_bytes(rest));
  }
  held_ = std::string(rest);
  return text;
}

std::string Utf8Assembler::finish() {
  std::string text(held_.empty() ? std::string_view() : kReplacement);
  held_.clear();
  return text;
}

std::string Detokenizer::push(TokenId token) {
  const TokenType type = tokenizer_.type(token);
  if (type == TokenType::control || type == TokenType::unknown) return {};
  return push_visibly(token);
}

std::string Detokenizer::push_visibly(TokenId token) {
  std::string_view piece = tokenizer_.piece(token);
  if (is_first_ && !piece.empty()) {
    if (tokenizer_.strips_leading_space() && piece.starts_with(' ')) piece.remove_prefix(1);
    is_first_ = false;
  }
  return assembler_.push(piece);
}

std::string Detokenizer::finish() {
  return assembler_.finish();
}

}  // namespace retort::text
