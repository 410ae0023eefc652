// The pre-tokenizer: cuts text into words before byte-pair merging, so that no token crosses a
// word.
//
// Each family of models has its own patterns. Only patterns from the table here are run, never one
// from a file: each has been read for how it behaves on the longest of texts, so that no prompt can
// make it crawl. A model with another pattern is refused by name, and supporting it is one row.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <retort/result.h>

namespace retort::text {

struct SplitRule {
  std::string_view name;
  // As a tokenizer.json spells it (Oniguruma); empty where it has a type of its own there.
  std::string_view hugging_face;
  // The same language in PCRE2's spelling, and without quadratic searches; empty: hugging_face is
  // fine. `\s` means Unicode's White_Space.
  std::string_view pattern;
};

// A family of pre-tokenizers, as `tokenizer.ggml.pre` of a GGUF file names it.
struct PreTokenizer {
  std::vector<std::string_view> names;
  std::vector<std::string_view> rules;  // names of SplitRules, in order
  bool nfc = false;                     // its Hugging Face tokenizers normalise to NFC
  bool ignores_merges = false;
  bool adds_beginning = false;  // where the file does not say
};

// The rule of that name, or whose hugging_face pattern is `pattern`; null where there is none.
const SplitRule* find_split_rule(std::string_view name) noexcept;
const SplitRule* find_split_rule_by_pattern(std::string_view pattern) noexcept;

// Null where there is none of that name.
const PreTokenizer* find_pre_tokenizer(std::string_view name) noexcept;
// All names, joined by ", ", for error messages.
std::string pre_tokenizer_names();

// The compiled rules of one tokenizer. Const and thread-safe.
class Splitter {
 public:
  Splitter();  // no rules: a text is one word
  static Result<Splitter> make(const std::vector<const SplitRule*>& rules);

  Splitter(Splitter&&) noexcept;
  Splitter& operator=(Splitter&&) noexcept;
  ~Splitter();

  // Cuts `text`, which must be valid UTF-8, into words whose concatenation is `text`, and puts them
  // into `words`. Linear in the text.
  void split(std::string_view text, std::vector<std::string_view>& words) const;

 private:
  struct Pattern;

  std::vector<std::unique_ptr<const Pattern>> patterns_;
};

}  // namespace retort::text
