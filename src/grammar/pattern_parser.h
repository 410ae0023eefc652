// The syntax of patterns: text in, a tree out.
//
// ECMA-262 (2024, section 22.2.1) with the `u` flag, and what is harmless of older and of Python's
// habits: escaped punctuation that needs no escape, lone `]`, `{` and `}`, (?P<name>...), \A, \Z.
// pattern.cc makes an expression of the tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <retort/result.h>

#include "grammar/code_points.h"

namespace retort::grammar {

struct PatternLimits {
  std::size_t bytes_max = 16 * 1024;
  std::size_t depth_max = 64;          // of groups
  std::uint32_t repeats_max = 10'000;  // the largest number in {}
  std::size_t properties_max = 32;     // \p{...}: each costs milliseconds
};

struct PatternNode {
  enum class Kind : std::uint8_t {
    character,   // one of sets[set]
    sequence,    // `parts`, one behind the other
    choice,      // one of `parts`
    repeat,      // parts[0], `min` to `max` times
    begin,       // ^
    end,         // $
    look_ahead,  // (?=parts[0]), or (?!parts[0]) where `negative`
  };
  Kind kind = Kind::sequence;
  bool negative = false;
  bool has_end = false;      // a $ is within, outside look-ahead
  bool has_context = false;  // a ^ or a look-ahead is within
  std::uint32_t set = 0;     // into ParsedPattern::sets
  std::uint32_t min = 0, max = 0;
  std::size_t at = 0;  // the byte of the pattern where it begins
  std::vector<std::uint32_t> parts =
      {};  // into ParsedPattern::nodes, each the part of one node only
};

struct ParsedPattern {
  std::vector<PatternNode> nodes;
  std::vector<CodePointSet> sets;  // each once
  std::uint32_t root = 0;
};

Result<ParsedPattern> parse_pattern(std::string_view pattern, const PatternLimits& limits);

// The error (invalid_request) for what stands at byte `at` of a pattern.
Error pattern_error(std::string_view what, std::size_t at);

}  // namespace retort::grammar
