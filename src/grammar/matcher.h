// The matcher: where in its grammar an answer stands, byte by byte, and which tokens may come next.
//
// A pushdown automaton made as it is used. A place in the grammar is a set of tops, each an
// expression that is being matched and the frames of what follows it; equal frames are one, so a
// place is a handful of numbers, and what follows a frame is worked out once. Matchers of the same
// grammar share their Automaton, and each other's work with it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "grammar/expression.h"
#include "grammar/grammar.h"
#include "grammar/key_sets.h"
#include "grammar/token_trie.h"

namespace retort::grammar {

struct MatcherLimits {
  std::size_t frames_max = 1'000'000;
  std::size_t tops_max = 4096;          // of one place
  std::size_t row_cells_max = 2 << 20;  // transitions remembered, 4 bytes each
  std::size_t masks_max = 64;           // masks remembered, a bit a token each
};

// What is behind a place, by number; frame 0 is the end of the document.
using FrameId = std::uint32_t;

// One way in which the text so far may be read.
struct Top {
  Expression expression = 0;  // what is being matched
  FrameId frame = 0;          // what follows it
  std::uint8_t space = 0;     // white space that may still come before it
  bool key = false;           // of a Rule::Kind::key: what has come of it is in the frames
  friend bool operator==(const Top&, const Top&) = default;
};

struct Place {
  std::vector<Top> tops;
  bool can_end = false;  // the text so far is a whole document
};

// Thread-safe: each call locks.
class Automaton {
 public:
  explicit Automaton(Grammar grammar, const MatcherLimits& limits = {});

  Place start();
  // The place behind `byte`; one without tops that cannot end where the byte cannot come.
  void step(const Place& from, std::uint8_t byte, Place& to);
  // step() over all of `bytes`; false, and `place` as it was, where they cannot come.
  bool accept(Place& place, std::string_view bytes);
  // Sets `mask` [trie.words()] to the tokens whose bytes may come at `place`. End tokens are the
  // caller's: they may come where place.can_end. `trie` outlives the automaton's use.
  void fill_mask(const Place& place, const TokenTrie& trie, std::span<std::uint64_t> mask);
  // Adds those tokens to `mask` whose bytes may come at `place` behind a space that does not count.
  void add_behind_space(const Place& place, const TokenTrie& trie, std::span<std::uint64_t> mask);
  // The bytes that must come next, where there is one way only; at most `bytes_max`.
  std::string forced(const Place& place, std::size_t bytes_max);

  // A limit was met: the place of the last call is not to be relied on, and the answer must end
  // with an error. Stays set.
  bool exhausted() const noexcept { return exhausted_; }
  // More than half of a limit is used up: answers that stand in it can go on, new ones had better
  // begin with an automaton of their own.
  bool worn() const noexcept { return worn_; }
  // Of memory, roughly.
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Frame {
    RuleId rule;             // kKeyByte: a byte of a key that is being read
    std::uint32_t progress;  // parts behind us of a sequence, rounds of a repeat, a scope's keys,
                             // the key's byte
    FrameId parent;
    friend bool operator==(const Frame&, const Frame&) = default;
  };
  struct FrameHash {
    std::size_t operator()(const Frame& frame) const noexcept;
  };
  // What may come where everything before a frame has been read.
  struct Closure {
    std::uint32_t begin = 0, count = 0;  // in closure_tops_
    bool known = false, can_end = false;
  };
  // A place whose mask is remembered: within a string each token leads back to the same place.
  struct KnownMask {
    const TokenTrie* trie = nullptr;
    std::vector<Top> tops;
    TokenSet mask;
  };
  struct Expansion;  // a closure being worked out
  class Walk;        // of a token tree beside a place

  void take_stock();
  std::optional<FrameId> frame(const Frame& frame);
  const Closure& closure(FrameId frame);
  void enter(RuleId rule, FrameId parent, Expansion& into);
  void enter_below(RuleId rule, const Frame& above, Expansion& into);
  void leave(FrameId frame, Expansion& into);
  void enter_key(const Rule& rule, FrameId parent, Expansion& into);
  void leave_key(FrameId last_byte, Expansion& into);
  FrameId before_key(FrameId frame) const;
  KeySets::Id keys_before(FrameId frame) const;
  std::optional<FrameId> with_key(FrameId frame, const std::string& key);
  void settle(Expansion& expansion);

  Expression next(Expression expression, std::uint8_t byte);
  Expression derive_into(std::size_t cell, Expression expression, std::uint8_t byte);
  void append_step(const Top& top, std::uint8_t byte, std::vector<Top>& tops, bool& can_end);
  void append_key_step(const Top& top, std::uint8_t byte, std::vector<Top>& tops, bool& can_end);
  void append_behind(FrameId frame, std::vector<Top>& tops, bool& can_end);
  void step_locked(std::span<const Top> from, std::uint8_t byte, Place& to);
  KnownMask& known_mask(const Place& place, const TokenTrie& trie);
  bool fill_from_string(const Top& top, const TokenTrie& trie, std::span<std::uint64_t> mask);
  int only_byte(const Place& place);

  std::mutex mutex_;
  const MatcherLimits limits_;
  std::vector<Rule> rules_;
  RuleId root_;
  ExpressionPool expressions_;
  std::array<std::uint8_t, 256> byte_class_;
  std::size_t byte_classes_;

  static constexpr RuleId kKeyByte = ~RuleId{0};
  KeySets key_sets_;

  std::uint32_t depth_max_;
  std::vector<Frame> frames_;
  std::vector<std::uint32_t> depth_;  // by frame: the frames behind it
  std::unordered_map<Frame, FrameId, FrameHash> frame_index_;
  std::vector<Closure> closures_;  // by frame
  std::vector<Top> closure_tops_;
  std::vector<std::uint32_t> row_of_;  // by expression: its row in cells_, 1-based; 0: none yet
  std::vector<Expression> cells_;      // [rows, byte_classes]: the derivatives known
  std::vector<KnownMask> masks_;       // by a hash of the place
  std::size_t mask_bytes_ = 0;
  std::vector<Top> walk_tops_;  // working memory of Walk
  bool key_closed_ = false;     // of append_step, for Walk
  std::atomic<bool> exhausted_ = false;
  std::atomic<bool> worn_ = false;
  std::atomic<std::size_t> bytes_ = 0;
};

// One answer. Not thread-safe; copies go on apart.
class Matcher {
 public:
  explicit Matcher(std::shared_ptr<Automaton> automaton)
      : automaton_(std::move(automaton)), place_(automaton_->start()) {}

  bool accept(std::string_view bytes) { return automaton_->accept(place_, bytes); }
  bool can_end() const noexcept { return place_.can_end; }
  // Nothing but the end may come.
  bool must_end() const noexcept { return place_.tops.empty(); }
  void fill_mask(const TokenTrie& trie, std::span<std::uint64_t> mask) const {
    automaton_->fill_mask(place_, trie, mask);
  }
  void add_behind_space(const TokenTrie& trie, std::span<std::uint64_t> mask) const {
    automaton_->add_behind_space(place_, trie, mask);
  }
  std::string forced(std::size_t bytes_max) const { return automaton_->forced(place_, bytes_max); }
  bool exhausted() const noexcept { return automaton_->exhausted(); }

 private:
  std::shared_ptr<Automaton> automaton_;  // shared by the matchers of one grammar
  Place place_;
};

// Whether `text` as a whole is in the grammar.
bool accepts(const std::shared_ptr<Automaton>& automaton, std::string_view text);

}  // namespace retort::grammar
