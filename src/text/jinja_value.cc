// Values: making them, finding in them, and naming them in messages.
#include "text/jinja_value.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "text/jinja_run.h"

namespace retort::text::jinja {
namespace {

// Sorts `entries`' indices by key and drops all but the last of equal keys, each in the place of
// its first.
void index_mapping(Run* run, Mapping& mapping) {
  auto& entries = mapping.entries;
  std::vector<std::uint32_t> order(entries.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto before = [&](std::uint32_t a, std::uint32_t b) {
    return compare_keys(run, entries[a].first, entries[b].first) < 0;
  };
  merge_sort(order, before);
  std::vector<bool> dropped(entries.size(), false);
  bool any = false;
  for (std::size_t i = 0; i < order.size();) {
    std::size_t last = i;
    while (last + 1 < order.size() && !before(order[last], order[last + 1])) ++last;
    if (last > i) {
      entries[order[i]].second = entries[order[last]].second;
      for (std::size_t k = i + 1; k <= last; ++k) dropped[order[k]] = any = true;
    }
    i = last + 1;
  }
  if (any) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (!dropped[i]) entries[kept++] = entries[i];
    }
    entries.resize(kept);
    index_mapping(run, mapping);
    return;
  }
  mapping.order = std::move(order);
}

void measure(Mapping& mapping) {
  std::size_t deepest = 0;
  for (const auto& [key, value] : mapping.entries) {
    deepest = std::max({deepest, key.depth(), value.depth()});
  }
  mapping.depth = deepest + 1;
}

std::shared_ptr<const Sequence> make_sequence(List items, bool tuple) {
  auto sequence = std::make_shared<Sequence>();
  std::size_t deepest = 0;
  for (const Value& item : items) deepest = std::max(deepest, item.depth());
  sequence->items = std::move(items);
  sequence->tuple = tuple;
  sequence->depth = deepest + 1;
  return sequence;
}

int sign(bool below, bool above) {
  return below ? -1 : above ? 1 : 0;
}

// The classes of keys, in the order in which compare_keys puts them.
int key_class(const Value& key) {
  switch (key.type()) {
    case Value::Type::undefined:
      return 0;
    case Value::Type::none:
      return 1;
    case Value::Type::boolean:
    case Value::Type::integer:
    case Value::Type::real:
      return 2;
    case Value::Type::text:
      return 3;
    case Value::Type::sequence:
      return 4;
    default:
      return 5;
  }
}

int compare_numbers(const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) {
    return sign(a.integer() < b.integer(), a.integer() > b.integer());
  }
  // long double holds every int64 exactly; a NaN stands behind everything, equal to itself.
  const auto exact = [](const Value& number) {
    return number.is_integral() ? static_cast<long double>(number.integer())
                                : static_cast<long double>(number.real());
  };
  const long double x = exact(a);
  const long double y = exact(b);
  if (std::isnan(x) || std::isnan(y)) return sign(!std::isnan(x), !std::isnan(y));
  return sign(x<y, x> y);
}

}  // namespace

const Value* Mapping::find(std::string_view key) const {
  const auto found = std::lower_bound(order.begin(), order.end(), key,
                                      [&](std::uint32_t index, std::string_view wanted) {
                                        const Value& other = entries[index].first;
                                        if (key_class(other) != 3) return key_class(other) < 3;
                                        return other.text()->bytes() < wanted;
                                      });
  if (found == order.end()) return nullptr;
  const auto& [name, value] = entries[*found];
  return name.is_text() && name.text()->bytes() == key ? &value : nullptr;
}

const Value* Mapping::find(Run& run, const Value& key) const {
  if (key.is_text()) return find(key.text()->bytes());
  const auto found = std::lower_bound(order.begin(), order.end(), key,
                                      [&](std::uint32_t index, const Value& wanted) {
                                        return compare_keys(&run, entries[index].first, wanted) < 0;
                                      });
  if (found == order.end() || compare_keys(&run, entries[*found].first, key) != 0) return nullptr;
  return &entries[*found].second;
}

Value Value::list(List items, bool tuple) {
  return make_sequence(std::move(items), tuple);
}

Value Value::dict(std::vector<std::pair<std::string, Value>> entries) {
  auto mapping = std::make_shared<Mapping>();
  mapping->entries.reserve(entries.size());
  for (auto& [name, value] : entries) {
    mapping->entries.emplace_back(Value::data(name), std::move(value));
  }
  index_mapping(nullptr, *mapping);
  measure(*mapping);
  return std::shared_ptr<const Mapping>(std::move(mapping));
}

