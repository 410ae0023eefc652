#include "grammar/schema_validator.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "grammar/code_points.h"
#include "grammar/format.h"
#include "grammar/pattern.h"

namespace retort::grammar {
namespace {

struct CodeFree {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
using Code = std::unique_ptr<pcre2_code, CodeFree>;

// Steps of backtracking for one text. PCRE2's own default is a second of work.
constexpr std::uint32_t kMatchSteps = 200'000;
// Schemas looked at for one document: each for each of its values, and no more.
constexpr std::size_t kJudgeSteps = 10'000'000;

// ---- ECMA-262's regular expressions in PCRE2's words.

// What ECMA-262 calls white space and line ends beyond PCRE2's ASCII \s.
constexpr std::string_view kMoreSpace = R"(\u00A0\uFEFF\u2028\u2029\p{Zs})";
// All but those, as ranges within a class.
constexpr std::string_view kNoSpace =
    R"(\u{0}-\u{8}\u{E}-\u{1F}!-\u{9F}\u{A1}-\u{167F}\u{1681}-\u{1FFF}\u{200B}-\u{2027})"
    R"(\u{202A}-\u{202E}\u{2030}-\u{205E}\u{2060}-\u{2FFF}\u{3001}-\u{FEFE}\u{FF00}-\u{10FFFF})";
constexpr std::string_view kNoLineEnd = R"([^\n\r\u2028\u2029])";

// The name within the braces of \p{...} as PCRE2 knows it; itself where it does not.
std::string property_name(std::string_view name) {
  const std::size_t equals = name.find('=');
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view{} : name.substr(equals + 1);
  return pcre2_property(name.substr(0, equals), value).value_or(std::string(name));
}

// `pattern` so that PCRE2 (UTF, ALT_BSUX, DOLLAR_ENDONLY) finds what ECMA-262 with the `u` flag
// finds: `.`, `\s` and `\S` mean other characters there, and properties have longer names.
std::string to_pcre2(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const char escaped = pattern[++i];
      const std::size_t close = pattern.find('}', i);
      if (escaped == 's') {
        out += (in_class ? "\\s" : "[\\s") + std::string(kMoreSpace) + (in_class ? "" : "]");
      } else if (escaped == 'S') {
        out += in_class ? std::string(kNoSpace) : "[^\\s" + std::string(kMoreSpace) + "]";
      } else if ((escaped == 'p' || escaped == 'P') && pattern.substr(i + 1, 1) == "{" &&
                 close != std::string_view::npos) {
        out += std::string("\\") + escaped + "{";
        out += property_name(pattern.substr(i + 2, close - i - 2)) + "}";
        i = close;
      } else {
        out += '\\';
        out += escaped;
      }
      continue;
    }
    if (c == '.' && !in_class) {
      out += kNoLineEnd;
      continue;
    }
    // PCRE2 would take [[:alpha:]] and the like as a class of its own.
    if (c == '[' && in_class) out += '\\';
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    out += c;
  }
  return out;
}

Code compile(const std::string& pattern) {
  const std::string text = to_pcre2(pattern);
  pcre2_compile_context* context = pcre2_compile_context_create(nullptr);
  pcre2_set_compile_extra_options(context, PCRE2_EXTRA_ALT_BSUX);
  int error = 0;
  PCRE2_SIZE at = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                   PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_BSUX |
                                       PCRE2_ALLOW_EMPTY_CLASS | PCRE2_MATCH_UNSET_BACKREF,
                                   &error, &at, context);
  pcre2_compile_context_free(context);
  return Code(code);
}

Verdict verdict(bool fits) {
  return fits ? Verdict::fits : Verdict::does_not_fit;
}

}  // namespace

struct SchemaValidator::State {
  std::shared_ptr<const SchemaSource> source;
  std::map<std::string, Code> patterns;
  std::map<std::string, Expression> formats;
  ExpressionPool pool;  // of the formats: as compiled, each judge works on a copy
};

// One document's way through the schema.
class SchemaValidator::Judge {
 public:
  explicit Judge(const SchemaValidator& validator) : validator_(validator) {}

  Verdict judge(SourceId id, const JsonValue& value, LeftOut left_out = {}) {
    // Branches within branches would be judged again for each way to come there.
    const bool remembered = value.is_array() || value.is_object();
    const std::uint64_t known_at =
        std::uint64_t{id} << 2 | (left_out.any_of ? 2u : 0u) | (left_out.one_of ? 1u : 0u);
    if (remembered) {
      const auto known = judged_.find({&value, known_at});
      if (known != judged_.end()) return known->second;
    }
    const Verdict found = judge_anew(id, value, left_out);
    if (remembered) judged_.emplace(std::pair(&value, known_at), found);
    return found;
  }

