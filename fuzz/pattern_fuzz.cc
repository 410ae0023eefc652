// Any bytes as a pattern, in both spellings: an expression or a refusal that says where, soon. What
// it lets through is well formed, and the same in both spellings where no escape is needed.
//
// The pattern's own bytes, up to its first NUL, are also the text that it is tried on.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "grammar/pattern.h"

namespace {

using namespace retort::grammar;

void require(bool claim) {
  if (!claim) std::abort();
}

struct Outcome {
  bool compiled = false, exhausted = false, matches = false;
};

Outcome outcome(std::string_view pattern, Spelling spelling, bool whole, std::string_view text) {
  ExpressionPool pool({.expressions_max = 20'000, .search_max = 500});
  const auto compiled = compile_pattern(pool, pattern, spelling, whole);
  if (!compiled) {
    require(compiled.error().kind() == retort::ErrorKind::invalid_request);
    require(compiled.error().message().find("at byte ") != std::string::npos);
    return {.exhausted = pool.exhausted()};
  }
  pool.live(*compiled);
  const bool matches = pool.matches(*compiled, text);
  return {.compiled = true, .exhausted = pool.exhausted(), .matches = matches};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find('\0');
  const std::string_view pattern = input.substr(0, end);
  const std::string_view text = input.substr(end == std::string_view::npos ? 0 : end + 1);
  for (const bool whole : {false, true}) {
    const Outcome plain = outcome(pattern, Spelling::utf8, whole, text);
    const Outcome json = outcome(pattern, Spelling::json_string, whole, json_spelling(text));
    if (plain.exhausted || json.exhausted) continue;
    require(plain.compiled == json.compiled);
    require(plain.matches == json.matches);
    require(!plain.matches || retort::base::is_utf8(text));
  }
  return 0;
}
