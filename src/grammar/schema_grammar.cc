#include "grammar/schema_grammar.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "grammar/schema_expressions.h"
#include "grammar/schema_forms.h"
#include "grammar/schema_object.h"

namespace retort::grammar {
namespace {

class Compiler {
 public:
  Compiler(SchemaForms& forms, const SchemaLimits& limits, GrammarBuilder& builder)
      : forms_(forms),
        limits_(limits),
        builder_(builder),
        pool_(builder_.expressions()),
        expressions_(pool_) {}

  // The rule of a value that fits.
  Result<RuleId> compile() {
    const FormId root = forms_.root();
    if (forms_.possible(root) == 0 && !forms_.over_time()) return no_value();
    const RuleId value = rule_of(root);
    while (!pending_.empty() && !forms_.over_time() && !builder_.exhausted()) {
      const FormId form = pending_.back();
      pending_.pop_back();
      builder_.define(rules_.at(form), make(form));
    }
    if (forms_.refusal()) return refusal_error(*forms_.refusal());
    return value;
  }

 private:
  Error no_value() {
    forms_.refuse_impossible();
    return refusal_error(*forms_.refusal());
  }

  RuleId mark(const char* text) { return builder_.terminal(pool_.literal(text), true); }

  RuleId rule_of(FormId form) {
    const auto [found, added] = rules_.try_emplace(form, 0);
    if (added) {
      found->second = builder_.reserve();
      pending_.push_back(form);
    }
    return found->second;
  }

  // All scalars of a form are one terminal, so that a matcher stands in one place among them.
  RuleId make(FormId form) {
    std::vector<Expression> scalars;
    std::vector<std::string> spellings;
    std::vector<RuleId> ways;
    for (const Alternative& alternative : forms_.alternatives(form)) {
      const TypeSet types = forms_.possible(alternative);
      if (alternative.finite) {
        append_values(alternative, spellings, ways);
        continue;
      }
      append_scalars(alternative, types, scalars);
      if ((types & kObject) != 0) ways.push_back(object(alternative.objects, form));
      if ((types & kArray) != 0) ways.push_back(array(alternative.arrays));
    }
    std::sort(spellings.begin(), spellings.end());
    spellings.erase(std::unique(spellings.begin(), spellings.end()), spellings.end());
    scalars.push_back(pool_.one_of(spellings));
    const Expression scalar = pool_.either(scalars);
    if (scalar != ExpressionPool::nothing()) ways.push_back(builder_.terminal(scalar, true));
    return builder_.choice(std::move(ways));
  }

  void append_scalars(const Alternative& alternative, TypeSet types,
                      std::vector<Expression>& scalars) {
    if ((types & kNull) != 0) scalars.push_back(pool_.literal("null"));
    if ((types & kFalse) != 0) scalars.push_back(pool_.literal("false"));
    if ((types & kTrue) != 0) scalars.push_back(pool_.literal("true"));
    if ((types & kString) != 0) scalars.push_back(expressions_.string(alternative.strings));
    if ((types & kNumber) == 0) return;
    const Result<Expression> number = expressions_.number(alternative.numbers);
    if (!number) return forms_.refuse("", "", number.error().message());
    const bool integers = (types & kInteger) != 0;
    scalars.push_back(integers ? *number : expressions_.fractions(*number));
  }

  void append_values(const Alternative& alternative, std::vector<std::string>& spellings,
                     std::vector<RuleId>& ways) {
    for (const JsonValue* value : alternative.values) {
      if (value->is_array() || value->is_object()) {
        ways.push_back(value_rule(*value));
      } else {
        append_spellings(*value, spellings);
      }
    }
  }

  // `value` and no other, with white space where it may stand. A rule for each bracket, so that
  // they count as all others do towards how many may be open.
  RuleId value_rule(const JsonValue& value) {
    if (!value.is_array() && !value.is_object()) {
      std::vector<std::string> spellings;
      append_spellings(value, spellings);
      return builder_.terminal(pool_.one_of(spellings), true);
    }
    std::vector<RuleId> parts{mark(value.is_array() ? "[" : "{")};
    for (std::size_t i = 0; i < value.elements.size(); ++i) {
      if (i > 0) parts.push_back(mark(","));
      if (value.is_object()) parts.insert(parts.end(), {name(value.keys[i]), mark(":")});
      parts.push_back(value_rule(value.elements[i]));
    }
    parts.push_back(mark(value.is_array() ? "]" : "}"));
    return builder_.sequence(std::move(parts));
  }

  RuleId name(const std::string& text) {
    std::vector<std::string> spellings;
    append_spellings(text, spellings);
    return builder_.terminal(pool_.one_of(spellings), true);
  }

  RuleId object(const ObjectRules& rules, FormId form) {
    ObjectShape shape{.min = rules.min, .max = rules.max};
    for (const ObjectRules::Property& property : rules.properties) {
      if (forms_.possible(property.form) == 0) continue;
      const RuleId value = rule_of(property.form);
      const RuleId member = builder_.sequence({name(property.name), mark(":"), value});
      shape.properties.push_back({member, property.required});
    }
    add_others(rules, shape);
    if (!shape.others.empty() && shape.min > forms_.required_of(rules) + limits_.new_keys_max) {
      forms_.refuse(forms_.pointer(form) + "/minProperties", "minProperties",
                    "more than " + std::to_string(limits_.new_keys_max) +
                        " properties that the schema does not name");
      return mark("}");
    }
    ObjectStates states(builder_, std::move(shape));
    if (states.size() > limits_.count_states_max) {
      forms_.refuse(forms_.pointer(form),
                    rules.max != kUnbounded ? "maxProperties" : "minProperties",
                    "the count of properties is too large");
      return mark("}");
    }
    return states.make();
  }

