// SchemaValidator: whether a finished document fits its schema.
//
// The last word on a constrained answer, and independent of the grammar that constrained it: it
// walks the schema as written beside the parsed document, with PCRE2 for patterns and exact
// decimals for numbers. While a schema is compiled it also says which values of an enum fit the
// keywords beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <retort/result.h>

#include "grammar/schema.h"

namespace retort::grammar {

enum class Verdict : std::uint8_t {
  fits,
  does_not_fit,
  unknown,  // a budget was spent before it was known
};

// Parts of a schema that judge() leaves out: they have been decided elsewhere.
struct LeftOut {
  bool any_of = false, one_of = false;
};

// Thread-safe: judging changes nothing.
class SchemaValidator {
 public:
  // Fails with the refusal of a pattern that PCRE2 cannot read.
  static std::shared_ptr<const SchemaValidator> make(std::shared_ptr<const SchemaSource> source,
                                                     std::optional<SchemaRefusal>& refusal);
  ~SchemaValidator();

  // Checks a whole document, as JsonValue::parse_answer reads it. The error (malformed) says what
  // does not fit.
  Result<void> check(std::string_view document) const;
  Verdict judge(SourceId schema, const JsonValue& value, LeftOut left_out = {}) const;
  // Whether the pattern, one of the schema's, finds something in `text`.
  Verdict finds(const std::string& pattern, std::string_view text) const;

 private:
  struct State;
  class Judge;
  explicit SchemaValidator(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace retort::grammar
