// Patterns: the regular expressions of JSON Schema (ECMA-262, `u` flag) and of guided_regex.
//
// Anchors and look-ahead are exact, wherever they stand, but for ^ and look-ahead in a group that
// repeats. Look-behind, back references and \b are refused: they are no regular languages, or make
// very large ones.
#pragma once

#include <string_view>

#include <retort/result.h>

#include "grammar/expression.h"
#include "grammar/pattern_parser.h"
#include "grammar/spelling.h"

namespace retort::grammar {

// The strings that `pattern` finds something in: JSON Schema's meaning, not anchored unless it says
// ^ or $. With `whole`, those that it describes from end to end, as guided_regex means it. All of
// them are strings of whole characters in their spelling. Errors (invalid_request) say what is
// wrong or not supported and at which byte.
Result<Expression> compile_pattern(ExpressionPool& pool, std::string_view pattern,
                                   Spelling spelling, bool whole = false,
                                   const PatternLimits& limits = {});

}  // namespace retort::grammar
