// PromptText: a rendered prompt, and which of its bytes the chat template itself wrote.
//
// The chat template engine makes it, the tokenizer reads it. Only where a template's own literals
// stand may the text of a control token become that token; what a user wrote never does, whatever
// it spells.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace retort::text {

struct PromptText {
  struct Span {
    std::size_t begin, end;
  };

  std::string text;
  // Byte ranges of `text`, sorted, disjoint and merged: what the chat template itself wrote.
  std::vector<Span> literals;
};

}  // namespace retort::text
