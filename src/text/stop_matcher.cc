#include "text/stop_matcher.h"

#include <algorithm>

namespace retort::text {

StopMatcher::StopMatcher(const std::vector<std::string>& stops) {
  for (const std::string& text : stops) {
    Stop stop{text, std::vector<std::size_t>(text.size() + 1, 0)};
    std::size_t border = 0;
    for (std::size_t i = 1; i < text.size(); ++i) {
      while (border > 0 && text[i] != text[border]) border = stop.borders[border];
      if (text[i] == text[border]) ++border;
      stop.borders[i + 1] = border;
    }
    stops_.push_back(std::move(stop));
  }
}

void StopMatcher::advance(Stop& stop, char c) {
  while (stop.matched > 0 && stop.text[stop.matched] != c) {
    stop.matched = stop.borders[stop.matched];
  }
  if (!stop.text.empty() && stop.text[stop.matched] == c) ++stop.matched;
}

StopMatcher::Found StopMatcher::push(std::string_view text) {
  if (stopped_) return {{}, true, stop_};
  for (const char c : text) {
    held_.push_back(c);
    const Stop* found = nullptr;
    for (Stop& stop : stops_) {
      advance(stop, c);
      const bool complete = !stop.text.empty() && stop.matched == stop.text.size();
      if (complete && (found == nullptr || stop.matched > found->matched)) found = &stop;
    }
    if (found == nullptr) continue;
    stopped_ = true;
    held_.resize(held_.size() - found->matched);
    stop_ = static_cast<std::size_t>(found - stops_.data());
    return {std::move(held_), true, stop_};
  }
  std::size_t undecided = 0;
  for (const Stop& stop : stops_) undecided = std::max(undecided, stop.matched);
  Found found{held_.substr(0, held_.size() - undecided)};
  held_.erase(0, found.text.size());
  return found;
}

std::string StopMatcher::finish() {
  if (stopped_) return {};
  stopped_ = true;
  return std::move(held_);
}

}  // namespace retort::text
