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

}  // namespace retort::grammar
