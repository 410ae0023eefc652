#include "grammar/matcher.h"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "grammar/json_value.h"

namespace retort::grammar {
namespace {

constexpr Expression kUnknown = ~Expression{0};

// RFC 8259 section 2.
constexpr ByteSet kSpaces =
    ByteSet::of(' ') | ByteSet::of('\n') | ByteSet::of('\t') | ByteSet::of('\r');

bool is_space(std::uint8_t byte) {
  return kSpaces.has(byte);
}

void remove_doubles(std::vector<Top>& tops, std::size_t begin) {
  const auto first = tops.begin() + static_cast<std::ptrdiff_t>(begin);
  const std::size_t count = tops.size() - begin;
  if (count < 2) return;
  if (count == 2) {
    if (tops[begin] == tops[begin + 1]) tops.pop_back();
    return;
  }
  std::sort(first, tops.end(), [](const Top& a, const Top& b) {
    if (a.expression != b.expression) return a.expression < b.expression;
    if (a.frame != b.frame) return a.frame < b.frame;
    return a.space != b.space ? a.space < b.space : a.key < b.key;
  });
  tops.erase(std::unique(first, tops.end()), tops.end());
}

}  // namespace

std::size_t Automaton::FrameHash::operator()(const Frame& frame) const noexcept {
  std::uint64_t hash = (std::uint64_t{frame.rule} << 32 | frame.parent) * 0x9e3779b97f4a7c15ull;
  hash = (hash ^ hash >> 29 ^ frame.progress) * 0xbf58476d1ce4e5b9ull;
  return hash ^ hash >> 32;
}

Automaton::Automaton(Grammar grammar, const MatcherLimits& limits)
    : limits_(limits),
      rules_(std::move(grammar.rules)),
      root_(grammar.root),
      expressions_(std::move(grammar.expressions)),
      byte_class_(grammar.byte_class),
      byte_classes_(grammar.byte_classes),
      depth_max_(grammar.depth_max),
      frames_(1, {0, 0, 0}),
      depth_(1, 0),
      closures_(1) {
  closures_[0] = {.known = true, .can_end = true};
}

// Nothing where it would stand too deep.
std::optional<FrameId> Automaton::frame(const Frame& frame) {
  const auto [found, added] = frame_index_.try_emplace(frame, static_cast<FrameId>(frames_.size()));
  if (!added) return found->second;
  // Brackets count: an object's scope is in its braces, and a key has none.
  const bool bracket = frame.rule != kKeyByte && rules_[frame.rule].kind != Rule::Kind::key_scope;
  const std::uint32_t depth = depth_[frame.parent] + (bracket ? 1 : 0);
  if (frames_.size() >= limits_.frames_max) exhausted_ = true;
  if (exhausted_ || depth > depth_max_) {
    frame_index_.erase(found);
    return std::nullopt;
  }
  frames_.push_back(frame);
  depth_.push_back(depth);
  closures_.emplace_back();
  return found->second;
}

// What exhausted(), worn() and bytes() say.
void Automaton::take_stock() {
  constexpr std::size_t kFrameBytes = 96, kExpressionBytes = 128;  // with their indexes
  const std::size_t expressions = expressions_.size();
  worn_ = frames_.size() > limits_.frames_max / 2 ||
          expressions > expressions_.limits().expressions_max / 2;
  bytes_ = frames_.size() * kFrameBytes + expressions * kExpressionBytes +
           (cells_.size() + row_of_.size()) * sizeof(Expression) +
           closure_tops_.size() * sizeof(Top) + mask_bytes_;
}

// Rules to enter and frames to leave, instead of recursion: a document's depth is not the stack's.
struct Automaton::Expansion {
  static constexpr RuleId kNone = ~RuleId{0};
  static constexpr std::size_t kFewTasks = 24;

  struct Task {
    RuleId rule;  // to enter; kNone: leave `parent`
    FrameId parent;
    friend bool operator==(const Task&, const Task&) = default;
  };
  std::vector<Task> tasks, seen;
  std::unordered_set<std::uint64_t> many_seen;  // the same, where they are more than a few
  std::vector<Top> tops;
  bool can_end = false;

