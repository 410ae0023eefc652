#include "grammar/constraint.h"

#include <algorithm>
#include <utility>

namespace retort::grammar {

Constraint::Constraint(std::shared_ptr<const TokenTrie> trie, std::shared_ptr<Automaton> automaton)
    : trie_(std::move(trie)), rules_{.once = true}, matcher_(std::move(automaton)) {}

Constraint::Constraint(std::shared_ptr<const TokenTrie> trie, std::vector<Trigger> triggers,
                       TriggerRules rules)
    : trie_(std::move(trie)), triggers_(std::move(triggers)), rules_(rules) {
  for (const Trigger& trigger : triggers_) {
    longest_trigger_ = std::max(longest_trigger_, trigger.text.size());
  }
}

std::string Constraint::forced(std::size_t bytes_max) const {
  return bound() && !strips_space_ ? matcher_->forced(bytes_max) : std::string();
}

bool Constraint::accept(std::uint32_t token) {
  std::string_view piece = trie_->piece(token);
  if (std::exchange(strips_space_, false) && piece.starts_with(' ')) piece.remove_prefix(1);
  if (!bound()) return take_free(piece);
  if (!matcher_->accept(piece) || matcher_->exhausted()) return false;
  if (matcher_->must_end() && !rules_.once) {
    matcher_.reset();
    tail_.clear();
    only_tail_ = false;
  }
  return true;
}

// A trigger that stands in tail_ in full, and where it ends.
const Trigger* Constraint::begun(std::size_t& end) const {
  const Trigger* first = nullptr;
  for (const Trigger& trigger : triggers_) {
    if (trigger.at_start && !(only_tail_ && tail_.starts_with(trigger.text))) continue;
    const std::size_t at = tail_.find(trigger.text);
    if (at == std::string::npos) continue;
    const std::size_t its_end = at + trigger.text.size();
    if (first == nullptr || its_end < end) {
      first = &trigger;
      end = its_end;
    }
  }
  return first;
}

bool Constraint::take_free(std::string_view piece) {
  if (longest_trigger_ == 0) return true;
  tail_ += piece;
  if (only_tail_) tail_.erase(0, std::min(tail_.find_first_not_of(" \t\r\n"), tail_.size()));
  std::size_t end = 0;
  if (const Trigger* trigger = begun(end)) {
    Matcher matcher(trigger->automaton);
    // A token that holds the trigger and then something else than the grammar: the text stays free,
    // and what was begun is no call.
    if (matcher.accept(std::string_view(tail_).substr(end))) matcher_ = std::move(matcher);
    tail_.erase(0, end);
    only_tail_ = false;
    if (bound() && must_end() && !rules_.once) matcher_.reset();
    return true;
  }
  if (tail_.size() >= longest_trigger_) {
    tail_.erase(0, tail_.size() - longest_trigger_ + 1);
    only_tail_ = false;
  }
  return true;
}

}  // namespace retort::grammar
