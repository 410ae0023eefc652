#include "grammar/schema.h"

#include <algorithm>
#include <array>
#include <deque>
#include <unordered_map>
#include <utility>

#include "grammar/schema_location.h"

namespace retort::grammar {
namespace {

// Keywords that say nothing of which values fit.
constexpr std::array kAnnotations = {
    "title", "description", "default", "examples", "example", "$comment", "$schema", "deprecated",
    "readOnly", "writeOnly", "contentMediaType", "$defs", "definitions", "$anchor",
    "contentEncoding",
    // Without `if`, without an array of items: nothing (read with what gives them a meaning).
    "additionalItems"};

constexpr std::array kFormats = {"date-time", "date", "time", "duration", "email",
                                 "hostname",  "ipv4", "ipv6", "uuid",     "uri"};

class Reader {
 public:
  Reader(const SchemaLimits& limits, SchemaSource& source)
      : limits_(limits),
        end_(std::chrono::steady_clock::now() + limits.time_max),
        source_(source) {}

  std::optional<SchemaRefusal> read() {
    child(source_.document, "");
    while (!refusal_ && !pending_.empty()) {
      const auto [id, value] = pending_.front();
      pending_.pop_front();
      read_one(id, *value);
      if (std::chrono::steady_clock::now() > end_ && !refusal_) {
        refusal_ = {at().pointer, "", "the schema takes too long to read", false};
      }
    }
    if (!refusal_ && has_ref_) refusal_ = inner_id_;
    if (!refusal_) check_in_place();
    return refusal_;
  }

 private:
  using Handler = void (Reader::*)(const JsonValue& value);
  static const std::unordered_map<std::string_view, Handler>& keywords();

  SourceSchema& at() { return source_.schemas[at_]; }
  std::string keyword_pointer() { return at().pointer + pointer_step(keyword_); }

  void refuse(const std::string& message) { refuse_at(message, false); }
  void broken(const std::string& message) { refuse_at(message, true); }
  void refuse_at(const std::string& message, bool is_broken) {
    if (!refusal_) refusal_ = {keyword_pointer(), std::string(keyword_), message, is_broken};
  }

  SourceId child(const JsonValue& value, const std::string& pointer) {
    const auto [found, added] =
        known_.try_emplace(&value, static_cast<SourceId>(source_.schemas.size()));
    if (!added) return found->second;
    if (source_.schemas.size() >= limits_.schemas_max) {
      if (!refusal_) refusal_ = {pointer, "", "the schema has too many parts", false};
      return 0;
    }
    source_.schemas.emplace_back().pointer = pointer;
    pending_.emplace_back(found->second, &value);
    return found->second;
  }
  SourceId child(const JsonValue& value) { return child(value, keyword_pointer()); }

  void read_one(SourceId id, const JsonValue& value) {
    at_ = id;
    keyword_ = "";
    if (value.is_boolean()) {
      if (!value.boolean) at().types = 0;
      return;
    }
    if (!value.is_object()) {
      refusal_ = {at().pointer, "", "a schema is an object or a boolean", true};
      return;
    }
    object_ = &value;
    for (std::size_t i = 0; i < value.keys.size() && !refusal_; ++i) {
      keyword_ = value.keys[i];
      const auto handler = keywords().find(keyword_);
      if (handler != keywords().end()) {
        (this->*handler->second)(value.elements[i]);
      } else if (!is_annotation()) {
        refuse("the keyword is not supported");
      }
    }
  }

  bool is_annotation() const {
    return keyword_.starts_with("x-") ||
           std::find(kAnnotations.begin(), kAnnotations.end(), keyword_) != kAnnotations.end();
  }

  std::vector<SourceId> children(const JsonValue& value) {
    std::vector<SourceId> ids;
    if (!value.is_array() || (value.elements.empty() && keyword_ != "prefixItems")) {
      broken("must be a list of schemas");
      return ids;
    }
    for (std::size_t i = 0; i < value.elements.size(); ++i) {
      ids.push_back(child(value.elements[i], keyword_pointer() + pointer_step(std::to_string(i))));
    }
    return ids;
  }

