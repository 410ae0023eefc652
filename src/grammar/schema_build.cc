// One alternative of a form: the keywords of all its schemas brought together, type by type. Part
// of SchemaForms.
#include <algorithm>
#include <numeric>
#include <utility>

#include "grammar/schema_forms.h"

namespace retort::grammar {
namespace {

template <typename Value>
void add_once(std::vector<Value>& values, const Value& value) {
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

// digits * 10^zeros where that is below 2^63.
std::optional<std::uint64_t> scaled(const Decimal& number, int zeros) {
  constexpr std::uint64_t kMax = std::uint64_t{1} << 63;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < number.digits.size() + static_cast<std::size_t>(zeros); ++i) {
    const int digit = i < number.digits.size() ? number.digits[i] - '0' : 0;
    if (value > kMax / 10) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(digit);
  }
  return value < kMax ? std::optional(value) : std::nullopt;
}

// The least number that is a multiple of both; none where it has too many digits.
std::optional<Decimal> common_multiple(const Decimal& a, const Decimal& b) {
  if (is_multiple(a, b)) return a;
  if (is_multiple(b, a)) return b;
  const int exponent = std::min(a.exponent, b.exponent);
  if (std::max(a.exponent, b.exponent) - exponent > 18) return std::nullopt;
  const auto x = scaled(a, a.exponent - exponent), y = scaled(b, b.exponent - exponent);
  if (!x || !y) return std::nullopt;
  const std::uint64_t factor = *x / std::gcd(*x, *y);
  if (factor > (std::uint64_t{1} << 62) / *y) return std::nullopt;
  const Result<Decimal> least =
      Decimal::parse(std::to_string(factor * *y) + "e" + std::to_string(exponent));
  return least ? std::optional(*least) : std::nullopt;
}

}  // namespace

bool SchemaForms::fits(const Parts& parts, const JsonValue& value) {
  for (const Part& part : parts) {
    if (part.source >= source_->schemas.size()) {
      if (!fits_made(part.source, value)) return false;
      continue;
    }
    const LeftOut chosen{.any_of = part.any_of_chosen, .one_of = part.one_of_chosen};
    const Verdict verdict = validator_->judge(part.source, value, chosen);
    if (verdict == Verdict::unknown) {
      refuse(source(part.source).pointer, "enum", "checking the values takes too long");
    }
    if (verdict != Verdict::fits) return false;
  }
  return true;
}

// The same of a schema that oneOf made.
bool SchemaForms::fits_made(SourceId id, const JsonValue& value) {
  if (const auto without = strings_without_.find(id); without != strings_without_.end()) {
    return !value.is_string() || !fits({{without->second}}, value);
  }
  const SourceSchema& made = source(id);
  if ((type_of(value) & made.types) == 0) return false;
  if (value.is_number()) return number_fits(made.numbers, value.number);
  if (!value.is_object()) return true;
  for (const std::string& name : made.required) {
    if (value.find(name) == nullptr) return false;
  }
  return std::all_of(made.properties.begin(), made.properties.end(), [&](const auto& property) {
    const JsonValue* member = value.find(property.name);
    return member == nullptr || fits_made(property.schema, *member);
  });
}

// The values of the first enum or const that fit everything else.
std::optional<Alternative> SchemaForms::build_finite(const Draft& draft) {
  const SourceSchema* lister = nullptr;
  for (const Part& part : draft.parts) {
    const SourceSchema& schema = source(part.source);
    if (!schema.finite()) continue;
    if (lister == nullptr || schema.constant != nullptr) lister = &schema;
  }
  if (lister == nullptr) return std::nullopt;
  std::vector<const JsonValue*> listed;
  if (lister->constant != nullptr) {
    listed.push_back(lister->constant);
  } else {
    for (const JsonValue& value : lister->enumeration->elements) listed.push_back(&value);
  }
  Alternative alternative{.finite = true};
  for (const JsonValue* value : listed) {
    if (over_time()) break;
    if ((type_of(*value) & draft.types) == 0 || !fits(draft.parts, *value)) continue;
    alternative.values.push_back(value);
  }
  return alternative;
}

Alternative SchemaForms::build(const Draft& draft) {
  Alternative alternative;
  alternative.types = draft.types;
  if ((alternative.types & kString) != 0) build_strings(draft, alternative);
  if ((alternative.types & kNumber) != 0) build_numbers(draft, alternative);
  if ((alternative.types & kObject) != 0) build_objects(draft, alternative.objects);
  if ((alternative.types & kArray) != 0) build_arrays(draft, alternative.arrays);
  return alternative;
}

// All strings that fit the schema `other`.
void SchemaForms::leave_out_strings(SourceId other, StringRules& rules) {
  for (const Alternative& alternative : alternatives(form_of(std::vector<SourceId>{other}))) {
    for (const JsonValue* value : alternative.values) {
      if (value->is_string()) add_once(rules.excluded, value->text);
    }
    if ((alternative.types & kString) != 0) rules.except.push_back(alternative.strings);
  }
}

void SchemaForms::build_strings(const Draft& draft, Alternative& alternative) {
  StringRules& rules = alternative.strings;
  for (const Part& part : draft.parts) {
    const SourceSchema& schema = source(part.source);
    if (schema.pattern) add_once(rules.patterns, *schema.pattern);
    if (schema.format) add_once(rules.formats, *schema.format);
    if (const auto it = strings_without_.find(part.source); it != strings_without_.end()) {
      leave_out_strings(it->second, rules);
    }
    rules.min = std::max(rules.min, schema.length_min);
    rules.max = std::min(rules.max, schema.length_max);
  }
  const bool plain = rules.plain() && rules.excluded.empty();
  if (rules.min <= rules.max && (plain || pool_.live(expressions_.content(rules)))) return;
  alternative.types &= static_cast<TypeSet>(~kString);
}

// False where the multiples have no common one that can be said.
bool SchemaForms::bring_numbers_together(const Draft& draft, NumberBounds& bounds) {
  for (const Part& part : draft.parts) {
    const NumberBounds& with = source(part.source).numbers;
    if (with.minimum) narrow_minimum(bounds, *with.minimum, with.exclusive_minimum);
    if (with.maximum) narrow_maximum(bounds, *with.maximum, with.exclusive_maximum);
    if (!with.multiple_of) continue;
    std::optional<Decimal> least = with.multiple_of;
    if (bounds.multiple_of) least = common_multiple(*bounds.multiple_of, *with.multiple_of);
    if (!least) {
      refuse(source(part.source).pointer + "/multipleOf", "multipleOf",
             "the common multiple is too large");
      return false;
    }
    bounds.multiple_of = std::move(least);
  }
  return true;
}

void SchemaForms::build_numbers(const Draft& draft, Alternative& alternative) {
  NumberBounds& bounds = alternative.numbers;
  if (!bring_numbers_together(draft, bounds)) return;
  bounds.integer = (alternative.types & kFraction) == 0;
  if (!bounds.minimum && !bounds.maximum && !bounds.multiple_of) return;
  const Result<Expression> compiled = expressions_.number(bounds);
  if (compiled) {
    const bool any = (alternative.types & kInteger) != 0;
    const Expression numbers = any ? *compiled : expressions_.fractions(*compiled);
    if (!pool_.live(numbers)) alternative.types &= static_cast<TypeSet>(~kNumber);
    return;
  }
  for (const Part& part : draft.parts) {
    const NumberBounds& numbers = source(part.source).numbers;
    const char* keyword = numbers.multiple_of ? "multipleOf"
                          : numbers.minimum   ? "minimum"
                          : numbers.maximum   ? "maximum"
                                              : nullptr;
    if (keyword == nullptr) continue;
    return refuse(source(part.source).pointer + "/" + keyword, keyword, compiled.error().message());
  }
}

// What all the schemas together say of the value of `name`.
FormId SchemaForms::property_form(const Parts& parts, const std::string& name) {
  Parts all;
  JsonValue as_value;
  as_value.type = JsonValue::Type::string;
  as_value.text = name;
  for (const Part& part : parts) {
    const SourceSchema& schema = source(part.source);
    bool known = false;
    for (const SourceProperty& property : schema.properties) {
      if (property.name != name) continue;
      known = true;
      add(all, property.schema);
    }
    for (const SourceProperty& property : schema.pattern_properties) {
      if (!finds(property.name, name)) continue;
      known = true;
      add(all, property.schema);
    }
    if (!known && schema.additional != kNoSource) add(all, schema.additional);
    if (schema.property_names != kNoSource && !fits({{schema.property_names}}, as_value)) {
      return kNoForm;
    }
  }
  return form_of(all);
}

void SchemaForms::build_objects(const Draft& draft, ObjectRules& rules) {
  std::unordered_map<std::string, std::size_t> place;
  const auto declare = [&](const std::string& name) -> ObjectRules::Property& {
    const auto [found, added] = place.try_emplace(name, rules.properties.size());
    if (added) rules.properties.push_back({.name = name});
    return rules.properties[found->second];
  };
  std::vector<SourceId> names;
  for (const Part& part : draft.parts) {
    const SourceSchema& schema = source(part.source);
    if (schema.says_nothing_of_objects()) continue;
    rules.sources.push_back(part.source);
    for (const SourceProperty& property : schema.properties) declare(property.name);
    if (schema.property_names != kNoSource) names.push_back(schema.property_names);
    rules.min = std::max(rules.min, schema.properties_min);
    rules.max = std::min(rules.max, schema.properties_max);
  }
  for (const Part& part : draft.parts) {
    for (const std::string& name : source(part.source).required) declare(name).required = true;
  }
  rules.names = form_of(names);
  for (ObjectRules::Property& property : rules.properties) {
    if (over_time()) return;
    property.form = property_form(draft.parts, property.name);
  }
}

void SchemaForms::build_arrays(const Draft& draft, ArrayRules& rules) {
  std::size_t prefix = 0;
  for (const Part& part : draft.parts) {
    const SourceSchema& schema = source(part.source);
    prefix = std::max(prefix, schema.prefix_items.size());
    rules.min = std::max(rules.min, schema.items_min);
    rules.max = std::min(rules.max, schema.items_max);
  }
  const auto form_at = [&](std::size_t index) {
    std::vector<SourceId> items;
    for (const Part& part : draft.parts) {
      const SourceSchema& schema = source(part.source);
      const bool first = index < schema.prefix_items.size();
      const SourceId item = first ? schema.prefix_items[index] : schema.items;
      if (item != kNoSource) items.push_back(item);
    }
    return form_of(items);
  };
  for (std::size_t i = 0; i < prefix; ++i) rules.prefix.push_back(form_at(i));
  rules.items = form_at(prefix);
}

}  // namespace retort::grammar