// Recurses as deep as the JSON nests, which its parser has bounded.
Value Value::from_json(const boost::json::value& json) {
  switch (json.kind()) {
    case boost::json::kind::null:
      return None{};
    case boost::json::kind::bool_:
      return *json.if_bool();
    case boost::json::kind::int64:
      return std::int64_t{*json.if_int64()};
    case boost::json::kind::uint64: {
      const std::uint64_t number = *json.if_uint64();
      if (number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return static_cast<std::int64_t>(number);
      }
      return std::shared_ptr<Object>(std::make_shared<BigInteger>(number));
    }
    case boost::json::kind::double_:
      return *json.if_double();
    case boost::json::kind::string:
      return Value::data(std::string_view(*json.if_string()));
    case boost::json::kind::array: {
      List items;
      items.reserve(json.if_array()->size());
      for (const auto& item : *json.if_array()) items.push_back(from_json(item));
      return list(std::move(items));
    }
    case boost::json::kind::object:
      break;
  }
  std::vector<std::pair<std::string, Value>> entries;
  entries.reserve(json.if_object()->size());
  for (const auto& member : *json.if_object()) {
    entries.emplace_back(std::string(member.key()), from_json(member.value()));
  }
  return dict(std::move(entries));
}

const UndefinedInfo* Value::undefined() const noexcept {
  const auto* info = std::get_if<std::shared_ptr<const UndefinedInfo>>(&rep_);
  return info == nullptr ? nullptr : info->get();
}

bool Value::boolean() const noexcept {
  const bool* value = std::get_if<bool>(&rep_);
  return value != nullptr && *value;
}

std::int64_t Value::integer() const noexcept {
  if (const auto* value = std::get_if<std::int64_t>(&rep_)) return *value;
  return boolean() ? 1 : 0;
}

double Value::real() const noexcept {
  if (const auto* value = std::get_if<double>(&rep_)) return *value;
  return static_cast<double>(integer());
}

const Sequence* Value::sequence() const noexcept {
  const auto* value = std::get_if<std::shared_ptr<const Sequence>>(&rep_);
  return value == nullptr ? nullptr : value->get();
}

const Mapping* Value::mapping() const noexcept {
  const auto* value = std::get_if<std::shared_ptr<const Mapping>>(&rep_);
  return value == nullptr ? nullptr : value->get();
}

std::shared_ptr<const Mapping> Value::mapping_ref() const noexcept {
  const auto* value = std::get_if<std::shared_ptr<const Mapping>>(&rep_);
  return value == nullptr ? nullptr : *value;
}

Object* Value::object() const noexcept {
  const auto* value = std::get_if<std::shared_ptr<Object>>(&rep_);
  return value == nullptr ? nullptr : value->get();
}

std::shared_ptr<Object> Value::object_ref() const noexcept {
  const auto* value = std::get_if<std::shared_ptr<Object>>(&rep_);
  return value == nullptr ? nullptr : *value;
}

Object* Value::object(Object::Kind kind) const noexcept {
  Object* found = object();
  return found != nullptr && found->kind == kind ? found : nullptr;
}

std::size_t Value::depth() const noexcept {
  if (const Sequence* list = sequence()) return list->depth;
  if (const Mapping* dict = mapping()) return dict->depth;
  if (const Object* other = object()) return other->depth;
  return 0;
}

bool Value::same_as(const Value& other) const noexcept {
  if (type() != other.type()) return false;
  switch (type()) {
    case Type::undefined:
      return undefined() != nullptr && undefined() == other.undefined();
    case Type::none:
      return true;
    case Type::boolean:
    case Type::integer:
      return integer() == other.integer();
    case Type::real:
      return real() == other.real();
    case Type::text:
      return text()->identity() == other.text()->identity() ||
             text()->bytes() == other.text()->bytes();
    case Type::sequence:
      return sequence() == other.sequence();
    case Type::mapping:
      return mapping() == other.mapping();
    case Type::object:
      break;
  }
  return object() == other.object();
}

