#include "grammar/schema_expressions.h"

#include <array>
#include <cstdio>

#include "base/utf8.h"
#include "grammar/format.h"
#include "grammar/pattern.h"

namespace retort::grammar {
namespace {

void append_escape(std::string& text, unsigned unit) {
  std::array<char, 7> escape{};
  std::snprintf(escape.data(), escape.size(), "\\u%04x", unit);
  text += escape.data();
}

// As writers do that keep to ASCII (Python's, by default): all else as \uXXXX in lower case.
std::string ascii_spelling(std::string_view spelled) {
  std::string text;
  while (!spelled.empty()) {
    const base::CodePoint point = base::decode_utf8(spelled);
    if (point.bytes <= 1) {
      text += spelled[0];
      spelled.remove_prefix(1);
      continue;
    }
    spelled.remove_prefix(point.bytes);
    const auto value = static_cast<unsigned>(point.value);
    if (value >= 0x10000) append_escape(text, 0xD800 + ((value - 0x10000) >> 10));
    append_escape(text, value >= 0x10000 ? 0xDC00 + ((value - 0x10000) & 0x3FF) : value);
  }
  return text;
}

// An integer of few digits without exponent.
std::string plain_integer(const Decimal& number) {
  if (number.digits.empty()) return "0";
  const auto zeros = static_cast<std::size_t>(number.exponent);
  return (number.negative ? "-" : "") + number.digits + std::string(zeros, '0');
}

}  // namespace

void append_spellings(const std::string& text, std::vector<std::string>& spellings) {
  const std::string usual = json_spelling(text);
  const std::string ascii = ascii_spelling(usual);
  spellings.push_back("\"" + usual + "\"");
  if (ascii != usual) spellings.push_back("\"" + ascii + "\"");
}

void append_spellings(const JsonValue& value, std::vector<std::string>& spellings) {
  switch (value.type) {
    case JsonValue::Type::null:
      spellings.emplace_back("null");
      return;
    case JsonValue::Type::boolean:
      spellings.emplace_back(value.boolean ? "true" : "false");
      return;
    case JsonValue::Type::string:
      return append_spellings(value.text, spellings);
    case JsonValue::Type::array:
    case JsonValue::Type::object:
      return;
    case JsonValue::Type::number:
      break;
  }
  spellings.push_back(value.text);
  if (!value.number.is_integer() || value.number.exponent >= 20) return;
  const std::string plain = plain_integer(value.number);
  if (plain == value.text) return;
  spellings.push_back(plain);
  spellings.push_back(plain + ".0");  // what a writer makes of it that read it as a double
}

Result<Expression> SchemaExpressions::pattern(const std::string& pattern) {
  const auto known = patterns_.find(pattern);
  if (known != patterns_.end()) return known->second;
  Result<Expression> compiled = compile_pattern(pool_, pattern, Spelling::json_string);
  if (compiled) patterns_.emplace(pattern, *compiled);
  return compiled;
}

Expression SchemaExpressions::quoted(Expression content) {
  return pool_.concat({pool_.literal("\""), content, pool_.literal("\"")});
}

Expression SchemaExpressions::content(const StringRules& rules) {
  Expression content = ExpressionPool::anything();
  for (const std::string& text : rules.patterns) {
    content = pool_.both(content, pattern(text).value_or(ExpressionPool::nothing()));
  }
  for (const std::string& format : rules.formats) {
    const auto [known, added] = formats_.try_emplace(format, 0);
    if (added) {
      known->second = compile_format(pool_, format).value_or(ExpressionPool::nothing());
    }
    content = pool_.both(content, known->second);
  }
  if (rules.bounded() || content == ExpressionPool::anything()) {
    content = pool_.both(content, pool_.repeat(pool_.json_character(), rules.min, rules.max));
  }
  for (const StringRules& except : rules.except) {
    content = pool_.without(content, this->content(except));
  }
  if (rules.excluded.empty()) return content;
  return pool_.without(content, pool_.any_spelling_of(rules.excluded));
}

Expression SchemaExpressions::string(const StringRules& rules) {
  if (!rules.plain()) return quoted(content(rules));
  Expression rest = pool_.json_string_rest(rules.min, rules.max);
  if (!rules.excluded.empty()) {
    rest = pool_.without(rest,
                         pool_.concat(pool_.any_spelling_of(rules.excluded), pool_.literal("\"")));
  }
  return pool_.concat(pool_.literal("\""), rest);
}

Expression SchemaExpressions::fractions(Expression numbers) {
  const Expression digits = pool_.repeat(pool_.bytes(ByteSet::range('0', '9')), 0, kUnbounded);
  const Expression nonzero = pool_.bytes(ByteSet::range('1', '9'));
  const Expression whole = pool_.concat(pool_.optional(pool_.literal("-")), digits);
  return pool_.both(numbers, pool_.concat({whole, pool_.literal("."), digits, nonzero, digits}));
}

Expression SchemaExpressions::key(const KeyRules& rules, Expression names) {
  if (rules.matched.empty() && rules.unmatched.empty() && names == ExpressionPool::anything()) {
    StringRules plain;
    plain.excluded = rules.excluded;
    return string(plain);
  }
  Expression content = names;
  for (const std::string& text : rules.matched) {
    content = pool_.both(content, pattern(text).value_or(ExpressionPool::nothing()));
  }
  for (const std::string& text : rules.unmatched) {
    const Expression left_out = pattern(text).value_or(ExpressionPool::anything());
    content = pool_.both(content, pool_.complement(left_out));
  }
  if (rules.matched.empty()) content = pool_.both(content, any_string());
  if (!rules.excluded.empty())
    content = pool_.without(content, pool_.any_spelling_of(rules.excluded));
  return quoted(content);
}

}  // namespace retort::grammar