  std::vector<SourceProperty> named_children(const JsonValue& value) {
    std::vector<SourceProperty> named;
    if (!value.is_object()) {
      broken("must be an object of schemas");
      return named;
    }
    for (std::size_t i = 0; i < value.keys.size(); ++i) {
      const std::string pointer = keyword_pointer() + pointer_step(value.keys[i]);
      named.push_back({value.keys[i], child(value.elements[i], pointer)});
    }
    return named;
  }

  // A count. What no document reaches is as good as no bound; `minimum` says that it is a lower
  // one.
  std::uint32_t count(const JsonValue& value, bool minimum) {
    const bool whole = value.is_number() && value.number.is_integer() && !value.number.negative;
    if (!whole) {
      broken("must be an integer, 0 or more");
      return 0;
    }
    std::uint64_t number = 0;
    for (const char digit : value.number.digits) {
      number = std::min<std::uint64_t>(number * 10 + static_cast<std::uint64_t>(digit - '0'),
                                       kUnbounded);
    }
    for (int i = 0; i < value.number.exponent && number < kUnbounded; ++i) {
      number = std::min<std::uint64_t>(number * 10, kUnbounded);
    }
    if (number == kUnbounded && minimum) refuse("the count is too large");
    return static_cast<std::uint32_t>(number);
  }

  const Decimal* number(const JsonValue& value) {
    if (value.is_number()) return &value.number;
    broken("must be a number");
    return nullptr;
  }

  const std::string* string(const JsonValue& value) {
    if (value.is_string()) return &value.text;
    broken("must be a string");
    return nullptr;
  }

  bool flag_beside(std::string_view keyword) const {
    const JsonValue* flag = object_->find(keyword);
    return flag != nullptr && flag->is_boolean() && flag->boolean;
  }

  std::optional<TypeSet> type_named(const JsonValue& value) {
    if (!value.is_string()) return std::nullopt;
    static const std::unordered_map<std::string_view, TypeSet> kTypes = {
        {"null", kNull},     {"boolean", kFalse | kTrue}, {"integer", kInteger},
        {"number", kNumber}, {"string", kString},         {"array", kArray},
        {"object", kObject}};
    const auto found = kTypes.find(value.text);
    return found == kTypes.end() ? std::nullopt : std::optional(found->second);
  }

  void on_type(const JsonValue& value) {
    TypeSet types = 0;
    const auto add = [&](const JsonValue& name) {
      const std::optional<TypeSet> named = type_named(name);
      if (!named) return broken("names no type of JSON");
      types |= *named;
    };
    if (value.is_array()) {
      for (const JsonValue& name : value.elements) add(name);
      if (value.elements.empty()) broken("names no type");
    } else {
      add(value);
    }
    at().types &= types;
  }

  void on_enum(const JsonValue& value) {
    if (!value.is_array()) return broken("must be a list of values");
    at().enumeration = &value;
  }
  void on_const(const JsonValue& value) { at().constant = &value; }

  void on_min_length(const JsonValue& value) { at().length_min = count(value, true); }
  void on_max_length(const JsonValue& value) { at().length_max = count(value, false); }
  void on_pattern(const JsonValue& value) {
    if (const std::string* text = string(value)) at().pattern = *text;
  }
  void on_format(const JsonValue& value) {
    const std::string* name = string(value);
    if (name == nullptr) return;
    if (std::find(kFormats.begin(), kFormats.end(), *name) != kFormats.end()) {
      at().format = *name;
      return;
    }
    // A format is about strings: where none can stand, whatever name it has says nothing.
    const JsonValue* type = object_->find("type");
    const auto is_text = [this](const JsonValue& of) { return type_named(of) == kString; };
    const bool no_string = type != nullptr && !is_text(*type) &&
                           std::none_of(type->elements.begin(), type->elements.end(), is_text);
    if (!no_string) refuse("the format '" + *name + "' is not supported");
  }