int compare_keys(Run* run, const Value& a, const Value& b) {
  const int class_a = key_class(a);
  const int class_b = key_class(b);
  if (class_a != class_b) return sign(class_a<class_b, class_a> class_b);
  if (run != nullptr && !run->step()) return 0;
  switch (class_a) {
    case 2:
      return compare_numbers(a, b);
    case 3: {
      const int order = a.text()->bytes().compare(b.text()->bytes());
      return sign(order < 0, order > 0);
    }
    case 4: {
      const List& x = a.sequence()->items;
      const List& y = b.sequence()->items;
      if (&x == &y) return 0;
      for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
        if (const int order = compare_keys(run, x[i], y[i]); order != 0) return order;
      }
      return sign(x.size() < y.size(), x.size() > y.size());
    }
    case 5: {
      const std::less<const Object*> below;
      return sign(below(a.object(), b.object()), below(b.object(), a.object()));
    }
    default:
      return 0;
  }
}

bool is_hashable(const Value& value) {
  if (value.is_mapping()) return false;
  const Sequence* sequence = value.sequence();
  if (sequence == nullptr) return true;
  return sequence->tuple &&
         std::all_of(sequence->items.begin(), sequence->items.end(), is_hashable);
}

namespace {

std::string object_name(const Object& object) {
  switch (object.kind) {
    case Object::Kind::function:
      return "builtin_function_or_method";
    case Object::Kind::name_space:
      return "Namespace";
    case Object::Kind::macro:
      return "Macro";
    case Object::Kind::loop:
      return "LoopContext";
    case Object::Kind::cycler:
      return "Cycler";
    case Object::Kind::joiner:
      return "Joiner";
    case Object::Kind::iterator:
      return static_cast<const Iterator&>(object).type;
    case Object::Kind::range:
      return "range";
    case Object::Kind::view: {
      const auto what = static_cast<const View&>(object).what;
      return what == View::What::keys     ? "dict_keys"
             : what == View::What::values ? "dict_values"
                                          : "dict_items";
    }
    case Object::Kind::big_integer:
      break;
  }
  return "int";
}

}  // namespace

std::string type_name(const Value& value) {
  switch (value.type()) {
    case Value::Type::undefined:
      return "Undefined";
    case Value::Type::none:
      return "NoneType";
    case Value::Type::boolean:
      return "bool";
    case Value::Type::integer:
      return "int";
    case Value::Type::real:
      return "float";
    case Value::Type::text:
      return value.text()->markup() ? "Markup" : "str";
    case Value::Type::sequence:
      return value.sequence()->tuple ? "tuple" : "list";
    case Value::Type::mapping:
      return "dict";
    case Value::Type::object:
      break;
  }
  return object_name(*value.object());
}

std::string object_type_name(const Value& value) {
  if (value.is_none()) return "None";
  const std::string name = type_name(value);
  static constexpr std::string_view kJinjaTypes[] = {"Namespace", "LoopContext", "Macro", "Cycler",
                                                     "Joiner"};
  if (std::find(std::begin(kJinjaTypes), std::end(kJinjaTypes), name) != std::end(kJinjaTypes)) {
    return cat(name == "Macro" || name == "LoopContext" ? "jinja2.runtime." : "jinja2.utils.", name,
               " object");
  }
  return name + " object";
}

std::string undefined_message(const Value& value) {
  const UndefinedInfo* info = value.undefined();
  if (info == nullptr) return "value is undefined";
  if (!info->hint.empty()) return info->hint;
  if (info->owner.empty()) return cat("'", info->name, "' is undefined");
  if (info->element) return cat(info->owner, " has no element ", info->name);
  return cat("'", info->owner, "' has no attribute '", info->name, "'");
}

// -------------------------------------------------------------------------------------------- Run

Run::~Run() {
  for (const auto& object : kept_) object->release();
}

Value Run::stop(Failure failure, std::string message) {
  if (!failed()) {
    failure_ = failure;
    message_ = std::move(message);
    failed_line_ = line_;
  }
  return {};
}

bool Run::step(std::uint64_t count) {
  if (failed()) return false;
  steps_ += count;
  if (steps_ <= options_.limits.steps_max) return true;
  limit(cat("more than ", std::to_string(options_.limits.steps_max), " steps (steps_max)"));
  return false;
}

bool Run::charge(std::uint64_t bytes) {
  if (failed()) return false;
  const std::uint64_t left = options_.limits.work_bytes_max - bytes_;
  if (bytes <= left) {
    bytes_ += bytes;
    return true;
  }
  limit(cat("more than ", std::to_string(options_.limits.work_bytes_max),
            " bytes of values (work_bytes_max)"));
  return false;
}

bool Run::iteration() {
  if (!step()) return false;
  if (++iterations_ <= options_.limits.loop_iterations_max) return true;
  limit(cat("more than ", std::to_string(options_.limits.loop_iterations_max),
            " loop iterations (loop_iterations_max)"));
  return false;
}

