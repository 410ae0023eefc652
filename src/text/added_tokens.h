// AddedTokens: finds the tokens that are cut out of a text before anything else happens to it.
//
// Control tokens and user-defined ones are looked for as plain text, the longest first; a control
// token counts only where it lies whole within one of the template's literals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/prompt_text.h"
#include "text/vocabulary.h"

namespace retort::text {

class AddedTokens {
 public:
  struct Match {
    std::size_t begin, end;  // bytes, with the white space that the token takes
    TokenId id;
  };

  // `spelling` is what to look for; the flags are `token`'s. The first of two alike counts.
  void add(std::string_view spelling, const Token& token, TokenId id);
  bool empty() const noexcept { return entries_.empty(); }

  // All matches in `text`, left to right, the longest at each place, not overlapping. Time is
  // linear in the text times the longest spelling. Thread-safe.
  std::vector<Match> find(std::string_view text,
                          const std::vector<PromptText::Span>& literals) const;

 private:
  struct Entry {
    TokenId id;
    std::size_t bytes;
    bool control, strips_left, strips_right, single_word;
  };

  const Entry* longest_at(std::string_view text, std::size_t position,
                          std::size_t literal_end) const;

  std::vector<Entry> entries_;
  // A trie over bytes: from (node << 8 | byte) to the next node. Node 0 is the root.
  std::unordered_map<std::uint64_t, std::uint32_t> edges_;
  std::vector<std::int32_t> entry_of_node_ = {-1};
  bool starts_[256] = {};
};

}  // namespace retort::text
