// Any bytes to the strict JSON reader: what it accepts, the view and the tree must agree on.
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json_reader.h"
#include "base/json_view.h"
#include "base/json_writer.h"

namespace {

using retort::base::JsonView;
namespace json = boost::json;

// The view's value and the tree's are the same, all the way down.
bool agree(const JsonView& view, const json::value& tree) {
  switch (view.type()) {
    case JsonView::Type::null:
      return tree.is_null();
    case JsonView::Type::boolean:
      return tree.is_bool() && tree.get_bool() == view.boolean();
    case JsonView::Type::integer:
      return view.integer() ? tree.is_int64() && tree.get_int64() == *view.integer()
                            : tree.is_number();
    case JsonView::Type::decimal:
      return tree.is_double() && tree.get_double() == view.number();
    case JsonView::Type::string:
      return tree.is_string() && std::string_view(tree.get_string()) == view.string();
    case JsonView::Type::array: {
      const auto elements = view.elements();
      if (!tree.is_array() || tree.get_array().size() != elements.size()) return false;
      for (std::size_t i = 0; i < elements.size(); ++i) {
        if (!agree(elements[i], tree.get_array()[i])) return false;
      }
      return true;
    }
    case JsonView::Type::object: {
      const auto members = view.members();
      if (!tree.is_object() || tree.get_object().size() != members.size()) return false;
      for (const auto& [key, value] : members) {
        const json::value* other = tree.get_object().if_contains(key);
        if (other == nullptr || !agree(value, *other)) return false;
      }
      return true;
    }
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto checked = retort::base::check_json(text);
  const auto tree = retort::base::read_json(text);
  if (checked.has_value() != tree.has_value()) std::abort();
  if (checked && !agree(JsonView::checked(text), *tree)) std::abort();
  // Whatever the bytes, as a string they are written as JSON.
  std::string written;
  retort::base::append_json_string(written, text);
  if (!retort::base::check_json(written)) std::abort();
  return 0;
}
