// Any bytes as a GBNF grammar, then a text to follow it with: a clear error or a grammar whose
// masks say what its matcher says.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/gbnf.h"
#include "grammar/matcher.h"

namespace {

using namespace retort;

const std::vector<std::string>& pieces() {
  static const std::vector<std::string> kPieces = [] {
    std::vector<std::string> all;
    for (int byte = 0; byte < 256; ++byte) all.emplace_back(1, static_cast<char>(byte));
    for (const char* longer : {"ab", "\"a", "\",", "é", "  ", "true", "{\"", "12", "\\n"})
      all.emplace_back(longer);
    return all;
  }();
  return kPieces;
}

void check_mask(const grammar::Matcher& matcher, const grammar::TokenTrie& trie) {
  std::vector<std::uint64_t> mask(trie.words());
  matcher.fill_mask(trie, mask);
  if (matcher.exhausted()) return;
  for (std::uint32_t token = 0; token < pieces().size(); ++token) {
    const bool accepted = grammar::Matcher(matcher).accept(pieces()[token]);
    if (matcher.exhausted()) return;
    if (grammar::has_token(mask, token) != accepted) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t split = input.find('\0');
  const std::string_view text = split == input.npos ? std::string_view() : input.substr(split + 1);
  grammar::GbnfLimits limits;
  limits.grammar = {
      .rules_max = 2000, .parts_max = 20'000, .expressions = {.expressions_max = 20'000}};
  Result<grammar::Grammar> grammar = grammar::compile_gbnf(input.substr(0, split), limits);
  if (!grammar) {
    if (grammar.error().message().empty()) std::abort();
    return 0;
  }
  static const grammar::TokenTrie kTrie = grammar::TokenTrie::make(pieces(), {}).value();
  const grammar::MatcherLimits small{
      .frames_max = 10'000, .tops_max = 200, .row_cells_max = 1 << 18};
  grammar::Matcher matcher(std::make_shared<grammar::Automaton>(std::move(*grammar), small));
  for (std::size_t i = 0; i < text.size() && i < 32; ++i) {
    check_mask(matcher, kTrie);
    const std::string forced = matcher.forced(8);
    if (!forced.empty() && !grammar::Matcher(matcher).accept(forced) && !matcher.exhausted())
      std::abort();
    if (!matcher.accept(text.substr(i, 1)) || matcher.exhausted()) break;
  }
  return 0;
}
