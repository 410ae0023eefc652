// The choices of a schema: anyOf and oneOf multiplied out. Part of SchemaForms.
#include <algorithm>
#include <utility>

#include "grammar/schema_forms.h"

namespace retort::grammar {

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
  TypeSet overlap = possible(both) & draft.types;
  // What is a single value, and what `other` takes all of, is gone as a whole.
  const TypeSet gone = overlap & (kNull | kFalse | kTrue | all_fit(other));
  rest.types &= static_cast<TypeSet>(~gone);
  overlap &= static_cast<TypeSet>(~gone);
  if ((overlap & kString) != 0) {
    if (!subtract_strings(rest, both)) return false;
    overlap &= static_cast<TypeSet>(~kString);
  }
  if (overlap == kObject) return subtract_required(rest, source(other), into);
  if (overlap != 0) return false;
  if (rest.types != 0) into.push_back(std::move(rest));
  return true;
}

// Where only finitely many strings fit both.
bool SchemaForms::subtract_strings(Draft& draft, FormId overlap) {
  SourceSchema without;
  if (!forms_[overlap].worked_out) return false;
  for (const Alternative& alternative : alternatives(overlap)) {
    if (!alternative.finite && (alternative.types & kString) != 0) return false;
    for (const JsonValue* value : alternative.values) {
      if (value->is_string()) without.excluded.push_back(value->text);
    }
  }
  without.pointer = pointer(overlap);
  draft.parts.push_back({static_cast<SourceId>(sources_.size())});
  sources_.push_back(std::move(without));
  return true;
}

// Where `other` asks of an object for properties and for nothing else: one of them is not there.
bool SchemaForms::subtract_required(const Draft& draft, const SourceSchema& other,
                                    std::vector<Draft>& into) {
  const bool simple = other.says_nothing_of_objects() && !other.finite() &&
                      other.ref == kNoSource && other.all_of.empty() && other.any_of.empty() &&
                      other.one_of.empty();
  if (!simple) return false;
  Draft no_object = draft;
  no_object.types &= static_cast<TypeSet>(~kObject);
  if (no_object.types != 0) into.push_back(std::move(no_object));
  for (const std::string& name : other.required) {
    Draft without = draft;
    without.types &= kObject;
    add(without.parts, forbidden(name));
    into.push_back(std::move(without));
  }
  return true;
}

SourceId SchemaForms::forbidden(const std::string& property) {
  const auto [found, added] =
      forbidden_.try_emplace(property, static_cast<SourceId>(sources_.size()));
  if (!added) return found->second;
  SourceSchema never, without;
  never.types = 0;
  without.properties.push_back({property, found->second + 1});
  sources_.push_back(std::move(without));
  sources_.push_back(std::move(never));
  return found->second;
}

TypeSet SchemaForms::all_fit(SourceId id) const {
  const SourceSchema& schema = source(id);
  if (schema.finite() || !schema.one_of.empty()) return 0;
  TypeSet types = schema.types;
  if (!schema.says_nothing_of_numbers()) types &= static_cast<TypeSet>(~kNumber);
  if (!schema.says_nothing_of_strings()) types &= static_cast<TypeSet>(~kString);
  if (!schema.says_nothing_of_arrays()) types &= static_cast<TypeSet>(~kArray);
  if (!schema.says_nothing_of_objects() || !schema.required.empty()) {
    types &= static_cast<TypeSet>(~kObject);
  }
  if (schema.ref != kNoSource) types &= all_fit(schema.ref);
  for (const SourceId inner : schema.all_of) types &= all_fit(inner);
  if (schema.any_of.empty()) return types;
  TypeSet any = 0;
  for (const SourceId inner : schema.any_of) any |= all_fit(inner);
  return types & any;
}

}  // namespace retort::grammar