  void enter(RuleId rule, FrameId parent) { add({rule, parent}); }
  void leave(FrameId frame) { add({kNone, frame}); }

 private:
  void add(const Task& task) {
    if (seen.size() < kFewTasks) {
      if (std::find(seen.begin(), seen.end(), task) != seen.end()) return;
    } else {
      if (many_seen.empty()) {
        for (const Task& each : seen) many_seen.insert(key(each));
      }
      if (!many_seen.insert(key(task)).second) return;
    }
    seen.push_back(task);
    tasks.push_back(task);
  }
  static std::uint64_t key(const Task& task) {
    return std::uint64_t{task.rule} << 32 | task.parent;
  }
};

void Automaton::enter_below(RuleId rule, const Frame& above, Expansion& into) {
  if (const std::optional<FrameId> parent = frame(above)) into.enter(rule, *parent);
}

void Automaton::enter(RuleId id, FrameId parent, Expansion& into) {
  const Rule& rule = rules_[id];
  switch (rule.kind) {
    case Rule::Kind::undefined:
      return;
    case Rule::Kind::terminal:
      if (rule.expression == ExpressionPool::nothing()) return;
      if (rule.expression != ExpressionPool::empty()) {
        into.tops.push_back({rule.expression, parent, rule.spaced ? kSpaceMax : std::uint8_t{0}});
      }
      if (expressions_.nullable(rule.expression)) into.leave(parent);
      return;
    case Rule::Kind::key:
      return enter_key(rule, parent, into);
    case Rule::Kind::key_scope:
      return enter_below(rule.parts[0], {id, KeySets::kNone, parent}, into);
    case Rule::Kind::sequence:
      if (rule.parts.empty()) return into.leave(parent);
      return enter_below(rule.parts[0], {id, 1, parent}, into);
    case Rule::Kind::choice:
      for (const RuleId part : rule.parts) into.enter(part, parent);
      return;
    case Rule::Kind::repeat:
      if (rule.min == 0) into.leave(parent);
      if (rule.max > 0) enter_below(rule.parts[0], {id, 1, parent}, into);
      return;
  }
}

void Automaton::leave(FrameId id, Expansion& into) {
  if (id == 0) {
    into.can_end = true;
    return;
  }
  const Frame at = frames_[id];
  if (at.rule == kKeyByte) return leave_key(id, into);
  const Rule& rule = rules_[at.rule];
  if (rule.kind == Rule::Kind::key_scope) return into.leave(at.parent);
  if (rule.kind == Rule::Kind::sequence) {
    // The last part needs no frame: what follows it is what follows the sequence.
    const bool last = at.progress + 1 == rule.parts.size();
    if (at.progress == rule.parts.size()) return into.leave(at.parent);
    const RuleId part = rule.parts[at.progress];
    if (last) return into.enter(part, at.parent);
    return enter_below(part, {at.rule, at.progress + 1, at.parent}, into);
  }
  if (at.progress >= rule.min) into.leave(at.parent);
  if (at.progress < rule.max) {
    // Without an upper bound rounds beyond the lower one are not told apart.
    const std::uint32_t rounds = rule.max == kUnbounded
                                     ? std::min(at.progress + 1, std::max(rule.min, 1u))
                                     : at.progress + 1;
    enter_below(rule.parts[0], {at.rule, rounds, at.parent}, into);
  }
}

void Automaton::enter_key(const Rule& rule, FrameId parent, Expansion& into) {
  const Expression unused = key_sets_.unused(expressions_, rule.expression, keys_before(parent));
  if (!expressions_.live(unused)) return;
  into.tops.push_back({unused, parent, rule.spaced ? kSpaceMax : std::uint8_t{0}, true});
}

// The frame that the key whose byte `id` may be stands in.
FrameId Automaton::before_key(FrameId id) const {
  while (frames_[id].rule == kKeyByte) id = frames_[id].parent;
  return id;
}

// The keys of the scope that `id` is in.
KeySets::Id Automaton::keys_before(FrameId id) const {
  for (; id != 0; id = frames_[id].parent) {
    const Frame& at = frames_[id];
    if (at.rule == kKeyByte || rules_[at.rule].kind != Rule::Kind::key_scope) continue;
    return at.progress;
  }
  return KeySets::kNone;
}

// What `id` is once `key` has come in its scope. Recursion: a key is few frames from its scope.
std::optional<FrameId> Automaton::with_key(FrameId id, const std::string& key) {
  if (id == 0) return id;
  Frame at = frames_[id];
  if (rules_[at.rule].kind == Rule::Kind::key_scope) {
    at.progress = key_sets_.with(at.progress, key);
    return frame(at);
  }
  const std::optional<FrameId> parent = with_key(at.parent, key);
  if (!parent) return std::nullopt;
  at.parent = *parent;
  return frame(at);
}

void Automaton::leave_key(FrameId last_byte, Expansion& into) {
  std::string spelled;
  for (FrameId at = last_byte; frames_[at].rule == kKeyByte; at = frames_[at].parent) {
    spelled.push_back(static_cast<char>(frames_[at].progress));
  }
  std::reverse(spelled.begin(), spelled.end());
  const Result<JsonValue> key = JsonValue::parse(spelled);
  if (!key) return;  // no string of JSON, which a key's rule has alone
  const std::optional<FrameId> behind = with_key(before_key(last_byte), key->text);
  if (behind) into.leave(*behind);
}

void Automaton::settle(Expansion& expansion) {
  while (!expansion.tasks.empty() && !exhausted_) {
    const Expansion::Task task = expansion.tasks.back();
    expansion.tasks.pop_back();
    if (task.rule == Expansion::kNone) {
      leave(task.parent, expansion);
    } else {
      enter(task.rule, task.parent, expansion);
    }
    if (expansion.seen.size() > 16 * limits_.tops_max) exhausted_ = true;
  }
  remove_doubles(expansion.tops, 0);
}

const Automaton::Closure& Automaton::closure(FrameId id) {
  if (closures_[id].known) return closures_[id];
  Expansion expansion;
  expansion.leave(id);
  settle(expansion);
  Closure& known = closures_[id];
  known = {.begin = static_cast<std::uint32_t>(closure_tops_.size()),
           .count = static_cast<std::uint32_t>(expansion.tops.size()),
           .known = true,
           .can_end = expansion.can_end};
  closure_tops_.insert(closure_tops_.end(), expansion.tops.begin(), expansion.tops.end());
  return known;
}

Expression Automaton::derive_into(std::size_t cell, Expression expression, std::uint8_t byte) {
  Expression derived = expressions_.derivative(expression, byte);
  if (!expressions_.live(derived)) derived = ExpressionPool::nothing();
  if (expressions_.exhausted()) exhausted_ = true;
  cells_[cell] = derived;
  return derived;
}

inline Expression Automaton::next(Expression expression, std::uint8_t byte) {
  if (expression >= row_of_.size()) row_of_.resize(expressions_.size() * 2, 0);
  std::uint32_t row = row_of_[expression];
  if (row == 0) {
    if (cells_.size() + byte_classes_ > limits_.row_cells_max) {
      // Start over: what is remembered can be worked out again.
      cells_.clear();
      std::fill(row_of_.begin(), row_of_.end(), 0);
    }
    cells_.resize(cells_.size() + byte_classes_, kUnknown);
    row = row_of_[expression] = static_cast<std::uint32_t>(cells_.size() / byte_classes_);
  }
  const std::size_t cell = (row - 1) * byte_classes_ + byte_class_[byte];
  const Expression known = cells_[cell];
  return known != kUnknown ? known : derive_into(cell, expression, byte);
}

inline void Automaton::append_behind(FrameId frame, std::vector<Top>& tops, bool& can_end) {
  const Closure& behind = closure(frame);
  can_end = can_end || behind.can_end;
  const auto first = closure_tops_.begin() + behind.begin;
  tops.insert(tops.end(), first, first + behind.count);
}

// Of a key: as if its scope had no memory, and says so in key_closed_ where that matters.
inline void Automaton::append_step(const Top& top, std::uint8_t byte, std::vector<Top>& tops,
                                   bool& can_end) {
  if (top.space > 0 && is_space(byte)) {
    tops.push_back({top.expression, top.frame, static_cast<std::uint8_t>(top.space - 1), top.key});
  }
  const Expression derived = next(top.expression, byte);
  if (derived == ExpressionPool::nothing()) return;
  if (derived != ExpressionPool::empty()) tops.push_back({derived, top.frame, 0, top.key});
  if (!expressions_.nullable(derived)) return;
  if (top.key) key_closed_ = true;
  append_behind(top.frame, tops, can_end);
}

void Automaton::append_key_step(const Top& top, std::uint8_t byte, std::vector<Top>& tops,
                                bool& can_end) {
  if (top.space > 0 && is_space(byte)) {
    tops.push_back({top.expression, top.frame, static_cast<std::uint8_t>(top.space - 1), true});
  }
  const Expression derived = next(top.expression, byte);
  if (derived == ExpressionPool::nothing()) return;
  const std::optional<FrameId> read = frame({kKeyByte, byte, top.frame});
  if (!read) return;
  if (derived != ExpressionPool::empty()) tops.push_back({derived, *read, 0, true});
  if (expressions_.nullable(derived)) append_behind(*read, tops, can_end);
}

void Automaton::step_locked(std::span<const Top> from, std::uint8_t byte, Place& to) {
  to.tops.clear();
  to.can_end = false;
  for (const Top& top : from) {
    if (top.key) {
      append_key_step(top, byte, to.tops, to.can_end);
    } else {
      append_step(top, byte, to.tops, to.can_end);
    }
  }
  remove_doubles(to.tops, 0);
  if (to.tops.size() > limits_.tops_max) exhausted_ = true;
}

Place Automaton::start() {
  const std::scoped_lock lock(mutex_);
  Expansion expansion;
  expansion.enter(root_, 0);
  settle(expansion);
  return {.tops = std::move(expansion.tops), .can_end = expansion.can_end};
}

void Automaton::step(const Place& from, std::uint8_t byte, Place& to) {
  const std::scoped_lock lock(mutex_);
  step_locked(from.tops, byte, to);
}

bool Automaton::accept(Place& place, std::string_view bytes) {
  const std::scoped_lock lock(mutex_);
  Place at = place, behind;
  for (const char c : bytes) {
    step_locked(at.tops, static_cast<std::uint8_t>(c), behind);
    if ((behind.tops.empty() && !behind.can_end) || exhausted_) return false;
    std::swap(at, behind);
  }
  place = std::move(at);
  take_stock();
  return true;
}

// A walk keeps the place at each level of the tree in one vector, the levels one behind the other.
//
// It adds no frames for the keys it passes, or a mask would cost one for each byte of each token: a
// walk's place has none of what has come of a key, and behind the key's end its object knows the
// keys from before the walk. Only a token that goes on to another key must know more; there the
// place is worked out from the beginning.
class Automaton::Walk {
 public:
  Walk(Automaton& automaton, const ByteTree& tree, std::span<std::uint64_t> mask)
      : automaton_(automaton), tree_(tree), mask_(mask), tops_(automaton.walk_tops_) {}

