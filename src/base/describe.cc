// Described types: their schemas, and the values in between.
#include <memory>
#include <set>

#include <retort/describe.h>

#include "base/json_view.h"
#include "base/json_writer.h"

namespace retort {
namespace {

using base::JsonView;
using Kind = TypeSchema::Kind;

// Writes a type's schema. A type within itself becomes a reference: to the root, or to $defs.
class SchemaWriter {
 public:
  Json write(const TypeSchema& root) {
    root_ = &root;
    find_recursive(root);
    std::string out;
    write_type(out, root, "");
    if (!definitions_.empty()) {
      out.pop_back();
      out += ",\"$defs\":{" + definitions_ + "}}";
    }
    return Json::trusted(std::move(out));
  }

 private:
  void find_recursive(const TypeSchema& type) {
    if (type.element != nullptr) return find_recursive(type.element());
    if (type.kind != Kind::object) return;
    if (open_.contains(&type)) {
      recursive_.insert(&type);
      return;
    }
    if (!seen_.insert(&type).second) return;
    open_.insert(&type);
    for (const TypeSchema::Member& member : type.members) find_recursive(member.type());
    open_.erase(&type);
  }

  void write_type(std::string& out, const TypeSchema& type, std::string_view description) {
    out += '{';
    if (!description.empty()) {
      out += "\"description\":";
      base::append_json_string(out, description);
      out += ',';
    }
    write_body(out, type);
    if (out.back() == ',') out.pop_back();
    out += '}';
  }

  void write_body(std::string& out, const TypeSchema& type) {
    switch (type.kind) {
      case Kind::boolean:
        out += R"("type":"boolean")";
        return;
      case Kind::integer:
        out += R"("type":"integer")";
        return;
      case Kind::number:
        out += R"("type":"number")";
        return;
      case Kind::string:
        out += R"("type":"string")";
        return;
      case Kind::anything:
        return;
      case Kind::optional:
        out += "\"anyOf\":[";
        write_type(out, type.element(), "");
        out += R"(,{"type":"null"}])";
        return;
      case Kind::array:
        out += R"("type":"array","items":)";
        return write_type(out, type.element(), "");
      case Kind::map:
        out += R"("type":"object","additionalProperties":)";
        return write_type(out, type.element(), "");
      case Kind::words:
        return write_words(out, type);
      case Kind::object:
        return write_object(out, type);
    }
  }

  static void write_words(std::string& out, const TypeSchema& type) {
    out += R"("type":"string","enum":[)";
    for (std::size_t i = 0; i < type.words.size(); ++i) {
      if (i > 0) out += ',';
      base::append_json_string(out, type.words[i]);
    }
    out += ']';
  }

  void write_object(std::string& out, const TypeSchema& type) {
    if (!recursive_.contains(&type)) return write_members(out, type);
    const bool is_new = named_.insert(&type).second;
    if (&type == root_ && is_new) return write_members(out, type);
    out += "\"$ref\":";
    base::append_json_string(out, &type == root_ ? "#" : "#/$defs/" + schema_name(type));
    if (&type == root_ || !is_new) return;
    std::string definition;
    write_type(definition, type_body(type), "");
    if (!definitions_.empty()) definitions_ += ',';
    base::append_json_string(definitions_, schema_name(type));
    definitions_ += ':' + definition;
  }

  // The same type, to be written out where a reference would be.
  const TypeSchema& type_body(const TypeSchema& type) {
    bodies_.push_back(std::make_unique<TypeSchema>(type));
    return *bodies_.back();
  }

  void write_members(std::string& out, const TypeSchema& type) {
    out += R"("type":"object","properties":{)";
    std::string required;
    for (const TypeSchema::Member& member : type.members) {
      if (!required.empty()) out += ',';
      base::append_json_string(out, member.name);
      out += ':';
      write_type(out, member.type(), member.description);
      if (!required.empty()) required += ',';
      base::append_json_string(required, member.name);
    }
    out += "},\"required\":[" + required + "],\"additionalProperties\":false";
  }

