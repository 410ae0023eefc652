// ByteSet: a set of byte values, the alphabet of every expression.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace retort::grammar {

class ByteSet {
 public:
  constexpr ByteSet() = default;

  static constexpr ByteSet of(std::uint8_t byte) {
    ByteSet set;
    set.add(byte);
    return set;
  }
  // The bytes from `first` to `last`, both within.
  static constexpr ByteSet range(std::uint8_t first, std::uint8_t last) {
    ByteSet set;
    for (unsigned byte = first; byte <= last; ++byte) set.add(static_cast<std::uint8_t>(byte));
    return set;
  }
  static constexpr ByteSet all() { return range(0, 255); }

  constexpr void add(std::uint8_t byte) { words_[byte >> 6] |= std::uint64_t{1} << (byte & 63); }
  constexpr bool has(std::uint8_t byte) const {
    return (words_[byte >> 6] >> (byte & 63) & 1) != 0;
  }

  constexpr ByteSet operator|(const ByteSet& other) const {
    ByteSet set;
    for (std::size_t i = 0; i < 4; ++i) set.words_[i] = words_[i] | other.words_[i];
    return set;
  }
  constexpr ByteSet operator&(const ByteSet& other) const {
    ByteSet set;
    for (std::size_t i = 0; i < 4; ++i) set.words_[i] = words_[i] & other.words_[i];
    return set;
  }
  constexpr ByteSet operator~() const {
    ByteSet set;
    for (std::size_t i = 0; i < 4; ++i) set.words_[i] = ~words_[i];
    return set;
  }

  constexpr bool empty() const { return count() == 0; }
  constexpr std::size_t count() const {
    std::size_t bits = 0;
    for (const std::uint64_t word : words_) bits += static_cast<std::size_t>(std::popcount(word));
    return bits;
  }
  constexpr const std::array<std::uint64_t, 4>& words() const { return words_; }

  friend constexpr bool operator==(const ByteSet&, const ByteSet&) = default;

 private:
  std::array<std::uint64_t, 4> words_{};
};

}  // namespace retort::grammar