  void on_minimum(const JsonValue& value) {
    const Decimal* minimum = number(value);
    if (minimum) narrow_minimum(at().numbers, *minimum, flag_beside("exclusiveMinimum"));
  }
  void on_maximum(const JsonValue& value) {
    const Decimal* maximum = number(value);
    if (maximum) narrow_maximum(at().numbers, *maximum, flag_beside("exclusiveMaximum"));
  }
  void on_exclusive_minimum(const JsonValue& value) {
    if (value.is_boolean()) return;  // draft 4: read with `minimum`
    if (const Decimal* minimum = number(value)) narrow_minimum(at().numbers, *minimum, true);
  }
  void on_exclusive_maximum(const JsonValue& value) {
    if (value.is_boolean()) return;
    if (const Decimal* maximum = number(value)) narrow_maximum(at().numbers, *maximum, true);
  }
  void on_multiple_of(const JsonValue& value) {
    const Decimal* divisor = number(value);
    if (divisor == nullptr) return;
    if (divisor->negative || divisor->digits.empty()) return broken("must be more than 0");
    at().numbers.multiple_of = *divisor;
  }

  void on_properties(const JsonValue& value) {
    std::vector<SourceProperty> named = named_children(value);
    at().properties = std::move(named);
  }
  void on_pattern_properties(const JsonValue& value) {
    std::vector<SourceProperty> named = named_children(value);
    at().pattern_properties = std::move(named);
  }
  void on_required(const JsonValue& value) {
    if (!value.is_array()) return broken("must be a list of names");
    for (const JsonValue& name : value.elements) {
      const std::string* text = string(name);
      if (text != nullptr) at().required.push_back(*text);
    }
  }
  void on_additional(const JsonValue& value) {
    const SourceId id = child(value);
    at().additional = id;
  }
  void on_property_names(const JsonValue& value) {
    const SourceId id = child(value);
    at().property_names = id;
  }
  void on_min_properties(const JsonValue& value) { at().properties_min = count(value, true); }
  void on_max_properties(const JsonValue& value) { at().properties_max = count(value, false); }

  void on_prefix_items(const JsonValue& value) {
    std::vector<SourceId> ids = children(value);
    at().prefix_items = std::move(ids);
  }
  void on_items(const JsonValue& value) {
    if (!value.is_array()) {
      const SourceId id = child(value);
      at().items = id;
      return;
    }
    // Drafts 4 to 2019-09: the first items one by one, all others by additionalItems.
    if (object_->find("prefixItems") != nullptr) return broken("must be a schema");
    if (!value.elements.empty()) on_prefix_items(value);
    if (const JsonValue* others = object_->find("additionalItems")) {
      const SourceId id = child(*others, at().pointer + "/additionalItems");
      at().items = id;
    }
  }
  void on_min_items(const JsonValue& value) { at().items_min = count(value, true); }
  void on_max_items(const JsonValue& value) { at().items_max = count(value, false); }

  void on_ref(const JsonValue& value) {
    const std::string* reference = string(value);
    if (reference == nullptr) return;
    const SchemaTarget target = find_target(source_.document, *reference);
    if (target.schema == nullptr) {
      return refuse_at("'" + *reference + "' " + target.problem, !target.remote);
    }
    const SourceId id = child(*target.schema, target.pointer);
    at().ref = id;
    has_ref_ = true;
  }
  void on_all_of(const JsonValue& value) {
    std::vector<SourceId> ids = children(value);
    at().all_of = std::move(ids);
  }
  void on_any_of(const JsonValue& value) {
    std::vector<SourceId> ids = children(value);
    at().any_of = std::move(ids);
  }
  void on_one_of(const JsonValue& value) {
    std::vector<SourceId> ids = children(value);
    at().one_of = std::move(ids);
  }