  const std::string& misfit() const { return misfit_; }

 private:
  Verdict judge_anew(SourceId id, const JsonValue& value, LeftOut left_out) {
    if (++steps_ > kJudgeSteps) return Verdict::unknown;
    const SourceSchema& schema = validator_.state_->source->schemas[id];
    Verdict so_far = own(schema, value);
    const auto and_also = [&](auto next) {
      if (so_far == Verdict::fits) so_far = next();
    };
    if (schema.ref != kNoSource) and_also([&] { return judge(schema.ref, value); });
    for (const SourceId inner : schema.all_of) and_also([&] { return judge(inner, value); });
    if (!left_out.any_of) and_also([&] { return any_of(schema, value); });
    if (!left_out.one_of) and_also([&] { return one_of(schema, value); });
    if (so_far == Verdict::does_not_fit && misfit_.empty())
      misfit_ = "the schema at '" + schema.pointer + "'";
    return so_far;
  }

  Verdict own(const SourceSchema& schema, const JsonValue& value) {
    if ((type_of(value) & schema.types) == 0) return Verdict::does_not_fit;
    if (schema.constant != nullptr && !equal(*schema.constant, value)) {
      return Verdict::does_not_fit;
    }
    if (schema.enumeration != nullptr &&
        std::none_of(schema.enumeration->elements.begin(), schema.enumeration->elements.end(),
                     [&](const JsonValue& listed) { return equal(listed, value); })) {
      return Verdict::does_not_fit;
    }
    if (value.is_number()) return verdict(number_fits(schema.numbers, value.number));
    if (value.is_string()) return string_fits(schema, value.text);
    if (value.is_array()) return array_fits(schema, value);
    if (value.is_object()) return object_fits(schema, value);
    return Verdict::fits;
  }

  Verdict any_of(const SourceSchema& schema, const JsonValue& value) {
    Verdict best = verdict(schema.any_of.empty());
    for (const SourceId branch : schema.any_of) {
      if (best == Verdict::fits) return best;
      const Verdict one = judge(branch, value);
      if (one != Verdict::does_not_fit) best = one;
    }
    return best;
  }

  Verdict one_of(const SourceSchema& schema, const JsonValue& value) {
    if (schema.one_of.empty()) return Verdict::fits;
    std::size_t fitting = 0;
    for (const SourceId branch : schema.one_of) {
      const Verdict one = judge(branch, value);
      if (one == Verdict::unknown) return one;
      if (one == Verdict::fits) ++fitting;
    }
    return verdict(fitting == 1);
  }

  Verdict string_fits(const SourceSchema& schema, const std::string& text) {
    const std::size_t length = characters(text);
    if (length < schema.length_min || length > schema.length_max) return Verdict::does_not_fit;
    if (schema.format && !has_format(*schema.format, text)) return Verdict::does_not_fit;
    return schema.pattern ? validator_.finds(*schema.pattern, text) : Verdict::fits;
  }

  bool has_format(const std::string& format, const std::string& text) {
    if (!pool_) pool_ = validator_.state_->pool;
    // Formats are expressions of what stands within the quotes.
    return pool_->matches(validator_.state_->formats.at(format), json_spelling(text));
  }

  Verdict array_fits(const SourceSchema& schema, const JsonValue& array) {
    const std::size_t size = array.elements.size();
    if (size < schema.items_min || size > schema.items_max) return Verdict::does_not_fit;
    for (std::size_t i = 0; i < size; ++i) {
      const SourceId item = i < schema.prefix_items.size() ? schema.prefix_items[i] : schema.items;
      if (item == kNoSource) continue;
      const Verdict one = judge(item, array.elements[i]);
      if (one != Verdict::fits) return one;
    }
    return Verdict::fits;
  }

  Verdict object_fits(const SourceSchema& schema, const JsonValue& object) {
    const std::size_t size = object.keys.size();
    if (size < schema.properties_min || size > schema.properties_max) {
      return Verdict::does_not_fit;
    }
    for (const std::string& name : schema.required) {
      if (object.find(name) == nullptr) return Verdict::does_not_fit;
    }
    for (std::size_t i = 0; i < size; ++i) {
      const Verdict one = member_fits(schema, object.keys[i], object.elements[i]);
      if (one != Verdict::fits) return one;
    }
    return Verdict::fits;
  }

