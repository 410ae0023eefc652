// Byte-pair merging: which two neighbouring symbols become one, and in what order.
//
// A word begins as a row of symbols (bytes or characters, as ids); the pair of the best rank merges
// first, the leftmost of equals, until no pair is in the table (Sennrich et al. 2016, section 3.2).
#pragma once

#include <cstdint>
#include <vector>

namespace retort::text {

class MergeTable {
 public:
  // Room for `count` merges.
  void reserve(std::size_t count);

  // Two symbols that merge into `result`; a lower rank merges first. A second merge of the same
  // pair replaces the first. At most the count that was reserved.
  void add(std::int32_t left, std::int32_t right, std::uint32_t rank, std::int32_t result);

  // What merge() works with, kept by a caller that merges many words. Not shared between threads.
  struct Scratch {
    struct Candidate {
      std::uint32_t rank;
      std::uint32_t position;
      std::int32_t left, right;  // the symbols when it was found
    };
    std::vector<std::uint32_t> ranks;
    std::vector<std::uint32_t> before, behind;
    std::vector<Candidate> queue;
  };

  // Merges `symbols` in place. n log n in their count. Thread-safe.
  void merge(std::vector<std::int32_t>& symbols, Scratch& scratch) const;

 private:
  struct Slot {
    std::uint64_t pair = kNone;
    std::uint32_t rank = 0;
    std::int32_t result = 0;
  };
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};

  const Slot* find(std::int32_t left, std::int32_t right) const noexcept;
  std::uint32_t rank(std::int32_t left, std::int32_t right) const noexcept;
  std::size_t home(std::uint64_t pair) const noexcept;
  void merge_few(std::vector<std::int32_t>& symbols, Scratch& scratch) const;
  void merge_many(std::vector<std::int32_t>& symbols, Scratch& scratch) const;

  std::vector<Slot> slots_;  // open addressing, a power of two, at most half full
  unsigned shift_ = 0;
};

}  // namespace retort::text
