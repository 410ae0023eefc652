#include "text/added_tokens.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/utf8.h"
#include "text/white_space.h"

namespace retort::text {
namespace {

// What a regular expression's \w holds: letters, marks, decimal digits and joining punctuation.
bool is_word(char32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return false;
  }
}

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  const base::CodePoint before = last_code_point(text.substr(0, begin));
  const base::CodePoint behind = base::decode_utf8(text.substr(end));
  return (before.bytes == 0 || !is_word(before.value)) &&
         (behind.bytes == 0 || !is_word(behind.value));
}

}  // namespace

void AddedTokens::add(std::string_view spelling, const Token& token, TokenId id) {
  if (spelling.empty()) return;
  std::uint32_t node = 0;
  for (const char c : spelling) {
    const std::uint64_t key = std::uint64_t{node} << 8 | static_cast<unsigned char>(c);
    const auto next = static_cast<std::uint32_t>(entry_of_node_.size());
    const auto [edge, is_new] = edges_.try_emplace(key, next);
    if (is_new) entry_of_node_.push_back(-1);
    node = edge->second;
  }
  if (entry_of_node_[node] >= 0) return;
  entry_of_node_[node] = static_cast<std::int32_t>(entries_.size());
  const bool control = token.type == TokenType::control || token.type == TokenType::unknown;
  entries_.push_back(
      {id, spelling.size(), control, token.strips_left, token.strips_right, token.single_word});
  starts_[static_cast<unsigned char>(spelling[0])] = true;
}

const AddedTokens::Entry* AddedTokens::longest_at(std::string_view text, std::size_t position,
                                                  std::size_t literal_end) const {
  const Entry* longest = nullptr;
  std::uint32_t node = 0;
  for (std::size_t i = position; i < text.size(); ++i) {
    const auto edge = edges_.find(std::uint64_t{node} << 8 | static_cast<unsigned char>(text[i]));
    if (edge == edges_.end()) break;
    node = edge->second;
    if (entry_of_node_[node] < 0) continue;
    const Entry& entry = entries_[static_cast<std::size_t>(entry_of_node_[node])];
    if (!entry.control || i + 1 <= literal_end) longest = &entry;
  }
  return longest;
}

std::vector<AddedTokens::Match> AddedTokens::find(
    std::string_view text, const std::vector<PromptText::Span>& literals) const {
  std::vector<Match> matches;
  if (entries_.empty()) return matches;
  auto literal = literals.begin();
  std::size_t done = 0;
  std::size_t position = 0;
  while (position < text.size()) {
    if (!starts_[static_cast<unsigned char>(text[position])]) {
      ++position;
      continue;
    }
    while (literal != literals.end() && literal->end <= position) ++literal;
    const bool in_literal = literal != literals.end() && literal->begin <= position;
    const Entry* entry = longest_at(text, position, in_literal ? literal->end : 0);
    if (entry == nullptr) {
      ++position;
      continue;
    }
    Match match{position, position + entry->bytes, entry->id};
    position = match.end;
    if (entry->single_word && !stands_alone(text, match.begin, match.end)) continue;
    if (entry->strips_left) match.begin = skip_spaces_back(text, match.begin, done);
    if (entry->strips_right) match.end = skip_spaces(text, match.end);
    position = match.end;
    done = match.end;
    matches.push_back(match);
  }
  return matches;
}

}  // namespace retort::text
