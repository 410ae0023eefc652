// Any bytes as a schema, and a walk through what it compiles to: a refusal that says why, or a
// grammar that has no dead end and whose documents fit the schema.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "grammar/matcher.h"
#include "grammar/schema_grammar.h"

namespace {

using namespace retort;

// Each byte of `choices` says from where on to look for the next one that may come.
void walk(grammar::CompiledSchema compiled, std::string_view choices) {
  const auto automaton = std::make_shared<grammar::Automaton>(std::move(compiled.grammar));
  grammar::Matcher matcher(automaton);
  std::string text;
  for (const char choice : choices) {
    if (matcher.can_end() && !compiled.validator->check(text)) std::abort();
    bool found = false;
    for (int i = 0; i < 256 && !found; ++i) {
      const char byte = static_cast<char>(static_cast<unsigned char>(choice) + i);
      found = matcher.accept(std::string_view(&byte, 1));
      if (found) text += byte;
    }
    if (automaton->exhausted()) return;
    if (!found && !matcher.can_end()) std::abort();
    if (!found) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view schema = input.substr(0, input.find('\0'));
  grammar::SchemaLimits limits;
  limits.time_max = std::chrono::milliseconds(500);
  limits.grammar.expressions.expressions_max = 50'000;
  grammar::SchemaRefusal refusal;
  Result<grammar::CompiledSchema> compiled = grammar::compile_schema(schema, limits, &refusal);
  if (!compiled) {
    if (compiled.error().status() != 400 || refusal.message.empty()) std::abort();
    return 0;
  }
  const std::string_view choices = input.substr(std::min(schema.size() + 1, input.size()));
  walk(std::move(*compiled), choices.substr(0, 300));
  return 0;
}