// What a value costs beside its own bytes: its control block and allocation, roughly.
static constexpr std::uint64_t kValueOverhead = 96;

Value Run::text(Text text) {
  if (!charge(kValueOverhead + text.size() + text.literals().size() * sizeof(Text::Span))) {
    return {};
  }
  return text;
}

Value Run::list(List items, bool tuple) {
  if (!charge(kValueOverhead + items.size() * sizeof(Value))) return {};
  auto sequence = make_sequence(std::move(items), tuple);
  if (sequence->depth > options_.limits.value_depth_max) {
    return limit("values nest too deeply (value_depth_max)");
  }
  return sequence;
}

Value Run::dict(std::vector<std::pair<Value, Value>> entries) {
  if (!charge(kValueOverhead + entries.size() * (2 * sizeof(Value) + 4))) return {};
  for (const auto& [key, value] : entries) {
    if (!is_hashable(key)) return fail(cat("unhashable type: '", type_name(key), "'"));
  }
  auto mapping = std::make_shared<Mapping>();
  mapping->entries = std::move(entries);
  index_mapping(this, *mapping);
  measure(*mapping);
  if (failed()) return {};
  if (mapping->depth > options_.limits.value_depth_max) {
    return limit("values nest too deeply (value_depth_max)");
  }
  return std::shared_ptr<const Mapping>(std::move(mapping));
}

Value Run::object(std::shared_ptr<Object> object) {
  if (!charge(2 * kValueOverhead)) return {};
  if (object->depth > options_.limits.value_depth_max) {
    return limit("values nest too deeply (value_depth_max)");
  }
  return object;
}

Value Run::undefined(std::string hint) {
  if (!charge(kValueOverhead)) return {};
  auto info = std::make_shared<UndefinedInfo>();
  info->hint = std::move(hint);
  return std::shared_ptr<const UndefinedInfo>(std::move(info));
}

Value Run::missing_variable(std::string_view name) {
  if (!charge(kValueOverhead)) return {};
  auto info = std::make_shared<UndefinedInfo>();
  info->name = name;
  return std::shared_ptr<const UndefinedInfo>(std::move(info));
}

Value Run::missing_member(const Value& owner, const Value& key) {
  if (!charge(kValueOverhead)) return {};
  auto info = std::make_shared<UndefinedInfo>();
  info->owner = object_type_name(owner);
  info->element = !key.is_text();
  info->name = key.is_text()       ? std::string(key.text()->bytes().substr(0, 200))
               : key.is_sequence() ? "(...)"
                                   : std::string(to_text(*this, key).bytes());
  return std::shared_ptr<const UndefinedInfo>(std::move(info));
}

Value Run::forbidden(const Value& owner, std::string_view attribute) {
  if (!charge(kValueOverhead)) return {};
  auto info = std::make_shared<UndefinedInfo>();
  info->hint =
      cat("access to attribute '", attribute, "' of '", type_name(owner), "' object is unsafe.");
  info->forbidden = true;
  return std::shared_ptr<const UndefinedInfo>(std::move(info));
}

void Run::keep(std::shared_ptr<Object> object) {
  kept_.push_back(std::move(object));
}

Depth::Depth(Run& run) : run_(run), ok_(true) {
  if (++run_.depth_ <= run_.options_.limits.call_depth_max) return;
  run_.limit("the template calls itself or nests too deeply (call_depth_max)");
  ok_ = false;
}

const Value* Namespace::find(std::string_view name) const {
  const auto found = std::find_if(attributes.begin(), attributes.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  return found == attributes.end() ? nullptr : &found->second;
}

void Namespace::set(std::string_view name, Value value) {
  for (auto& [known, old] : attributes) {
    if (known != name) continue;
    old = std::move(value);
    return;
  }
  attributes.emplace_back(std::string(name), std::move(value));
}

std::int64_t Range::count() const noexcept {
  // Unsigned arithmetic: stop - start may not fit into int64.
  const auto distance = [](std::int64_t low, std::int64_t high) {
    return static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  };
  std::uint64_t count = 0;
  if (step > 0 && start < stop) {
    count = (distance(start, stop) - 1) / static_cast<std::uint64_t>(step) + 1;
  } else if (step < 0 && start > stop) {
    count = (distance(stop, start) - 1) / (0 - static_cast<std::uint64_t>(step)) + 1;
  }
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(count, kMax));
}

}  // namespace retort::text::jinja