  // Over the subtree of `root`, at whose bytes the place is `from`.
  void run(std::span<const Top> from, bool can_end, std::size_t root = 0) {
    from_ = from;
    tops_.assign(from.begin(), from.end());
    forget_keys(0);
    if (!from.empty() || can_end) take(root);
    enter(root, 0, false);
    while (!levels_.empty() && !automaton_.exhausted_) {
      Level& level = levels_.back();
      while (level.child < level.end && !level.possible.has(tree_.bytes[level.child])) {
        ++level.child;
      }
      if (level.child == level.end) {
        levels_.pop_back();
      } else {
        visit(level, level.child++);
      }
    }
  }

 private:
  struct Level {
    std::uint32_t child, end;  // the children left to look at
    std::size_t first, count;  // the place in tops_
    ByteSet possible;          // bytes that can come there, and perhaps more
    bool key_closed;           // the scopes there lack a key
  };

  void take(std::size_t node) {
    for (const std::uint32_t token : tree_.tokens_of(node)) {
      mask_[token >> 6] |= std::uint64_t{1} << (token & 63);
    }
  }

  // Goes on with the children of `node`, whose place is the end of tops_ from `first` on.
  void enter(std::size_t node, std::size_t first, bool key_closed) {
    const std::uint32_t child = tree_.first_child[node], end = tree_.first_child[node + 1];
    if (child == end) return;
    if (tops_.size() - first > 1) remove_doubles(tops_, first);
    if (tops_.size() - first > automaton_.limits_.tops_max) automaton_.exhausted_ = true;
    ByteSet possible;
    for (std::size_t i = first; i < tops_.size(); ++i) {
      possible = possible | automaton_.expressions_.first_bytes(tops_[i].expression);
      if (tops_[i].space > 0) possible = possible | kSpaces;
    }
    levels_.push_back({child, end, first, tops_.size() - first, possible, key_closed});
  }

