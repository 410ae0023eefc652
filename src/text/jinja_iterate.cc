// Going through values: iter(), len(), list() and reversed() of Python, and the `loop` of a for
// block.
#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "text/jinja_run.h"

namespace retort::text::jinja {
namespace {

struct SequenceIterator : Iterator {
  SequenceIterator(Value of, bool backwards, std::string name)
      : Iterator(std::move(name)), sequence(std::move(of)), back(backwards) {
    depth = sequence.depth() + 1;
  }
  bool next(Run& run, Value& out) override {
    const List& items = sequence.sequence()->items;
    if (at >= items.size() || !run.step()) return false;
    out = back ? items[items.size() - 1 - at] : items[at];
    ++at;
    return true;
  }
  Value sequence;
  bool back;
  std::size_t at = 0;
};

struct TextIterator : Iterator {
  // The characters of Markup are plain strings.
  explicit TextIterator(const Text& of) : Iterator("str_iterator"), text(of.with_markup(false)) {}
  bool next(Run& run, Value& out) override {
    if (at >= text.size() || !run.step()) return false;
    const std::size_t bytes =
        std::max<std::size_t>(base::decode_utf8(text.bytes().substr(at)).bytes, 1);
    out = run.text(text.sub(at, at + bytes));
    at += bytes;
    return !run.failed();
  }
  Text text;
  std::size_t at = 0;
};

struct RangeIterator : Iterator {
  RangeIterator(const Range& of, bool backwards)
      : Iterator("range_iterator"), range(of.start, of.stop, of.step), back(backwards) {}
  bool next(Run& run, Value& out) override {
    const std::int64_t count = range.count();
    if (at >= count || !run.step()) return false;
    out = range.at(back ? count - 1 - at : at);
    ++at;
    return true;
  }
  Range range;
  bool back;
  std::int64_t at = 0;
};

struct MappingIterator : Iterator {
  MappingIterator(std::shared_ptr<const Mapping> of, View::What w, bool backwards)
      : Iterator(w == View::What::keys     ? "dict_keyiterator"
                 : w == View::What::values ? "dict_valueiterator"
                                           : "dict_itemiterator"),
        mapping(std::move(of)),
        what(w),
        back(backwards) {
    depth = mapping->depth + 1;
  }
  bool next(Run& run, Value& out) override {
    const auto& entries = mapping->entries;
    if (at >= entries.size() || !run.step()) return false;
    const auto& [key, value] = back ? entries[entries.size() - 1 - at] : entries[at];
    ++at;
    out = what == View::What::keys     ? key
          : what == View::What::values ? value
                                       : run.list({key, value}, true);
    return !run.failed();
  }
  std::shared_ptr<const Mapping> mapping;
  View::What what;
  bool back;
  std::size_t at = 0;
};

std::shared_ptr<Iterator> empty_iterator() {
  return iterate_list({}, "generator");
}

}  // namespace

bool has_length(const Value& value) {
  if (value.object() == nullptr) return !value.is_none() && !value.is_number();
  const auto kind = value.object()->kind;
  return kind == Object::Kind::range || kind == Object::Kind::view || kind == Object::Kind::loop;
}

std::size_t length(Run& run, const Value& value) {
  if (const Text* text = value.text()) return text->points();
  if (const Sequence* sequence = value.sequence()) return sequence->items.size();
  if (const Mapping* mapping = value.mapping()) return mapping->entries.size();
  if (value.is_undefined()) return 0;
  Object* object = value.object();
  if (object != nullptr && object->kind == Object::Kind::range) {
    return static_cast<std::size_t>(static_cast<Range*>(object)->count());
  }
  if (object != nullptr && object->kind == Object::Kind::view) {
    return static_cast<View*>(object)->mapping->entries.size();
  }
  if (object != nullptr && object->kind == Object::Kind::loop) {
    return static_cast<Loop*>(object)->length(run);
  }
  run.fail(cat("object of type '", type_name(value), "' has no len()"));
  return 0;
}

bool is_iterable(const Value& value) {
  if (value.object() == nullptr) return !value.is_none() && !value.is_number();
  const auto kind = value.object()->kind;
  return kind == Object::Kind::range || kind == Object::Kind::view ||
         kind == Object::Kind::iterator || kind == Object::Kind::loop;
}

std::shared_ptr<Iterator> iterate_list(List items, std::string type) {
  return std::make_shared<SequenceIterator>(Value::list(std::move(items)), false, std::move(type));
}

std::shared_ptr<Iterator> iterate(Run& run, const Value& value) {
  if (value.is_sequence()) {
    return std::make_shared<SequenceIterator>(
        value, false, value.sequence()->tuple ? "tuple_iterator" : "list_iterator");
  }
  if (value.is_mapping()) {
    return std::make_shared<MappingIterator>(value.mapping_ref(), View::What::keys, false);
  }
  if (value.is_text()) return std::make_shared<TextIterator>(*value.text());
  if (value.is_undefined()) return empty_iterator();
  const Object* object = value.object();
  switch (object == nullptr ? Object::Kind::function : object->kind) {
    case Object::Kind::range:
      return std::make_shared<RangeIterator>(static_cast<const Range&>(*object), false);
    case Object::Kind::view: {
      const auto& view = static_cast<const View&>(*object);
      return std::make_shared<MappingIterator>(view.mapping, view.what, false);
    }
    case Object::Kind::iterator:
      return std::static_pointer_cast<Iterator>(value.object_ref());
    case Object::Kind::loop:
      run.fail("going through `loop` itself is not supported");
      return empty_iterator();
    default:
      run.fail(cat("'", type_name(value), "' object is not iterable"));
      return empty_iterator();
  }
}

List to_list(Run& run, const Value& value) {
  if (const Sequence* sequence = value.sequence()) {
    const std::size_t count = sequence->items.size();
    return run.step(count) && run.charge(count * sizeof(Value)) ? sequence->items : List();
  }
  List items;
  const auto source = iterate(run, value);
  for (Value item; source->next(run, item);) {
    if (!run.charge(sizeof(Value))) break;
    items.push_back(std::move(item));
  }
  return items;
}

std::shared_ptr<Iterator> reversed(Run& run, const Value& value) {
  if (value.is_sequence()) {
    return std::make_shared<SequenceIterator>(
        value, true, value.sequence()->tuple ? "reversed" : "list_reverseiterator");
  }
  if (value.is_mapping()) {
    return std::make_shared<MappingIterator>(value.mapping_ref(), View::What::keys, true);
  }
  if (value.is_undefined()) return empty_iterator();
  if (const Object* view = value.object(Object::Kind::view)) {
    const auto& of = static_cast<const View&>(*view);
    return std::make_shared<MappingIterator>(of.mapping, of.what, true);
  }
  if (const Object* range = value.object(Object::Kind::range)) {
    return std::make_shared<RangeIterator>(static_cast<const Range&>(*range), true);
  }
  if (value.is_text()) {
    List items = to_list(run, value);
    std::reverse(items.begin(), items.end());
    return iterate_list(std::move(items), "reversed");
  }
  run.fail(cat("'", type_name(value), "' object is not reversible"));
  return empty_iterator();
}

// ------------------------------------------------------------------------------------------- Loop

bool Loop::advance(Run& run) {
  if (!run.iteration()) return false;
  Value item;
  if (!ahead.empty()) {
    item = std::move(ahead.back());
    ahead.pop_back();
  } else if (!source->next(run, item)) {
    return false;
  }
  ++index0;
  previous = std::exchange(current, std::move(item));
  return true;
}

const Value* Loop::peek(Run& run) {
  if (ahead.empty()) {
    Value item;
    if (!source->next(run, item)) return nullptr;
    ahead.push_back(std::move(item));
  }
  return &ahead.back();
}

std::size_t Loop::length(Run& run) {
  if (known_length) return *known_length;
  // A generator has no len(): draw what is left.
  std::vector<Value> rest;
  for (Value item; source->next(run, item);) {
    if (!run.charge(sizeof(Value))) break;
    rest.push_back(std::move(item));
  }
  std::reverse(rest.begin(), rest.end());
  rest.insert(rest.end(), ahead.begin(), ahead.end());
  ahead = std::move(rest);
  known_length = static_cast<std::size_t>(index0 + 1) + ahead.size();
  return *known_length;
}

}  // namespace retort::text::jinja
