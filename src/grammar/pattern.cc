#include "grammar/pattern.h"

#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

namespace retort::grammar {
namespace {

using Kind = PatternNode::Kind;

// What may follow a place in the string: where the place is the string's start, and elsewhere.
struct Follow {
  Expression start, later;
};

// The pattern is built from its end to its beginning, each part with what may follow it. So $ is
// "what follows is empty", and look-ahead an intersection with what follows.
class Builder {
 public:
  Builder(ExpressionPool& pool, const ParsedPattern& pattern, Spelling spelling)
      : pool_(pool), pattern_(pattern) {
    for (const CodePointSet& set : pattern.sets) {
      characters_.push_back(one_character(pool, set, spelling));
    }
    any_ = one_character(pool, all_code_points(), spelling);
    any_string_ = pool.repeat(any_, 0, kUnbounded);
  }

  Expression whole() { return build(pattern_.root, same(ExpressionPool::empty())).start; }

  Expression anywhere() {
    const Follow found = build(pattern_.root, same(any_string_));
    if (found.start == any_string_) return any_string_;
    const Expression later = pool_.concat(any_string_, found.later);
    return found.start == found.later ? later : pool_.either(found.start, behind_any(found.later));
  }

 private:
  static Follow same(Expression follow) { return {follow, follow}; }
  Expression behind_any(Expression follow) {
    return pool_.concat(pool_.repeat(any_, 1, kUnbounded), follow);
  }

  // Each part is built once for each that may follow it, however deep the groups that ask for it.
  Follow build(std::uint32_t id, Follow follow);
  Follow build_anew(const PatternNode& node, Follow follow);
  Follow build_sequence(const PatternNode& node, Follow follow);
  Follow build_choice(const PatternNode& node, Follow follow);
  Follow build_repeat(const PatternNode& node, Follow follow);
  Follow build_repeat_with_end(const PatternNode& node, Follow follow);
  Follow build_look_ahead(const PatternNode& node, Follow follow);
  Follow in_front(Expression expression, Follow follow);
  Follow either(Follow a, Follow b) {
    return {pool_.either(a.start, b.start), pool_.either(a.later, b.later)};
  }
  Expression alone(std::uint32_t id) { return build(id, same(ExpressionPool::empty())).later; }
  Expression at_end(Expression follow) const {
    return pool_.nullable(follow) && end_holds_ ? ExpressionPool::empty()
                                                : ExpressionPool::nothing();
  }

