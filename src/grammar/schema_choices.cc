// The choices of a schema: anyOf and oneOf multiplied out, and what is left of a branch of oneOf
// without what fits another one. Part of SchemaForms.
//
// What is left is exact or nothing: a type is taken out as a whole, strings as a language, numbers
// as intervals, objects where it is enough to say of which property what is not so.
#include <algorithm>
#include <utility>

#include "grammar/schema_forms.h"

namespace retort::grammar {
namespace {

TypeSet all_but(TypeSet types) {
  return static_cast<TypeSet>(~types);
}

}  // namespace

void SchemaForms::expand(const Draft& draft, std::vector<Alternative>& into) {
  if (draft.types == 0 || over_time()) return;
  if (into.size() >= limits_.alternatives_max) {
    refuse(draft.parts.empty() ? "" : source(draft.parts[0].source).pointer, "anyOf",
           "too many combinations of alternatives");
    return;
  }
  if (std::optional<Alternative> finite = build_finite(draft)) {
    if (!finite->values.empty()) into.push_back(std::move(*finite));
    return;
  }
  for (std::size_t at = 0; at < draft.parts.size(); ++at) {
    const Part& part = draft.parts[at];
    if (!source(part.source).any_of.empty() && !part.any_of_chosen) {
      return expand_any_of(draft, at, into);
    }
    if (!source(part.source).one_of.empty() && !part.one_of_chosen) {
      return expand_one_of(draft, at, into);
    }
  }
  Alternative alternative = build(draft);
  if (alternative.types != 0) into.push_back(std::move(alternative));
}

void SchemaForms::expand_any_of(const Draft& draft, std::size_t at,
                                std::vector<Alternative>& into) {
  for (const SourceId branch : source(draft.parts[at].source).any_of) {
    Draft next = draft;
    next.parts[at].any_of_chosen = true;
    add(next.parts, branch);
    next.types &= types_of(next.parts);
    expand(next, into);
  }
}

void SchemaForms::expand_one_of(const Draft& draft, std::size_t at,
                                std::vector<Alternative>& into) {
  const std::vector<SourceId> branches = source(draft.parts[at].source).one_of;
  for (const SourceId branch : branches) {
    Draft next = draft;
    add(next.parts, branch);
    next.types &= types_of(next.parts);
    const bool finite = std::any_of(next.parts.begin(), next.parts.end(), [this](const Part& part) {
      return source(part.source).finite();
    });
    // Values one by one are judged by the whole of oneOf: no choice is marked.
    if (finite) {
      expand(next, into);
      continue;
    }
    next.parts[at].one_of_chosen = true;
    std::vector<Draft> drafts;
    drafts.push_back(std::move(next));
    for (const SourceId other : branches) {
      if (other != branch && !subtract(drafts, branch, other)) {
        const std::string& pointer = source(draft.parts[at].source).pointer;
        return refuse(pointer + "/oneOf", "oneOf", "a value may fit more than one branch");
      }
    }
    for (const Draft& rest : drafts) expand(rest, into);
  }
}

bool SchemaForms::subtract(std::vector<Draft>& drafts, SourceId branch, SourceId other) {
  // Mostly the two branches alone tell, and that is found out once for both.
  if (possible(form_of(std::vector<SourceId>{branch, other})) == 0) return true;
  std::vector<Draft> rest;
  for (const Draft& draft : drafts) {
    if (over_time() || rest.size() > limits_.alternatives_max) return false;
    if (!subtract_from(draft, other, rest)) return false;
  }
  drafts = std::move(rest);
  return true;
}

bool SchemaForms::subtract_from(const Draft& draft, SourceId other, std::vector<Draft>& into) {
  Draft rest = draft;
  Parts parts = draft.parts;
  add(parts, other);
  const FormId both = form_of(parts);
  const TypeSet overlap = possible(both) & draft.types;
  if (overlap != 0 && !forms_[both].possible) return false;  // a guess
  // What is a single value, and what `other` takes all of, is gone as a whole.
  const TypeSet gone = overlap & (kNull | kFalse | kTrue | all_fit(other));
  rest.types &= all_but(gone);
  const TypeSet left = overlap & all_but(gone);
  if ((left & kArray) != 0) return false;
  if ((left & kString) != 0 && !subtract_strings(rest, other)) return false;
  if ((left & kNumber) != 0 && !subtract_numbers(rest, other, into)) return false;
  if ((left & kObject) != 0 && !subtract_objects(rest, source(other), into)) return false;
  if (rest.types != 0) into.push_back(std::move(rest));
  return true;
}

bool SchemaForms::subtract_strings(Draft& draft, SourceId other) {
  const FormId form = form_of(std::vector<SourceId>{other});
  for (const Alternative& alternative : alternatives(form)) {
    // The expression of a format leaves escapes out, so that its complement has too much.
    if (!alternative.strings.formats.empty()) return false;
  }
  SourceSchema without;
  without.pointer = pointer(form);
  const SourceId id = made(std::move(without));
  strings_without_.emplace(id, other);
  draft.parts.push_back({id});
  return true;
}

// What is below its least and above its greatest number.
bool SchemaForms::subtract_numbers(Draft& draft, SourceId other, std::vector<Draft>& into) {
  const Alternative* numbers = nullptr;
  for (const Alternative& alternative : alternatives(form_of(std::vector<SourceId>{other}))) {
    const bool finite = std::any_of(alternative.values.begin(), alternative.values.end(),
                                    [](const JsonValue* value) { return value->is_number(); });
    if (finite) return false;
    if ((alternative.types & kNumber) == 0) continue;
    if (numbers != nullptr) return false;
    numbers = &alternative;
  }
  if (numbers == nullptr || numbers->numbers.multiple_of) return false;
  // Where it has integers alone, fractions within its bounds would have to stay.
  if ((draft.types & kNumber & all_but(numbers->types)) != 0) return false;
  const NumberBounds& bounds = numbers->numbers;
  SourceSchema below, above;
  if (bounds.minimum) narrow_maximum(below.numbers, *bounds.minimum, !bounds.exclusive_minimum);
  if (bounds.maximum) narrow_minimum(above.numbers, *bounds.maximum, !bounds.exclusive_maximum);
  for (SourceSchema* side : {&below, &above}) {
    if (side->says_nothing_of_numbers()) continue;
    Draft beyond = draft;
    beyond.types &= kNumber;
    beyond.parts.push_back({made(std::move(*side))});
    into.push_back(std::move(beyond));
  }
  draft.types &= all_but(kNumber);
  return true;
}

// Where `other` asks for properties, and for types of some: one is not there, or of another type.
bool SchemaForms::subtract_objects(Draft& draft, const SourceSchema& other,
                                   std::vector<Draft>& into) {
  const bool simple = other.pattern_properties.empty() && other.additional == kNoSource &&
                      other.property_names == kNoSource && other.properties_min == 0 &&
                      other.properties_max == kUnbounded && !other.finite() &&
                      other.ref == kNoSource && other.all_of.empty() && other.any_of.empty() &&
                      other.one_of.empty();
  if (!simple) return false;
  std::vector<SourceSchema> opposites;
  const auto add_opposite = [&](const std::string& name, TypeSet types, bool required) {
    SourceSchema value, opposite;
    value.types = types;
    opposite.properties.push_back({name, made(std::move(value))});
    if (required) opposite.required.push_back(name);
    opposites.push_back(std::move(opposite));
  };
  for (const std::string& name : other.required) add_opposite(name, 0, false);
  for (const SourceProperty& property : other.properties) {
    const TypeSet whole = all_fit(property.schema);
    const TypeSet some = possible(form_of(std::vector<SourceId>{property.schema}));
    if ((some & all_but(whole)) != 0) return false;
    if (whole != kEveryType) add_opposite(property.name, all_but(whole), true);
  }
  for (SourceSchema& opposite : opposites) {
    Draft without = draft;
    without.types &= kObject;
    without.parts.push_back({made(std::move(opposite))});
    into.push_back(std::move(without));
  }
  draft.types &= all_but(kObject);
  return true;
}

SourceId SchemaForms::made(SourceSchema schema) {
  sources_.push_back(std::move(schema));
  return static_cast<SourceId>(sources_.size() - 1);
}

TypeSet SchemaForms::all_fit(SourceId id) const {
  const SourceSchema& schema = source(id);
  if (schema.finite() || !schema.one_of.empty()) return 0;
  TypeSet types = schema.types;
  if (!schema.says_nothing_of_numbers()) types &= all_but(kNumber);
  if (!schema.says_nothing_of_strings()) types &= all_but(kString);
  if (!schema.says_nothing_of_arrays()) types &= all_but(kArray);
  if (!schema.says_nothing_of_objects() || !schema.required.empty()) {
    types &= all_but(kObject);
  }
  if (schema.ref != kNoSource) types &= all_fit(schema.ref);
  for (const SourceId inner : schema.all_of) types &= all_fit(inner);
  if (schema.any_of.empty()) return types;
  TypeSet any = 0;
  for (const SourceId inner : schema.any_of) any |= all_fit(inner);
  return types & any;
}

}  // namespace retort::grammar