  const TypeSchema* root_ = nullptr;
  std::set<const TypeSchema*> open_;
  std::set<const TypeSchema*> seen_;
  std::set<const TypeSchema*> recursive_;
  std::set<const TypeSchema*> named_;
  std::vector<std::unique_ptr<TypeSchema>> bodies_;
  std::string definitions_;
};

JsonView view_of(std::string_view text) {
  return JsonView::checked(text);
}

}  // namespace

Json schema_of(const TypeSchema& type) {
  return SchemaWriter().write(type);
}

std::string schema_name(const TypeSchema& type) {
  constexpr std::size_t kLongest = 64;
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  std::string_view text = type.name;
  if (const std::size_t colons = text.rfind("::"); colons != std::string_view::npos) {
    text.remove_prefix(colons + 2);
  }
  std::string name;
  for (const char letter : text.substr(0, kLongest)) {
    name += kAllowed.find(letter) == std::string_view::npos ? '_' : letter;
  }
  return name.empty() ? "value" : name;
}

// ---- Reading.

Result<JsonCursor> JsonCursor::parse(std::string_view text) {
  const Result<JsonView> view = JsonView::parse(text, {.kind = ErrorKind::malformed});
  if (!view) return view.error();
  return JsonCursor(view->text());
}

bool JsonCursor::is_null() const {
  return view_of(text_).is_null();
}

std::optional<bool> JsonCursor::boolean() const {
  const JsonView view = view_of(text_);
  if (view.type() != JsonView::Type::boolean) return std::nullopt;
  return view.boolean();
}

std::optional<std::int64_t> JsonCursor::integer() const {
  constexpr double kExact = 9007199254740992.0;  // 2^53: up to here a double is an integer
  const JsonView view = view_of(text_);
  if (const auto exact = view.integer()) return exact;
  // A schema's integer may be spelled 1.0 as well.
  if (view.type() != JsonView::Type::decimal) return std::nullopt;
  const double number = view.number();
  if (number < -kExact || number > kExact) return std::nullopt;
  const auto whole = static_cast<std::int64_t>(number);
  return static_cast<double>(whole) == number ? std::optional(whole) : std::nullopt;
}

std::optional<double> JsonCursor::number() const {
  const JsonView view = view_of(text_);
  if (!view.is_number()) return std::nullopt;
  return view.number();
}

std::optional<std::string> JsonCursor::string() const {
  const JsonView view = view_of(text_);
  if (!view.is_string()) return std::nullopt;
  return view.string();
}

std::optional<std::vector<JsonCursor>> JsonCursor::elements() const {
  const JsonView view = view_of(text_);
  if (!view.is_array()) return std::nullopt;
  std::vector<JsonCursor> found;
  for (const JsonView& element : view.elements()) found.push_back(JsonCursor(element.text()));
  return found;
}

std::optional<std::vector<std::pair<std::string, JsonCursor>>> JsonCursor::members() const {
  const JsonView view = view_of(text_);
  if (!view.is_object()) return std::nullopt;
  std::vector<std::pair<std::string, JsonCursor>> found;
  for (auto& [key, value] : view.members()) found.emplace_back(key, JsonCursor(value.text()));
  return found;
}

void ValueReader::refuse(std::string_view expected) {
  if (error_) return;
  error_ = Error(ErrorKind::malformed,
                 "the JSON at '" + pointer_ + "' is not what is expected: " + std::string(expected))
               .with_param(pointer_)
               .with_code("wrong_type");
}

// As RFC 6901 spells a step.
void ValueReader::step_in(std::string_view name) {
  pointer_ += '/';
  for (const char letter : name) {
    if (letter == '~') {
      pointer_ += "~0";
    } else if (letter == '/') {
      pointer_ += "~1";
    } else {
      pointer_ += letter;
    }
  }
}

void ValueReader::step_in(std::size_t index) {
  pointer_ += '/' + std::to_string(index);
}

void ValueReader::step_out() {
  pointer_.resize(pointer_.rfind('/'));
}

// ---- Writing.

void append_json(std::string& out, bool value) {
  out += value ? "true" : "false";
}
void append_json(std::string& out, std::int64_t value) {
  out += std::to_string(value);
}
void append_json(std::string& out, std::uint64_t value) {
  out += std::to_string(value);
}
void append_json(std::string& out, double value) {
  base::append_json_number(out, value);
}
void append_json(std::string& out, std::string_view value) {
  base::append_json_string(out, value);
}

}  // namespace retort
