// The requests that a load run sends: chats of so many words, some shared and the rest each one's
// own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace retort::load {

struct PromptShape {
  std::size_t shared_words = 0;  // the system message, the same in all; 0: there is none
  std::size_t own_words = 1;     // the user message, other words in each
  std::uint64_t shared_seed = 0x7265746F7274;  // which words the shared ones are
};

// `count` words that every tokenizer of our time has whole, chosen by `seed`.
std::string words(std::size_t count, std::uint64_t seed);

// The body of POST /v1/chat/completions for request `index`: streamed, with usage, greedy, and not
// ended before `output_tokens`.
std::string request_body(const std::string& model, const PromptShape& shape, std::uint64_t index,
                         std::size_t output_tokens);

}  // namespace retort::load
