// Reading the fields of a JSON object: types, ranges and lengths, each refused in OpenAI's words.
//
// Internal to the request parser (chat_request.cc, request_*.cc) and the answer reader
// (chat_reader.cc). One FieldReader goes through a whole document and remembers the first error;
// after it every read does nothing, so the code that walks the document is free of error handling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <retort/chat.h>
#include <retort/error.h>

#include "base/json_view.h"
#include "protocol/ignored_fields.h"

namespace retort::protocol {

using base::JsonMember;
using base::JsonView;

// Where a value stands, "messages[0].content[1].text": a chain of steps on the stack, spelled only
// when it is needed. Its names and its parent must outlive it.
class Path {
 public:
  Path() = default;  // the body itself
  Path(const Path& parent, std::string_view name) : parent_(&parent), name_(name) {}
  Path(const Path& parent, std::size_t index) : parent_(&parent), index_(index), is_index_(true) {}
  // A parent that is gone at the end of the line.
  Path(Path&& parent, std::string_view name) = delete;
  Path(Path&& parent, std::size_t index) = delete;

  // As error.param has it.
  std::string text() const { return spelled(false); }
  // As x-retort-ignored has it, each name percent-encoded.
  std::string encoded() const { return spelled(true); }

 private:
  std::string spelled(bool encode) const;

  const Path* parent_ = nullptr;  // null for the body
  std::string_view name_;
  std::size_t index_ = 0;
  bool is_index_ = false;
};

struct NumberRange {
  double min = -std::numeric_limits<double>::max();
  double max = std::numeric_limits<double>::max();
  bool above_min = false;  // min itself is out
};

struct IntegerRange {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

struct LengthRange {
  std::size_t min = 0;
  std::size_t max = std::numeric_limits<std::size_t>::max();
};

class FieldReader {
 public:
  bool failed() const { return error_.has_value(); }
  // Only when failed().
  Error take_error() { return std::move(*error_); }
  IgnoredFields& ignored() { return ignored_; }

  // Each refusal keeps the first error only.
  void refuse(Error error);
  void refuse(const Path& path, std::string_view code, std::string message);
  void refuse_missing(const Path& path);
  void refuse_type(const Path& path, std::string_view expected, const JsonView& got);
  void refuse_value(const Path& path, std::string_view got,
                    std::span<const std::string_view> supported);
  void refuse_unsupported(const Path& path, std::string_view why);

  // Each reads `value` into `out`, or refuses it and leaves `out`.
  void boolean(const JsonView& value, const Path& path, std::optional<bool>& out);
  void integer(const JsonView& value, const Path& path, IntegerRange range,
               std::optional<std::int64_t>& out);
  void number(const JsonView& value, const Path& path, NumberRange range,
              std::optional<double>& out);
  // Lengths count code points.
  void string(const JsonView& value, const Path& path, std::optional<std::string>& out,
              LengthRange length = {});
  void string(const JsonView& value, const Path& path, std::string& out, LengthRange length = {});
  // A string that must be one of `supported`.
  void word(const JsonView& value, const Path& path, std::span<const std::string_view> supported,
            std::optional<std::string>& out);
  // A name of a function or schema: 1 to 64 of [a-zA-Z0-9_-].
  void identifier(const JsonView& value, const Path& path, std::string& out);

  // Whether `text` is of an allowed length; refuses it where not.
  bool check_length(std::string_view text, const Path& path, LengthRange length);
  // Refuses an object that lacks the member `name`, or has null for it.
  void require(const JsonView& object, const Path& path, std::string_view name);
  // Whether `value` is an object; refuses it where not.
  bool is_object(const JsonView& value, const Path& path);
  // The elements of an array of an allowed length; refuses anything else, and then has none.
  std::vector<JsonView> array(const JsonView& value, const Path& path, LengthRange length = {});

  // Keeps a member that the contract does not know and lists it.
  void unknown(const JsonMember& member, const Path& path, Extra* extra);

 private:
  void refuse_range(const Path& path, std::string_view kind, bool above,
                    const std::string& expected, std::string_view got);

  std::optional<Error> error_;
  IgnoredFields ignored_;
};

// A row of an object's table: the member's name and what reads it.
template <typename T>
struct Field {
  std::string_view name;
  void (*read)(FieldReader& in, const JsonView& value, const Path& path, T& out);
};

// The row of a member that is read elsewhere.
template <typename T>
void skip_field(FieldReader&, const JsonView&, const Path&, T&) {}

// Reads the members of `object` into `out` by the table; a null member is absent, one that the
// table lacks goes to `extra` (may be null: then it is only listed).
template <typename T>
void read_members(FieldReader& in, const JsonView& object, const Path& path,
                  std::span<const Field<T>> table, T& out, Extra* extra) {
  for (const JsonMember& member : object.members()) {
    const Path at(path, member.key);
    const Field<T>* known = nullptr;
    for (const Field<T>& field : table) {
      if (field.name == member.key) known = &field;
    }
    if (known == nullptr) {
      in.unknown(member, at, extra);
    } else if (!member.value.is_null()) {
      known->read(in, member.value, at, out);
    }
    if (in.failed()) return;
  }
}

// `text` as an error message may show it: in quotes, cut to 64 bytes.
std::string quoted(std::string_view text);

}  // namespace retort::protocol
