// The normal form of a schema: what a value may be, alternative by alternative.
//
// A form is a set of schemas that must all hold of one value: a schema with what it refers to and
// what its allOf names, or what several schemas say of the same property. Merging is therefore no
// more than uniting sets, and is exact; equal sets are one form, which ends recursion. A form's
// alternatives are worked out when it is first looked at: anyOf and oneOf are multiplied out, and
// in each alternative the keywords are brought together type by type. oneOf counts as anyOf where
// no value fits two branches, or where what fits two can be taken out; elsewhere it is refused.
//
// Between schema.h, the schema as written, and schema_grammar.h, which makes rules of forms.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "grammar/expression.h"
#include "grammar/schema.h"
#include "grammar/schema_expressions.h"
#include "grammar/schema_validator.h"

namespace retort::grammar {

using FormId = std::uint32_t;
inline constexpr FormId kAnyForm = 0, kNoForm = 1;  // every value, none

struct ObjectRules {
  struct Property {
    std::string name;
    FormId form = kAnyForm;  // kNoForm: may not be there
    bool required = false;
  };
  std::vector<Property> properties;  // in the schema's order; required ones that it does not
                                     // declare behind the others
  std::vector<SourceId> sources;     // what says which other keys there may be
  FormId names = kAnyForm;           // of those keys
  std::uint32_t min = 0, max = kUnbounded;
};

struct ArrayRules {
  std::vector<FormId> prefix;
  FormId items = kAnyForm;  // behind the prefix
  std::uint32_t min = 0, max = kUnbounded;
};

struct Alternative {
  bool finite = false;                   // `values` alone, whatever the rest
  std::vector<const JsonValue*> values;  // in the document of the schema
  TypeSet types = 0;
  StringRules strings;
  NumberBounds numbers;
  ObjectRules objects;
  ArrayRules arrays;
};

// Keys of an object that it does not declare, and what their values may be.
struct KeyClass {
  KeyRules keys;
  FormId form = kAnyForm;
};

// Not thread-safe.
class SchemaForms {
 public:
  SchemaForms(std::shared_ptr<const SchemaSource> source,
              std::shared_ptr<const SchemaValidator> validator, const SchemaLimits& limits);

  FormId root();
  const std::vector<Alternative>& alternatives(FormId form);
  // The types of which some value fits. kEveryType at most: where it cannot be told, they all do.
  TypeSet possible(FormId form);
  TypeSet possible(const Alternative& alternative);
  // The keys that `rules` does not declare, in classes that no key is in two of.
  std::vector<KeyClass> key_classes(const ObjectRules& rules);
  // How many keys are in those classes of `rules` together; rules.min where there are more.
  std::uint64_t count_keys(const ObjectRules& rules, const std::vector<KeyClass>& classes);
  // How many properties it cannot be without.
  static std::uint64_t required_of(const ObjectRules& rules);
  // Where the first schema of a form stands: for what is said of it.
  const std::string& pointer(FormId form) const;

  void refuse(const std::string& pointer, const std::string& keyword, const std::string& message);
  void refuse_impossible();  // the root
  // Once set, nothing that is answered counts.
  const std::optional<SchemaRefusal>& refusal() const { return refusal_; }
  // Refuses where the time is up.
  bool over_time();

 private:
  // A schema in a form. The flags say that a branch of its anyOf or oneOf is in the form too.
  struct Part {
    SourceId source;
    bool any_of_chosen = false, one_of_chosen = false;
    auto operator<=>(const Part&) const = default;
  };
  using Parts = std::vector<Part>;
  struct Form {
    Parts parts;  // in the order in which the schema names them
    std::vector<Alternative> alternatives;
    bool worked_out = false, in_work = false;
    std::optional<TypeSet> possible;
  };
  // An alternative on its way: the types that its choices leave it.
  struct Draft {
    Parts parts;
    TypeSet types;
  };

  const SourceSchema& source(SourceId id) const { return sources_[id]; }
  FormId form_of(const Parts& parts);
  FormId form_of(const std::vector<SourceId>& sources);
  void add(Parts& parts, SourceId source) const;
  TypeSet types_of(const Parts& parts) const;

  void work_out(FormId form);
  void expand(const Draft& draft, std::vector<Alternative>& into);
  void expand_any_of(const Draft& draft, std::size_t at, std::vector<Alternative>& into);
  void expand_one_of(const Draft& draft, std::size_t at, std::vector<Alternative>& into);
  // Takes out of `drafts`, ways to take `branch`, what fits the branch `other` as well.
  // False where what is left cannot be said.
  bool subtract(std::vector<Draft>& drafts, SourceId branch, SourceId other);
  bool subtract_from(const Draft& draft, SourceId other, std::vector<Draft>& into);
  bool subtract_strings(Draft& draft, SourceId other);
  bool subtract_numbers(Draft& draft, SourceId other, std::vector<Draft>& into);
  bool subtract_objects(Draft& draft, const SourceSchema& other, std::vector<Draft>& into);
  // A schema of which oneOf needs the opposite, in the words of another one.
  SourceId made(SourceSchema schema);
  // The types of which every value fits the schema.
  TypeSet all_fit(SourceId id) const;
  Alternative build(const Draft& draft);
  std::optional<Alternative> build_finite(const Draft& draft);
  bool fits(const Parts& parts, const JsonValue& value);
  bool fits_made(SourceId id, const JsonValue& value);
  void leave_out_strings(SourceId other, StringRules& rules);
  void build_strings(const Draft& draft, Alternative& alternative);
  bool bring_numbers_together(const Draft& draft, NumberBounds& bounds);
  void build_numbers(const Draft& draft, Alternative& alternative);
  void build_objects(const Draft& draft, ObjectRules& rules);
  void build_arrays(const Draft& draft, ArrayRules& rules);
  FormId property_form(const Parts& parts, const std::string& name);
  bool finds(const std::string& pattern, const std::string& text);

  // The forms on which it depends whether `alternative` has any value.
  void needs(const Alternative& alternative, std::vector<FormId>& forms);
  // What is known so far of forms.
  using PossibleForm = std::function<TypeSet(FormId)>;
  TypeSet possible_types(const Alternative& alternative, const PossibleForm& possible_form);
  bool object_possible(const ObjectRules& rules, const PossibleForm& possible_form);
  FormId key_form(const ObjectRules& rules, const KeyRules& keys);
  bool split_keys(const ObjectRules& rules, Expression names, std::vector<KeyRules>& classes);

  const std::shared_ptr<const SchemaSource> source_;
  const std::shared_ptr<const SchemaValidator> validator_;
  const SchemaLimits limits_;
  const std::chrono::steady_clock::time_point end_;
  std::deque<SourceSchema> sources_;  // those of source_, and behind them what oneOf takes out
  // Schemas that no string fits that fits the other.
  std::map<SourceId, SourceId> strings_without_;
  std::deque<Form> forms_;
  std::map<Parts, FormId> form_index_;
  std::size_t depth_ = 0;  // of work_out
  std::map<std::pair<Expression, std::uint32_t>, std::uint64_t> key_counts_;
  ExpressionPool pool_;  // for looking, not for the grammar
  SchemaExpressions expressions_;
  std::optional<SchemaRefusal> refusal_;
};

// The content, within the quotes, of the strings that fit `form`.
Expression content_of(SchemaForms& forms, FormId form, ExpressionPool& pool,
                      SchemaExpressions& expressions);

}  // namespace retort::grammar
