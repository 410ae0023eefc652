#include "text/merges.h"

#include <algorithm>
#include <bit>

namespace retort::text {
namespace {

constexpr std::uint32_t kNoRank = ~std::uint32_t{0};
constexpr std::uint32_t kNowhere = ~std::uint32_t{0};
// Up to this many symbols a scan for the best pair beats a queue.
constexpr std::size_t kFewSymbols = 48;

std::uint64_t pair_of(std::int32_t left, std::int32_t right) noexcept {
  return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
}

// For a heap whose top is the best rank and, of equals, the leftmost.
bool is_worse(const MergeTable::Scratch::Candidate& a, const MergeTable::Scratch::Candidate& b) {
  return a.rank != b.rank ? a.rank > b.rank : a.position > b.position;
}

}  // namespace

void MergeTable::reserve(std::size_t count) {
  const std::size_t slots = std::bit_ceil(2 * count + 2);
  slots_.assign(slots, Slot{});
  shift_ = 64u - static_cast<unsigned>(std::countr_zero(slots));
}

// Fibonacci hashing (Knuth, The Art of Computer Programming 3, section 6.4).
std::size_t MergeTable::home(std::uint64_t pair) const noexcept {
  return static_cast<std::size_t>((pair ^ pair >> 29) * 0x9E3779B97F4A7C15u >> shift_);
}

void MergeTable::add(std::int32_t left, std::int32_t right, std::uint32_t rank,
                     std::int32_t result) {
  const std::uint64_t pair = pair_of(left, right);
  std::size_t slot = home(pair);
  while (slots_[slot].pair != kNone && slots_[slot].pair != pair) {
    slot = (slot + 1) & (slots_.size() - 1);
  }
  slots_[slot] = {pair, rank, result};
}

const MergeTable::Slot* MergeTable::find(std::int32_t left, std::int32_t right) const noexcept {
  if (slots_.empty()) return nullptr;
  const std::uint64_t pair = pair_of(left, right);
  std::size_t slot = home(pair);
  while (slots_[slot].pair != kNone) {
    if (slots_[slot].pair == pair) return &slots_[slot];
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return nullptr;
}

std::uint32_t MergeTable::rank(std::int32_t left, std::int32_t right) const noexcept {
  const Slot* slot = find(left, right);
  return slot == nullptr ? kNoRank : slot->rank;
}

void MergeTable::merge(std::vector<std::int32_t>& symbols, Scratch& scratch) const {
  if (symbols.size() < 2) return;
  if (symbols.size() <= kFewSymbols) {
    merge_few(symbols, scratch);
  } else {
    merge_many(symbols, scratch);
  }
}

void MergeTable::merge_few(std::vector<std::int32_t>& symbols, Scratch& scratch) const {
  std::vector<std::uint32_t>& ranks = scratch.ranks;  // of the pair that begins at each symbol
  ranks.clear();
  for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
    ranks.push_back(rank(symbols[i], symbols[i + 1]));
  }
  while (!ranks.empty()) {
    const auto best = std::min_element(ranks.begin(), ranks.end());
    if (*best == kNoRank) break;
    const auto i = static_cast<std::size_t>(best - ranks.begin());
    symbols[i] = find(symbols[i], symbols[i + 1])->result;
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    ranks.erase(best);
    if (i > 0) ranks[i - 1] = rank(symbols[i - 1], symbols[i]);
    if (i < ranks.size()) ranks[i] = rank(symbols[i], symbols[i + 1]);
  }
}

void MergeTable::merge_many(std::vector<std::int32_t>& symbols, Scratch& scratch) const {
  const auto count = static_cast<std::uint32_t>(symbols.size());
  auto& [ranks, before, behind, queue] = scratch;
  before.resize(count);
  behind.resize(count);
  queue.clear();
  const auto candidate = [&](std::uint32_t position) {
    const std::uint32_t next = behind[position];
    if (next == kNowhere) return Scratch::Candidate{kNoRank, position, 0, 0};
    return Scratch::Candidate{rank(symbols[position], symbols[next]), position, symbols[position],
                              symbols[next]};
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    before[i] = i == 0 ? kNowhere : i - 1;
    behind[i] = i + 1 == count ? kNowhere : i + 1;
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    if (const auto found = candidate(i); found.rank != kNoRank) queue.push_back(found);
  }
  std::make_heap(queue.begin(), queue.end(), is_worse);
  const auto push = [&](std::uint32_t position) {
    const auto found = candidate(position);
    if (found.rank == kNoRank) return;
    queue.push_back(found);
    std::push_heap(queue.begin(), queue.end(), is_worse);
  };
  constexpr std::int32_t kGone = -1;  // no symbol has a negative id
  while (!queue.empty()) {
    const Scratch::Candidate best = queue.front();
    std::pop_heap(queue.begin(), queue.end(), is_worse);
    queue.pop_back();
    const std::uint32_t position = best.position;
    if (symbols[position] != best.left || behind[position] == kNowhere) continue;
    const std::uint32_t next = behind[position];
    if (symbols[next] != best.right) continue;
    symbols[position] = find(best.left, best.right)->result;
    symbols[next] = kGone;
    behind[position] = behind[next];
    if (behind[next] != kNowhere) before[behind[next]] = position;
    if (before[position] != kNowhere) push(before[position]);
    push(position);
  }
  std::erase(symbols, kGone);
}

}  // namespace retort::text