  // What is not there by default may be said to be not there.
  void only_false(const JsonValue& value) {
    if (!value.is_boolean() || value.boolean) refuse("only false is supported");
  }
  // The document's own name changes nothing; a part's own would change what its $refs mean.
  void on_id(const JsonValue& value) {
    if (at_ == 0 || (value.is_string() && value.text.starts_with('#')) || inner_id_) return;
    inner_id_ = {keyword_pointer(), std::string(keyword_),
                 "beside $ref an identifier is supported at the root only"};
  }

  // Schemas that hold at the same place as the one that names them must not come back to it: no
  // document could be judged. Topologically, and no chain of them longer than the limit.
  void check_in_place() {
    const std::size_t size = source_.schemas.size();
    std::vector<std::size_t> waiting(size), depth(size);
    const auto each = [this](std::size_t id, const auto& visit) {
      const SourceSchema& schema = source_.schemas[id];
      if (schema.ref != kNoSource) visit(schema.ref);
      for (const auto* list : {&schema.all_of, &schema.any_of, &schema.one_of}) {
        for (const SourceId inner : *list) visit(inner);
      }
    };
    for (std::size_t id = 0; id < size; ++id) {
      each(id, [&](SourceId inner) { ++waiting[inner]; });
    }
    std::vector<std::size_t> ready;
    for (std::size_t id = 0; id < size; ++id) {
      if (waiting[id] == 0) ready.push_back(id);
    }
    for (std::size_t done = 0; done < ready.size(); ++done) {
      const std::size_t id = ready[done];
      if (depth[id] > limits_.in_place_depth_max) {
        refusal_ = {source_.schemas[id].pointer, "", "too many schemas inside each other", false};
        return;
      }
      each(id, [&](SourceId inner) {
        depth[inner] = std::max(depth[inner], depth[id] + 1);
        if (--waiting[inner] == 0) ready.push_back(inner);
      });
    }
    for (std::size_t id = 0; id < size; ++id) {
      if (waiting[id] != 0) {
        refusal_ = {source_.schemas[id].pointer, "$ref", "the schema refers to itself", true};
        return;
      }
    }
  }

  const SchemaLimits& limits_;
  const std::chrono::steady_clock::time_point end_;
  SchemaSource& source_;
  std::unordered_map<const JsonValue*, SourceId> known_;
  std::deque<std::pair<SourceId, const JsonValue*>> pending_;
  std::optional<SchemaRefusal> refusal_;
  std::optional<SchemaRefusal> inner_id_;  // the first identifier that is not the root's
  bool has_ref_ = false;