  void forget_keys(std::size_t first) {
    for (std::size_t i = first; i < tops_.size(); ++i) {
      if (tops_[i].key) tops_[i].frame = automaton_.before_key(tops_[i].frame);
    }
  }

  // Whether the place in tops_ from `first` on is at another key, behind one that was closed.
  bool at_next_key(std::size_t first) const {
    const auto begin = tops_.begin() + static_cast<std::ptrdiff_t>(first);
    return std::any_of(begin, tops_.end(), [](const Top& top) { return top.key; });
  }

  // That place again, by every step from the walk's beginning.
  void work_out(std::size_t first, bool& can_end) {
    Place at{.tops = {from_.begin(), from_.end()}}, behind;
    for (const Level& level : levels_) {
      automaton_.step_locked(at.tops, tree_.bytes[level.child - 1], behind);
      std::swap(at, behind);
    }
    tops_.resize(first);
    tops_.insert(tops_.end(), at.tops.begin(), at.tops.end());
    forget_keys(first);
    can_end = at.can_end;
  }

  void visit(const Level& from, std::uint32_t node) {
    const std::size_t begin = from.first + from.count, end = begin;
    tops_.resize(begin);
    bool can_end = false;
    automaton_.key_closed_ = from.key_closed;
    for (std::size_t i = from.first; i < end; ++i) {
      const Top top = tops_[i];
      automaton_.append_step(top, tree_.bytes[node], tops_, can_end);
    }
    bool key_closed = automaton_.key_closed_;
    if (key_closed && at_next_key(begin)) {
      work_out(begin, can_end);
      key_closed = false;
    }
    if (tops_.size() == begin && !can_end) return;
    take(node);
    enter(node, begin, key_closed);
  }

