// Constraint: what holds one answer to a grammar, token by token.
//
// Either the whole answer is in the grammar (a JSON format, a forced tool call), or it is free text
// in which some words are followed by a grammar (the mark of a tool call by the call). The engine
// asks for a mask before it samples and tells of each token that it took.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/matcher.h"
#include "grammar/token_trie.h"

namespace retort::grammar {

// Where free text gives way to a grammar.
struct Trigger {
  std::string text;       // behind which the grammar begins; not empty
  bool at_start = false;  // only where the answer begins with it, white space aside
  std::shared_ptr<Automaton> automaton;
};

struct TriggerRules {
  bool once = false;  // behind the end of a grammar the answer ends; else the text is free again
  bool required = false;  // the answer may not end before a grammar has begun
};

// Not thread-safe; copies go on apart.
class Constraint {
 public:
  // The whole answer.
  Constraint(std::shared_ptr<const TokenTrie> trie, std::shared_ptr<Automaton> automaton);
  // Free text with triggers.
  Constraint(std::shared_ptr<const TokenTrie> trie, std::vector<Trigger> triggers,
             TriggerRules rules);

  // The vocabulary begins texts with a space that is not part of them (SentencePiece): the first
  // token's does not count.
  void strip_first_space() { strips_space_ = true; }

  // Whether a mask applies to the next token.
  bool bound() const noexcept { return matcher_.has_value(); }
  // Words of a mask.
  std::size_t words() const noexcept { return trie_->words(); }
  // The tokens that may come next, end tokens aside. Only while bound().
  void fill_mask(std::span<std::uint64_t> mask) const {
    matcher_->fill_mask(*trie_, mask);
    if (strips_space_) matcher_->add_behind_space(*trie_, mask);
  }
  bool can_end() const noexcept { return bound() ? matcher_->can_end() : !rules_.required; }
  bool must_end() const noexcept { return bound() && matcher_->must_end(); }
  // The bytes that must come next; empty where there is a choice.
  std::string forced(std::size_t bytes_max) const;

  // The token that was taken. False where it breaks the grammar, or the grammar's limits are met:
  // the answer must end with an error.
  bool accept(std::uint32_t token);

 private:
  bool take_free(std::string_view piece);
  const Trigger* begun(std::size_t& end) const;

  std::shared_ptr<const TokenTrie> trie_;
  std::vector<Trigger> triggers_;
  std::size_t longest_trigger_ = 0;
  TriggerRules rules_;
  bool strips_space_ = false;  // until the first token has come
  std::optional<Matcher> matcher_;
  std::string tail_;       // of the free text: what a trigger may have begun in
  bool only_tail_ = true;  // the answer is tail_ alone so far, white space in front aside
};

}  // namespace retort::grammar