  // The members whose keys the schema does not declare.
  void add_others(const ObjectRules& rules, ObjectShape& shape) {
    const bool new_keys = needs_new_keys(rules.min, forms_.required_of(rules));
    const Expression names = content_of(forms_, rules.names, pool_, expressions_);
    std::vector<KeyClass> classes = forms_.key_classes(rules);
    std::erase_if(classes, [&](const KeyClass& keys) { return forms_.possible(keys.form) == 0; });
    for (const KeyClass& keys : classes) {
      const Expression key = expressions_.key(keys.keys, names);
      const auto member = [&](RuleId name) {
        return builder_.sequence({name, mark(":"), rule_of(keys.form)});
      };
      shape.others.push_back({.member = member(builder_.terminal(key, true)), .new_key = 0});
      if (new_keys) shape.others.back().new_key = member(builder_.key(key));
    }
    if (new_keys) shape.other_keys = forms_.count_keys(rules, classes);
  }

  // The first items one by one, from the last to the first: a rule is what follows an item.
  RuleId array(const ArrayRules& rules) {
    std::uint64_t max = rules.max;
    std::size_t prefix = std::min<std::size_t>(rules.prefix.size(), rules.max);
    for (std::size_t i = 0; i < prefix; ++i) {
      if (forms_.possible(rules.prefix[i]) == 0) max = prefix = i;
    }
    if (forms_.possible(rules.items) == 0) max = std::min<std::uint64_t>(max, prefix);
    const RuleId end = mark("]"), comma = mark(",");
    RuleId rest = end;  // behind `prefix` items; behind one where there is no prefix
    const std::uint64_t written = std::max<std::uint64_t>(prefix, 1);
    if (max > written) {
      const RuleId more = builder_.sequence({comma, rule_of(rules.items)});
      const auto at_least =
          static_cast<std::uint32_t>(rules.min > written ? rules.min - written : 0);
      const auto at_most =
          max == kUnbounded ? kUnbounded : static_cast<std::uint32_t>(max - written);
      rest = builder_.sequence({builder_.repeat(more, at_least, at_most), end});
    }
    if (prefix == 0 && max > 0) rest = builder_.sequence({rule_of(rules.items), rest});
    for (std::size_t i = prefix; i-- > 0;) {
      rest = builder_.sequence({rule_of(rules.prefix[i]), rest});
      if (i == 0) break;
      rest = builder_.sequence({comma, rest});
      if (i >= rules.min) rest = builder_.choice({end, rest});
    }
    if (max > 0 && rules.min == 0) rest = builder_.choice({end, rest});
    return builder_.sequence({mark("["), rest});
  }

  SchemaForms& forms_;
  const SchemaLimits& limits_;
  GrammarBuilder& builder_;
  ExpressionPool& pool_;
  SchemaExpressions expressions_;
  std::unordered_map<FormId, RuleId> rules_;
  std::vector<FormId> pending_;
};

SchemaRefusal broken(const Error& error) {
  return {.message = error.message(), .broken = true};
}

Result<SchemaRule> add(GrammarBuilder& builder, std::string_view json, const SchemaLimits& limits,
                       std::optional<SchemaRefusal>& refusal) {
  Result<JsonValue> document = JsonValue::parse(json);
  if (!document) {
    refusal = broken(document.error());
    return refusal_error(*refusal);
  }
  auto source = std::make_shared<SchemaSource>();
  refusal = read_schema(std::move(*document), limits, *source);
  if (refusal) return refusal_error(*refusal);
  auto validator = SchemaValidator::make(source, refusal);
  if (refusal) return refusal_error(*refusal);
  builder.limit_depth(kJsonDepthMax + 1);  // and the document itself
  SchemaForms forms(source, validator, limits);
  Result<RuleId> value = Compiler(forms, limits, builder).compile();
  refusal = forms.refusal();
  if (value) return SchemaRule{*value, std::move(validator)};
  if (!refusal) refusal = {.message = value.error().message()};
  return refusal_error(*refusal);
}

Result<CompiledSchema> compile(std::string_view json, const SchemaLimits& limits,
                               std::optional<SchemaRefusal>& refusal) {
  GrammarBuilder builder(limits.grammar);
  Result<SchemaRule> rule = add(builder, json, limits, refusal);
  if (!rule) return std::move(rule).error();
  const RuleId document = add_document(builder, rule->value);
  Result<Grammar> grammar = std::move(builder).finish(document);
  if (grammar) return CompiledSchema{std::move(*grammar), std::move(rule->validator)};
  refusal = {.message = grammar.error().message()};
  return refusal_error(*refusal);
}

}  // namespace

RuleId add_document(GrammarBuilder& builder, RuleId value) {
  ExpressionPool& pool = builder.expressions();
  ByteSet space = ByteSet::of(' ') | ByteSet::of('\t') | ByteSet::of('\n') | ByteSet::of('\r');
  const RuleId behind = builder.terminal(pool.repeat(pool.bytes(space), 1, kSpaceMax), false);
  return builder.sequence({value, builder.repeat(behind, 0, 1)});
}

Result<SchemaRule> add_schema(GrammarBuilder& builder, std::string_view json,
                              const SchemaLimits& limits, SchemaRefusal* refusal) {
  std::optional<SchemaRefusal> why;
  Result<SchemaRule> rule = add(builder, json, limits, why);
  if (!rule && refusal != nullptr) *refusal = *why;
  return rule;
}

Result<CompiledSchema> compile_schema(std::string_view json, const SchemaLimits& limits,
                                      SchemaRefusal* refusal) {
  std::optional<SchemaRefusal> why;
  Result<CompiledSchema> compiled = compile(json, limits, why);
  if (!compiled && refusal != nullptr) *refusal = *why;
  return compiled;
}

}  // namespace retort::grammar