  Automaton& automaton_;
  const ByteTree& tree_;
  std::span<std::uint64_t> mask_;
  std::span<const Top> from_;
  std::vector<Top>& tops_;
  std::vector<Level> levels_;
};

// The tokens of the rest of a string, from the tables; false where they do not say.
bool Automaton::fill_from_string(const Top& top, const TokenTrie& trie,
                                 std::span<std::uint64_t> mask) {
  if (top.space > 0) return false;
  const std::optional<StringRest> rest = expressions_.as_string_rest(top.expression);
  if (!rest) return false;
  const StringTokens& string = trie.string();
  const bool any_token_fits = rest->max >= string.characters_max;
  if (!any_token_fits && rest->max >= StringTokens::kCharactersMax) return false;
  const TokenSet& inside = string.inside[any_token_fits ? StringTokens::kCharactersMax : rest->max];
  for (std::size_t word = 0; word < mask.size(); ++word) mask[word] |= inside[word];
  if (rest->min == 0 && any_token_fits && !rest->except_some && !top.key) {
    const Closure behind = closure(top.frame);
    const std::vector<Top> tops(closure_tops_.begin() + behind.begin,
                                closure_tops_.begin() + behind.begin + behind.count);
    Walk(*this, string.behind_quote, mask).run(tops, behind.can_end);
  } else {
    Walk(*this, string.closing, mask).run({&top, 1}, false);
  }
  return true;
}

// Where the mask of `place` is, or is to be, remembered.
Automaton::KnownMask& Automaton::known_mask(const Place& place, const TokenTrie& trie) {
  if (masks_.empty()) masks_.resize(std::max<std::size_t>(limits_.masks_max, 1));
  std::uint64_t hash = 0;
  for (const Top& top : place.tops) {
    hash = (hash ^ (std::uint64_t{top.expression} << 32 | top.frame) ^ top.space) *
           0x9e3779b97f4a7c15ull;
    hash ^= hash >> 29;
  }
  KnownMask& known = masks_[hash % masks_.size()];
  if (known.trie == &trie && known.tops == place.tops) return known;
  known.trie = nullptr;
  return known;
}

void Automaton::fill_mask(const Place& place, const TokenTrie& trie,
                          std::span<std::uint64_t> mask) {
  const std::scoped_lock lock(mutex_);
  KnownMask& known = known_mask(place, trie);
  if (known.trie != nullptr) {
    std::copy(known.mask.begin(), known.mask.end(), mask.begin());
    return;
  }
  std::fill(mask.begin(), mask.end(), 0);
  std::vector<Top> others;
  for (const Top& top : place.tops) {
    if (!fill_from_string(top, trie, mask)) others.push_back(top);
  }
  if (!others.empty()) Walk(*this, trie.all(), mask).run(others, false);
  if (exhausted_) return;
  known.trie = &trie;
  known.tops = place.tops;
  mask_bytes_ -= known.mask.size() * sizeof(std::uint64_t);
  known.mask.assign(mask.begin(), mask.end());
  mask_bytes_ += known.mask.size() * sizeof(std::uint64_t);
  take_stock();
}

void Automaton::add_behind_space(const Place& place, const TokenTrie& trie,
                                 std::span<std::uint64_t> mask) {
  const std::scoped_lock lock(mutex_);
  const ByteTree& tree = trie.all();
  for (std::size_t node = tree.first_child[0]; node < tree.first_child[1]; ++node) {
    if (tree.bytes[node] == ' ') Walk(*this, tree, mask).run(place.tops, place.can_end, node);
  }
}

// The one byte that may come; -1 where there are several, or none.
int Automaton::only_byte(const Place& place) {
  if (place.can_end) return -1;
  ByteSet possible;
  for (const Top& top : place.tops) possible = possible | expressions_.first_bytes(top.expression);
  if (possible.count() != 1) return -1;
  std::uint8_t byte = 0;
  while (!possible.has(byte)) ++byte;
  const bool comes = std::any_of(place.tops.begin(), place.tops.end(), [&](const Top& top) {
    return next(top.expression, byte) != ExpressionPool::nothing();
  });
  return comes ? byte : -1;
}

std::string Automaton::forced(const Place& place, std::size_t bytes_max) {
  const std::scoped_lock lock(mutex_);
  std::string bytes;
  Place at = place, behind;
  while (bytes.size() < bytes_max && !exhausted_) {
    if (std::any_of(at.tops.begin(), at.tops.end(), [](const Top& top) { return top.space > 0; })) {
      break;
    }
    const int byte = only_byte(at);
    if (byte < 0) break;
    bytes.push_back(static_cast<char>(byte));
    step_locked(at.tops, static_cast<std::uint8_t>(byte), behind);
    std::swap(at, behind);
  }
  return bytes;
}

bool accepts(const std::shared_ptr<Automaton>& automaton, std::string_view text) {
  Matcher matcher(automaton);
  return matcher.accept(text) && matcher.can_end();
}

}  // namespace retort::grammar