  ExpressionPool& pool_;
  const ParsedPattern& pattern_;
  std::vector<Expression> characters_;  // by set
  Expression any_ = 0, any_string_ = 0;
  std::map<std::tuple<std::uint32_t, Expression, Expression, bool>, Follow> built_;
  bool end_holds_ = true;  // false while the ways through a group that meet no $ are built
};

Follow Builder::build(std::uint32_t id, Follow follow) {
  const PatternNode& node = pattern_.nodes[id];
  if (!node.has_end && !node.has_context) return build_anew(node, follow);
  const std::tuple key(id, follow.start, follow.later, end_holds_);
  if (const auto known = built_.find(key); known != built_.end()) return known->second;
  return built_[key] = build_anew(node, follow);
}

Follow Builder::build_anew(const PatternNode& node, Follow follow) {
  switch (node.kind) {
    case Kind::character:
      return same(pool_.concat(characters_[node.set], follow.later));
    case Kind::sequence:
      return build_sequence(node, follow);
    case Kind::choice:
      return build_choice(node, follow);
    case Kind::repeat:
      return build_repeat(node, follow);
    case Kind::begin:
      return {follow.start, ExpressionPool::nothing()};
    case Kind::end:
      return {at_end(follow.start), at_end(follow.later)};
    case Kind::look_ahead:
      return build_look_ahead(node, follow);
  }
  return follow;
}

Follow Builder::build_sequence(const PatternNode& node, Follow follow) {
  for (auto part = node.parts.rbegin(); part != node.parts.rend(); ++part) {
    follow = build(*part, follow);
  }
  return follow;
}

Follow Builder::build_choice(const PatternNode& node, Follow follow) {
  const bool plain = !node.has_end && !node.has_context;
  std::vector<Expression> start, later;
  for (const std::uint32_t part : node.parts) {
    const Follow way = build(part, plain ? same(ExpressionPool::empty()) : follow);
    start.push_back(way.start);
    later.push_back(way.later);
  }
  if (plain) return in_front(pool_.either(later), follow);
  return {pool_.either(start), pool_.either(later)};
}

Follow Builder::build_repeat(const PatternNode& node, Follow follow) {
  if (node.max == 0) return follow;
  if (node.has_context) {  // the parser lets only ? and {1} through
    const Follow once = build(node.parts[0], follow);
    return node.min == 0 ? either(once, follow) : once;
  }
  if (node.has_end) return build_repeat_with_end(node, follow);
  // Any string that follows takes up what is beyond the least.
  const bool any_follows = follow.start == any_string_ && follow.later == any_string_;
  return in_front(pool_.repeat(alone(node.parts[0]), node.min, any_follows ? node.min : node.max),
                  follow);
}

// Once a $ held, nothing is left for what follows it: so only the last round can meet one. A body
// that the end of the string satisfies needs no rounds before that.
Follow Builder::build_repeat_with_end(const PatternNode& node, Follow follow) {
  const bool empty_at_end = pool_.nullable(alone(node.parts[0]));
  const Follow last = build(node.parts[0], follow);
  const bool held = std::exchange(end_holds_, false);
  const Expression without_end = alone(node.parts[0]);
  end_holds_ = held;
  const std::uint32_t least = node.min == 0 || empty_at_end ? 0 : node.min - 1;
  const std::uint32_t most = node.max == kUnbounded ? kUnbounded : node.max - 1;
  const Follow rounds = in_front(pool_.repeat(without_end, least, most), last);
  return node.min == 0 ? either(rounds, follow) : rounds;
}

Follow Builder::build_look_ahead(const PatternNode& node, Follow follow) {
  const bool held = std::exchange(end_holds_, true);
  const Follow seen = build(node.parts[0], same(any_string_));
  end_holds_ = held;
  if (node.negative) {
    return {pool_.without(follow.start, seen.start), pool_.without(follow.later, seen.later)};
  }
  return {pool_.both(follow.start, seen.start), pool_.both(follow.later, seen.later)};
}

// At the string's start, `expression` leaves it unless it matches the empty string.
Follow Builder::in_front(Expression expression, Follow follow) {
  const Expression later = pool_.concat(expression, follow.later);
  if (follow.start == follow.later || !pool_.nullable(expression)) return same(later);
  const Expression moved = follow.later == ExpressionPool::nothing()
                               ? ExpressionPool::nothing()
                               : pool_.without(expression, ExpressionPool::empty());
  return {pool_.either(follow.start, pool_.concat(moved, follow.later)), later};
}

// Takes what any string in front of the pattern makes superfluous off its front: a{2,9}b is found
// wherever aab is, and a state for each count would be kept at each character.
void trim_front(ParsedPattern& pattern, std::uint32_t id) {
  PatternNode& node = pattern.nodes[id];
  if (node.kind == Kind::repeat && !node.has_end && !node.has_context) node.max = node.min;
  if (node.kind == Kind::choice) {
    for (const std::uint32_t part : node.parts) trim_front(pattern, part);
  }
  if (node.kind != Kind::sequence) return;
  for (const std::uint32_t part : node.parts) {
    trim_front(pattern, part);
    const PatternNode& front = pattern.nodes[part];
    if (front.kind != Kind::repeat || front.max != 0) return;
  }
}

}  // namespace

Result<Expression> compile_pattern(ExpressionPool& pool, std::string_view pattern,
                                   Spelling spelling, bool whole, const PatternLimits& limits) {
  Result<ParsedPattern> parsed = parse_pattern(pattern, limits);
  if (!parsed) return parsed.error();
  if (!whole) trim_front(*parsed, parsed->root);
  Builder builder(pool, *parsed, spelling);
  const Expression built = whole ? builder.whole() : builder.anywhere();
  if (pool.exhausted()) return pattern_error("too large", 0);
  return built;
}

}  // namespace retort::grammar
