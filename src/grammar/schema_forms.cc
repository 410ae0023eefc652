#include "grammar/schema_forms.h"

#include <algorithm>
#include <utility>

#include "grammar/pattern.h"

namespace retort::grammar {
namespace {

// Forms looked into while others are: beyond it nothing is said of them.
constexpr std::size_t kDepthMax = 24;

}  // namespace

SchemaForms::SchemaForms(std::shared_ptr<const SchemaSource> source,
                         std::shared_ptr<const SchemaValidator> validator,
                         const SchemaLimits& limits)
    : source_(std::move(source)),
      validator_(std::move(validator)),
      limits_(limits),
      end_(std::chrono::steady_clock::now() + limits.time_max),
      sources_(source_->schemas.begin(), source_->schemas.end()),
      pool_(limits.grammar.expressions),
      expressions_(pool_) {
  forms_.emplace_back();
  form_index_.emplace(Parts{}, kAnyForm);
  forms_.emplace_back();
  forms_[kNoForm].worked_out = true;
  forms_[kNoForm].possible = TypeSet{0};
  for (const SourceSchema& schema : sources_) {
    if (over_time()) return;
    std::vector<std::pair<std::string, std::string>> patterns;
    if (schema.pattern) patterns.emplace_back(*schema.pattern, "pattern");
    for (const SourceProperty& property : schema.pattern_properties) {
      patterns.emplace_back(property.name, "patternProperties");
    }
    for (const auto& [pattern, keyword] : patterns) {
      const Result<Expression> compiled = expressions_.pattern(pattern);
      if (!compiled) refuse(schema.pointer + "/" + keyword, keyword, compiled.error().message());
    }
  }
}

void SchemaForms::refuse(const std::string& pointer, const std::string& keyword,
                         const std::string& message) {
  if (!refusal_) refusal_ = {pointer, keyword, message, false};
}

void SchemaForms::refuse_impossible() {
  if (refusal_) return;
  refusal_ = {"", "", "no value can fit", false, true};
}

bool SchemaForms::over_time() {
  if (std::chrono::steady_clock::now() > end_)
    refuse("", "", "the schema takes too long to compile");
  if (pool_.exhausted()) refuse("", "", "the schema is too complex");
  return refusal_.has_value();
}

FormId SchemaForms::root() {
  return form_of(std::vector<SourceId>{0});
}

const std::string& SchemaForms::pointer(FormId form) const {
  static const std::string kNowhere;
  const Parts& parts = forms_[form].parts;
  return parts.empty() ? kNowhere : source(parts[0].source).pointer;
}

// With what holds at the same place. No schema is added twice: if a branch of it was chosen, it
// holds already.
void SchemaForms::add(Parts& parts, SourceId id) const {
  if (std::any_of(parts.begin(), parts.end(), [id](const Part& p) { return p.source == id; })) {
    return;
  }
  parts.push_back({id});
  const SourceSchema& schema = source(id);
  if (schema.ref != kNoSource) add(parts, schema.ref);
  for (const SourceId inner : schema.all_of) add(parts, inner);
}

FormId SchemaForms::form_of(const std::vector<SourceId>& sources) {
  Parts parts;
  for (const SourceId id : sources) add(parts, id);
  return form_of(parts);
}

FormId SchemaForms::form_of(const Parts& all) {
  Parts parts;
  for (const Part& part : all) {
    if (source(part.source).types == 0) return kNoForm;
    if (!source(part.source).only_refers()) parts.push_back(part);
  }
  Parts key = parts;
  std::sort(key.begin(), key.end());
  const auto [found, added] = form_index_.try_emplace(key, static_cast<FormId>(forms_.size()));
  if (!added) return found->second;
  if (forms_.size() >= limits_.forms_max) {
    refuse(source(parts[0].source).pointer, "", "too many combinations of schemas");
    return kNoForm;
  }
  forms_.emplace_back().parts = std::move(parts);
  return found->second;
}

TypeSet SchemaForms::types_of(const Parts& parts) const {
  TypeSet types = kEveryType;
  for (const Part& part : parts) types &= source(part.source).types;
  return types;
}

const std::vector<Alternative>& SchemaForms::alternatives(FormId form) {
  work_out(form);
  if (!forms_[form].worked_out) refuse(pointer(form), "", "too many schemas depend on each other");
  return forms_[form].alternatives;
}

void SchemaForms::work_out(FormId id) {
  Form& form = forms_[id];
  if (form.worked_out || form.in_work || depth_ >= kDepthMax || over_time()) return;
  form.in_work = true;
  ++depth_;
  std::vector<Alternative> alternatives;
  expand({.parts = form.parts, .types = types_of(form.parts)}, alternatives);
  --depth_;
  form.in_work = false;
  form.worked_out = true;
  form.alternatives = std::move(alternatives);
}

void SchemaForms::needs(const Alternative& alternative, std::vector<FormId>& forms) {
  if (alternative.finite) return;
  if ((alternative.types & kObject) != 0) {
    const ObjectRules& rules = alternative.objects;
    const bool more = rules.min > required_of(rules);
    for (const ObjectRules::Property& property : rules.properties) {
      if (property.required || more) forms.push_back(property.form);
    }
    if (more) {
      for (const KeyClass& keys : key_classes(rules)) forms.push_back(keys.form);
    }
  }
  if ((alternative.types & kArray) != 0) {
    const ArrayRules& rules = alternative.arrays;
    for (std::size_t i = 0; i < std::min<std::size_t>(rules.min, rules.prefix.size()); ++i) {
      forms.push_back(rules.prefix[i]);
    }
    if (rules.min > rules.prefix.size()) forms.push_back(rules.items);
  }
}

// The least fixed point over the forms that must have a value for this one to have any: a schema
// that needs itself within itself has none.
TypeSet SchemaForms::possible(FormId form) {
  if (forms_[form].possible) return *forms_[form].possible;
  std::vector<FormId> reached{form};
  std::map<FormId, TypeSet> known{{form, 0}};
  bool certain = true;
  for (std::size_t i = 0; i < reached.size() && !over_time(); ++i) {
    const FormId at = reached[i];
    if (forms_[at].possible) {
      known[at] = *forms_[at].possible;
      continue;
    }
    work_out(at);
    if (!forms_[at].worked_out) {
      known[at] = kEveryType;
      certain = false;
      continue;
    }
    std::vector<FormId> needed;
    for (const Alternative& alternative : forms_[at].alternatives) needs(alternative, needed);
    for (const FormId next : needed) {
      if (known.emplace(next, 0).second) reached.push_back(next);
    }
  }
  for (bool changed = true; changed && !over_time();) {
    changed = false;
    for (const FormId at : reached) {
      if (forms_[at].possible || !forms_[at].worked_out) continue;
      TypeSet types = 0;
      for (const Alternative& alternative : forms_[at].alternatives) {
        types |= possible_types(alternative, [&](FormId other) { return known[other]; });
      }
      changed = changed || types != known[at];
      known[at] = types;
    }
  }
  if (certain) {
    for (const auto& [at, types] : known) forms_[at].possible = types;
  }
  return known[form];
}

TypeSet SchemaForms::possible(const Alternative& alternative) {
  return possible_types(alternative, [this](FormId form) { return possible(form); });
}

TypeSet SchemaForms::possible_types(const Alternative& alternative,
                                    const PossibleForm& possible_form) {
  TypeSet types = alternative.types;
  if (alternative.finite) {
    types = 0;
    for (const JsonValue* value : alternative.values) types |= type_of(*value);
    return types;
  }
  if ((types & kObject) != 0 && !object_possible(alternative.objects, possible_form)) {
    types &= static_cast<TypeSet>(~kObject);
  }
  const ArrayRules& arrays = alternative.arrays;
  bool array_possible = arrays.min <= arrays.max;
  for (std::size_t i = 0; i < std::min<std::size_t>(arrays.min, arrays.prefix.size()); ++i) {
    array_possible = array_possible && possible_form(arrays.prefix[i]) != 0;
  }
  if (arrays.min > arrays.prefix.size() && possible_form(arrays.items) == 0) array_possible = false;
  if (!array_possible) types &= static_cast<TypeSet>(~kArray);
  return types;
}

bool SchemaForms::object_possible(const ObjectRules& rules, const PossibleForm& possible_form) {
  for (const ObjectRules::Property& property : rules.properties) {
    if (property.required && possible_form(property.form) == 0) return false;
  }
  const std::uint64_t required = required_of(rules);
  if (required > rules.max || rules.min > rules.max) return false;
  if (rules.min <= required) return true;  // the other forms may not be known
  std::uint64_t optional = 0;
  for (const ObjectRules::Property& property : rules.properties) {
    if (!property.required && possible_form(property.form) != 0) ++optional;
  }
  if (rules.min <= required + optional) return true;
  std::vector<KeyClass> classes = key_classes(rules);
  std::erase_if(classes, [&](const KeyClass& keys) { return possible_form(keys.form) == 0; });
  if (rules.min == required + optional + 1) return !classes.empty();
  return rules.min <= required + optional + count_keys(rules, classes);
}

bool SchemaForms::finds(const std::string& pattern, const std::string& text) {
  const Verdict verdict = validator_->finds(pattern, text);
  if (verdict == Verdict::unknown) refuse("", "pattern", "a pattern takes too long");
  return verdict == Verdict::fits;
}

Expression content_of(SchemaForms& forms, FormId form, ExpressionPool& pool,
                      SchemaExpressions& expressions) {
  if (form == kAnyForm) return ExpressionPool::anything();
  std::vector<Expression> contents;
  for (const Alternative& alternative : forms.alternatives(form)) {
    if (alternative.finite) {
      for (const JsonValue* value : alternative.values) {
        if (value->is_string()) contents.push_back(pool.literal(json_spelling(value->text)));
      }
    } else if ((alternative.types & kString) != 0) {
      contents.push_back(expressions.content(alternative.strings));
    }
  }
  return pool.either(contents);
}

}  // namespace retort::grammar