  SourceId at_ = 0;
  const JsonValue* object_ = nullptr;
  std::string_view keyword_;
};

const std::unordered_map<std::string_view, Reader::Handler>& Reader::keywords() {
  static const std::unordered_map<std::string_view, Handler> kKeywords = {
      {"type", &Reader::on_type},
      {"enum", &Reader::on_enum},
      {"const", &Reader::on_const},
      {"minLength", &Reader::on_min_length},
      {"maxLength", &Reader::on_max_length},
      {"pattern", &Reader::on_pattern},
      {"format", &Reader::on_format},
      {"minimum", &Reader::on_minimum},
      {"maximum", &Reader::on_maximum},
      {"exclusiveMinimum", &Reader::on_exclusive_minimum},
      {"exclusiveMaximum", &Reader::on_exclusive_maximum},
      {"multipleOf", &Reader::on_multiple_of},
      {"properties", &Reader::on_properties},
      {"patternProperties", &Reader::on_pattern_properties},
      {"required", &Reader::on_required},
      {"additionalProperties", &Reader::on_additional},
      {"propertyNames", &Reader::on_property_names},
      {"minProperties", &Reader::on_min_properties},
      {"maxProperties", &Reader::on_max_properties},
      {"prefixItems", &Reader::on_prefix_items},
      {"items", &Reader::on_items},
      {"minItems", &Reader::on_min_items},
      {"maxItems", &Reader::on_max_items},
      {"$ref", &Reader::on_ref},
      {"allOf", &Reader::on_all_of},
      {"anyOf", &Reader::on_any_of},
      {"oneOf", &Reader::on_one_of},
      {"uniqueItems", &Reader::only_false},
      {"nullable", &Reader::only_false},
      {"$id", &Reader::on_id},
      {"id", &Reader::on_id},
  };
  return kKeywords;
}

}  // namespace

Error refusal_error(const SchemaRefusal& refusal) {
  std::string message = "the JSON schema cannot be enforced: ";
  if (refusal.broken) message = "the JSON schema is not valid: ";
  message += refusal.message;
  message += " (at '" + refusal.pointer + "')";
  return Error(ErrorKind::invalid_request, std::move(message)).with_code("invalid_json_schema");
}

TypeSet type_of(const JsonValue& value) {
  switch (value.type) {
    case JsonValue::Type::null:
      return kNull;
    case JsonValue::Type::boolean:
      return value.boolean ? kTrue : kFalse;
    case JsonValue::Type::number:
      return value.number.is_integer() ? kInteger : kFraction;
    case JsonValue::Type::string:
      return kString;
    case JsonValue::Type::array:
      return kArray;
    case JsonValue::Type::object:
      return kObject;
  }
  return 0;
}

bool SourceSchema::says_nothing_of_numbers() const {
  return !numbers.minimum && !numbers.maximum && !numbers.multiple_of;
}

bool SourceSchema::says_nothing_of_strings() const {
  return length_min == 0 && length_max == kUnbounded && !pattern && !format;
}

bool SourceSchema::says_nothing_of_arrays() const {
  return prefix_items.empty() && items == kNoSource && items_min == 0 && items_max == kUnbounded;
}

bool SourceSchema::says_nothing_of_objects() const {
  return properties.empty() && pattern_properties.empty() && additional == kNoSource &&
         property_names == kNoSource && properties_min == 0 && properties_max == kUnbounded;
}

bool SourceSchema::only_refers() const {
  return types == kEveryType && !finite() && says_nothing_of_numbers() &&
         says_nothing_of_strings() && says_nothing_of_arrays() && says_nothing_of_objects() &&
         required.empty() && any_of.empty() && one_of.empty();
}

std::optional<SchemaRefusal> read_schema(JsonValue document, const SchemaLimits& limits,
                                         SchemaSource& source) {
  source.document = std::move(document);
  return Reader(limits, source).read();
}

void narrow_minimum(NumberBounds& bounds, const Decimal& minimum, bool exclusive) {
  const int order = bounds.minimum ? compare(minimum, *bounds.minimum) : 1;
  if (order > 0) bounds.exclusive_minimum = exclusive;
  if (order > 0) bounds.minimum = minimum;
  if (order == 0) bounds.exclusive_minimum = bounds.exclusive_minimum || exclusive;
}

void narrow_maximum(NumberBounds& bounds, const Decimal& maximum, bool exclusive) {
  const int order = bounds.maximum ? compare(maximum, *bounds.maximum) : -1;
  if (order < 0) bounds.exclusive_maximum = exclusive;
  if (order < 0) bounds.maximum = maximum;
  if (order == 0) bounds.exclusive_maximum = bounds.exclusive_maximum || exclusive;
}

bool number_fits(const NumberBounds& bounds, const Decimal& number) {
  if (bounds.minimum) {
    const int order = compare(number, *bounds.minimum);
    if (order < 0 || (order == 0 && bounds.exclusive_minimum)) return false;
  }
  if (bounds.maximum) {
    const int order = compare(number, *bounds.maximum);
    if (order > 0 || (order == 0 && bounds.exclusive_maximum)) return false;
  }
  return !bounds.multiple_of || is_multiple(number, *bounds.multiple_of);
}

}  // namespace retort::grammar
