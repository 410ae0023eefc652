// The strings, numbers and keys that a schema lets through, as expressions of one pool.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include <retort/result.h>

#include "grammar/expression.h"
#include "grammar/json_value.h"
#include "grammar/number.h"

namespace retort::grammar {

// What must all hold of a string.
struct StringRules {
  std::vector<std::string> patterns, formats;
  std::uint32_t min = 0, max = kUnbounded;
  std::vector<std::string> excluded;
  std::vector<StringRules> except;  // strings of which none of these may hold; without formats

  bool bounded() const { return min != 0 || max != kUnbounded; }
  bool plain() const { return patterns.empty() && formats.empty() && except.empty(); }
};

// The keys of an object that it does not declare, told apart by the patterns that they match.
struct KeyRules {
  std::vector<std::string> matched, unmatched;  // patterns
  std::vector<std::string> excluded;            // declared names
};

// The ways in which `value`, no array or object, is let through where an enum or const names it: as
// JSON writers spell it, those too that keep to ASCII.
void append_spellings(const JsonValue& value, std::vector<std::string>& spellings);
// The same of a property's name.
void append_spellings(const std::string& text, std::vector<std::string>& spellings);

// Not thread-safe: it adds to its pool.
class SchemaExpressions {
 public:
  explicit SchemaExpressions(ExpressionPool& pool) : pool_(pool) {}

  // Fails where the pattern is not supported, and at which byte of it.
  Result<Expression> pattern(const std::string& pattern);

  // What stands within the quotes. Every pattern has been asked for before, with success.
  Expression content(const StringRules& rules);
  // With the quotes. Strings with bounds alone are of the form that masks are fast for.
  Expression string(const StringRules& rules);
  // With the quotes; `names` is what propertyNames allows within them (anything() where there is
  // none).
  Expression key(const KeyRules& rules, Expression names);
  Result<Expression> number(const NumberBounds& bounds) { return compile_number(pool_, bounds); }
  // Of `numbers`, those that are no integers, spelled without exponent.
  Expression fractions(Expression numbers);

 private:
  Expression any_string() { return pool_.repeat(pool_.json_character(), 0, kUnbounded); }
  Expression quoted(Expression content);

  ExpressionPool& pool_;
  std::unordered_map<std::string, Expression> patterns_, formats_;
};

}  // namespace retort::grammar
