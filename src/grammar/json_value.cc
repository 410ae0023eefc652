#include "grammar/json_value.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <set>
#include <string>

#include "base/json_view.h"

namespace retort::grammar {
namespace {

void keep_last_of_each_key(JsonValue& object) {
  std::set<std::string, std::less<>> seen;
  for (std::size_t i = object.keys.size(); i-- > 0;) {
    if (seen.insert(object.keys[i]).second) continue;
    object.keys.erase(object.keys.begin() + static_cast<std::ptrdiff_t>(i));
    object.elements.erase(object.elements.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

// Numbers may have `places` more places than a double could make use of.
Result<JsonValue> read(const base::JsonView& view, std::size_t places) {
  using Type = base::JsonView::Type;
  JsonValue value;
  switch (view.type()) {
    case Type::null:
      break;
    case Type::boolean:
      value.type = JsonValue::Type::boolean;
      value.boolean = view.boolean();
      break;
    case Type::integer:
    case Type::decimal: {
      value.type = JsonValue::Type::number;
      value.text = view.text();
      Result<Decimal> number = Decimal::parse(value.text, Decimal::kPlacesMax + places);
      if (!number) return number.error();
      value.number = std::move(*number);
      break;
    }
    case Type::string:
      value.type = JsonValue::Type::string;
      value.text = view.string();
      break;
    case Type::array:
      value.type = JsonValue::Type::array;
      for (const base::JsonView& element : view.elements()) {
        Result<JsonValue> read_element = read(element, places);
        if (!read_element) return read_element.error();
        value.elements.push_back(std::move(*read_element));
      }
      break;
    case Type::object:
      value.type = JsonValue::Type::object;
      for (base::JsonMember& member : view.members()) {
        Result<JsonValue> read_member = read(member.value, places);
        if (!read_member) return read_member.error();
        value.keys.push_back(std::move(member.key));
        value.elements.push_back(std::move(*read_member));
      }
      keep_last_of_each_key(value);
      break;
  }
  return value;
}

bool equal_objects(const JsonValue& a, const JsonValue& b) {
  if (a.keys.size() != b.keys.size()) return false;
  for (std::size_t i = 0; i < a.keys.size(); ++i) {
    const JsonValue* other = b.find(a.keys[i]);
    if (other == nullptr || !equal(a.elements[i], *other)) return false;
  }
  return true;
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view key) const {
  const auto found = std::find(keys.begin(), keys.end(), key);
  return found == keys.end() ? nullptr : &elements[static_cast<std::size_t>(found - keys.begin())];
}

Result<JsonValue> JsonValue::parse(std::string_view text) {
  const Result<base::JsonView> view = base::JsonView::parse(text);
  if (!view) return view.error();
  return read(*view, 0);
}

Result<JsonValue> JsonValue::parse_answer(std::string_view text) {
  const Result<base::JsonView> view = base::JsonView::parse(text, {.duplicate_keys = true});
  if (!view) return view.error();
  return read(*view, text.size());
}

bool equal(const JsonValue& a, const JsonValue& b) {
  if (a.type != b.type) return false;
  switch (a.type) {
    case JsonValue::Type::null:
      return true;
    case JsonValue::Type::boolean:
      return a.boolean == b.boolean;
    case JsonValue::Type::number:
      return compare(a.number, b.number) == 0;
    case JsonValue::Type::string:
      return a.text == b.text;
    case JsonValue::Type::array:
      return std::equal(a.elements.begin(), a.elements.end(), b.elements.begin(), b.elements.end(),
                        [](const JsonValue& x, const JsonValue& y) { return equal(x, y); });
    case JsonValue::Type::object:
      return equal_objects(a, b);
  }
  return false;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  }));
}

}  // namespace retort::grammar
