// StopMatcher: finds a request's stop strings in an answer's text as it comes.
//
// Text that may be the beginning of a stop string is held back until that is decided, so that no
// part of a stop string is ever sent. The stop string that is complete first counts, and of those
// complete at the same byte the one that began first; so the answer does not depend on how the text
// was cut into pieces.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace retort::text {

class StopMatcher {
 public:
  // Empty strings among `stops` are never found.
  explicit StopMatcher(const std::vector<std::string>& stops);

  struct Found {
    std::string text;  // safe to send
    bool stopped = false;
    std::size_t stop = 0;  // where stopped: which of the stop strings
  };

  // The next piece of the answer. After it stopped, nothing more comes out. Time is linear in the
  // text. Where pieces and stop strings are whole UTF-8, so is what comes out.
  Found push(std::string_view text);

  // The end of the answer: what was held back.
  std::string finish();

 private:
  // Knuth-Morris-Pratt: `borders[n]` is the longest proper suffix of the first n bytes that is also
  // their prefix.
  struct Stop {
    std::string text;
    std::vector<std::size_t> borders;
    std::size_t matched = 0;
  };

  static void advance(Stop& stop, char c);

  std::vector<Stop> stops_;
  std::string held_;
  bool stopped_ = false;
  std::size_t stop_ = 0;
};

}  // namespace retort::text
