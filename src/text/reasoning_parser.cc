#include "text/reasoning_parser.h"

#include <array>
#include <utility>

namespace retort::text {
namespace {

// DeepSeek, Qwen, GLM and most others; Seed-OSS; Magistral.
constexpr std::array kFormats = {
    ReasoningFormat{"<think>", "</think>"},
    ReasoningFormat{"<seed:think>", "</seed:think>"},
    ReasoningFormat{"[THINK]", "[/THINK]"},
};

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

}  // namespace

const ReasoningFormat* find_reasoning_format(std::string_view chat_template) noexcept {
  for (const ReasoningFormat& format : kFormats) {
    if (chat_template.find(format.end) != std::string_view::npos) return &format;
  }
  return nullptr;
}

bool ends_in_reasoning(std::string_view prompt, const ReasoningFormat& format) noexcept {
  while (!prompt.empty() && is_space(prompt.back())) prompt.remove_suffix(1);
  return prompt.ends_with(format.begin);
}

ReasoningParser::Pieces ReasoningParser::push(std::string_view text) {
  Pieces pieces;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (state_ == State::content) {
      pieces.content += text.substr(i);
      break;
    }
    take(text[i], pieces);
  }
  return pieces;
}

ReasoningParser::Pieces ReasoningParser::finish() {
  Pieces pieces;
  if (state_ == State::inside) pieces.reasoning = std::exchange(space_, {}) + held_;
  if (state_ == State::start) pieces.content = held_;
  held_.clear();
  state_ = State::content;
  return pieces;
}

void ReasoningParser::take(char c, Pieces& pieces) {
  switch (state_) {
    case State::start:
      return take_start(c, pieces);
    case State::opened:
      if (is_space(c)) return;
      state_ = State::inside;
      [[fallthrough]];
    case State::inside:
      return take_inside(c, pieces);
    case State::closed:
      if (is_space(c)) return;
      state_ = State::content;
      [[fallthrough]];
    case State::content:
      pieces.content.push_back(c);
  }
}

void ReasoningParser::take_start(char c, Pieces& pieces) {
  held_.push_back(c);
  std::string_view said = held_;
  while (!said.empty() && is_space(said.front())) said.remove_prefix(1);
  if (said == format_.begin) {
    state_ = State::opened;
    held_.clear();
  } else if (!format_.begin.starts_with(said)) {
    state_ = State::content;
    pieces.content += std::exchange(held_, {});
  }
}

// The first byte of a mark does not come again in it, so that a mark that breaks off can only begin
// anew with the byte that broke it.
void ReasoningParser::take_inside(char c, Pieces& pieces) {
  const auto give_held = [&] {
    pieces.reasoning += std::exchange(space_, {});
    pieces.reasoning += std::exchange(held_, {});
  };
  if (!held_.empty() && format_.end[held_.size()] != c) give_held();
  if (format_.end[held_.size()] == c) {
    held_.push_back(c);
    if (held_ != format_.end) return;
    held_.clear();
    space_.clear();
    state_ = State::closed;
  } else if (is_space(c)) {
    space_.push_back(c);
  } else {
    pieces.reasoning += std::exchange(space_, {});
    pieces.reasoning.push_back(c);
  }
}

}  // namespace retort::text