  Verdict member_fits(const SourceSchema& schema, const std::string& key, const JsonValue& value) {
    bool known = false;
    for (const SourceProperty& property : schema.properties) {
      if (property.name != key) continue;
      known = true;
      const Verdict one = judge(property.schema, value);
      if (one != Verdict::fits) return one;
    }
    for (const SourceProperty& property : schema.pattern_properties) {
      const Verdict named = validator_.finds(property.name, key);
      if (named == Verdict::does_not_fit) continue;
      known = true;
      const Verdict one = named == Verdict::fits ? judge(property.schema, value) : named;
      if (one != Verdict::fits) return one;
    }
    if (!known && schema.additional != kNoSource) {
      const Verdict one = judge(schema.additional, value);
      if (one != Verdict::fits) return one;
    }
    if (schema.property_names == kNoSource) return Verdict::fits;
    JsonValue name;
    name.type = JsonValue::Type::string;
    name.text = key;
    return judge(schema.property_names, name);
  }

  const SchemaValidator& validator_;
  std::size_t steps_ = 0;
  // Of the document's arrays and objects, by schema and what of it is left out.
  std::map<std::pair<const JsonValue*, std::uint64_t>, Verdict> judged_;
  std::optional<ExpressionPool> pool_;
  std::string misfit_;  // the innermost schema that did not fit first
};

SchemaValidator::SchemaValidator(std::unique_ptr<State> state) : state_(std::move(state)) {}
SchemaValidator::~SchemaValidator() = default;

std::shared_ptr<const SchemaValidator> SchemaValidator::make(
    std::shared_ptr<const SchemaSource> source, std::optional<SchemaRefusal>& refusal) {
  auto state = std::make_unique<State>();
  const auto add_pattern = [&](const std::string& pattern, const std::string& pointer,
                               const char* keyword) {
    Code& code = state->patterns[pattern];
    if (!code) code = compile(pattern);
    if (!code && !refusal) {
      refusal = {pointer, keyword, "the pattern cannot be read", false};
    }
  };
  for (const SourceSchema& schema : source->schemas) {
    if (schema.pattern) add_pattern(*schema.pattern, schema.pointer + "/pattern", "pattern");
    for (const SourceProperty& property : schema.pattern_properties) {
      add_pattern(property.name, schema.pointer + "/patternProperties", "patternProperties");
    }
    if (!schema.format || state->formats.contains(*schema.format)) continue;
    const std::optional<Expression> format = compile_format(state->pool, *schema.format);
    if (!format && !refusal) {
      refusal = {schema.pointer + "/format", "format", "the format is not supported", false};
    }
    state->formats[*schema.format] = format.value_or(ExpressionPool::nothing());
  }
  if (refusal) return nullptr;
  state->source = std::move(source);
  return std::shared_ptr<const SchemaValidator>(new SchemaValidator(std::move(state)));
}

Verdict SchemaValidator::judge(SourceId schema, const JsonValue& value, LeftOut left_out) const {
  return Judge(*this).judge(schema, value, left_out);
}

Verdict SchemaValidator::finds(const std::string& pattern, std::string_view text) const {
  const pcre2_code* code = state_->patterns.at(pattern).get();
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(context, kMatchSteps);
  pcre2_match_data* data = pcre2_match_data_create_from_pattern(code, nullptr);
  const int found = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0,
                                data, context);
  pcre2_match_data_free(data);
  pcre2_match_context_free(context);
  if (found == PCRE2_ERROR_NOMATCH) return Verdict::does_not_fit;
  if (found >= 0) return Verdict::fits;
  // It backtracked too often: by derivatives each byte is one step. They are what the grammar is
  // made of, and so the second choice.
  ExpressionPool pool;
  const Result<Expression> expression = compile_pattern(pool, pattern, Spelling::utf8);
  const bool matches = expression && pool.matches(*expression, text);
  return !expression || pool.exhausted() ? Verdict::unknown : verdict(matches);
}

Result<void> SchemaValidator::check(std::string_view document) const {
  const Result<JsonValue> value = JsonValue::parse_answer(document);
  if (!value) return Error(ErrorKind::malformed, value.error().message());
  Judge judge(*this);
  switch (judge.judge(0, *value)) {
    case Verdict::fits:
      return {};
    case Verdict::unknown:
      return Error(ErrorKind::malformed, "checking the document takes too long");
    case Verdict::does_not_fit:
      break;
  }
  return Error(ErrorKind::malformed, "the document does not fit " + judge.misfit());
}

}  // namespace retort::grammar
