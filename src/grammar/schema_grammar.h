// A JSON Schema compiled: the grammar that lets through what fits it, and the last check.
//
// Properties come in the schema's order, optional ones may be left out; white space may stand where
// JSON has it, up to kSpaceMax in a row; arrays and objects nest kJsonDepthMax deep. What is let
// through fits the schema. Keys which it does not declare may be repeated, but where their number
// counts (minProperties): readers take the last of them, and so does the validator. What fits is
// let through, but for other orders of properties, integers spelled with a fraction or exponent,
// and other escapes in the strings of an enum or const and in declared names.
#pragma once

#include <memory>
#include <string_view>

#include <retort/result.h>

#include "grammar/grammar.h"
#include "grammar/schema.h"
#include "grammar/schema_validator.h"

namespace retort::grammar {

struct CompiledSchema {
  Grammar grammar;
  std::shared_ptr<const SchemaValidator> validator;
};

// Compiles `json`, the text of a schema. Fails with an invalid_request that names pointer and
// keyword, as `refusal` does in parts. Bounded in time and memory by `limits`; may take
// milliseconds: not for I/O threads. Thread-safe.
Result<CompiledSchema> compile_schema(std::string_view json, const SchemaLimits& limits = {},
                                      SchemaRefusal* refusal = nullptr);

// The rule of a value that fits a schema, as a part of a larger grammar.
struct SchemaRule {
  RuleId value = 0;
  std::shared_ptr<const SchemaValidator> validator;
};

// The same for a grammar that holds more than the schema. White space may stand before the value.
Result<SchemaRule> add_schema(GrammarBuilder& builder, std::string_view json,
                              const SchemaLimits& limits = {}, SchemaRefusal* refusal = nullptr);

// `value`, and white space behind it.
RuleId add_document(GrammarBuilder& builder, RuleId value);

}  // namespace retort::grammar
