// The handler behind Boost.JSON's parser: counts, watches for duplicate keys and, where asked,
// builds the tree. This is the one file that meets the parser's exceptions.
#include "base/json_reader.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <deque>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include <retort/json.h>

#include "base/utf8.h"

namespace retort::base {
namespace {

namespace json = boost::json;
using json::error_code;
using View = json::string_view;

constexpr std::size_t kUnknownOffset = static_cast<std::size_t>(-1);

std::string_view as_std(View text) {
  return {text.data(), text.size()};
}

struct Key {
  std::string_view text;
  std::size_t offset;  // of its first character in the document, or kUnknownOffset
  friend bool operator<(const Key& a, const Key& b) {
    return std::tie(a.text, a.offset) < std::tie(b.text, b.offset);
  }
};

// An array or object that has begun and not ended.
struct Frame {
  bool is_object;
  std::size_t values = 0;         // begun in it so far
  std::size_t first_key;          // its keys are keys_[first_key ..)
  std::size_t first_escaped_key;  // and own escaped_keys_[first_escaped_key ..)
};

// Names of the Boost handler concept; each returns whether to go on.
class Handler {
 public:
  // NOLINTBEGIN(readability-identifier-naming): the concept's names
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  // NOLINTEND(readability-identifier-naming)

  Handler(std::string_view text, const JsonLimits& limits, json::value_stack* tree)
      : text_(text), limits_(limits), tree_(tree) {}

  const std::string& problem() const { return problem_; }
  std::size_t problem_offset() const { return problem_offset_; }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_comment_part(View, error_code&) { return true; }
  bool on_comment(View, error_code&) { return true; }

  bool on_array_begin(error_code& ec) { return begin_value(ec) && push(false); }
  bool on_object_begin(error_code& ec) { return begin_value(ec) && push(true); }

  bool on_array_end(std::size_t count, error_code&) {
    frames_.pop_back();
    if (tree_) tree_->push_array(count);
    return true;
  }

  bool on_object_end(std::size_t count, error_code& ec) {
    const Frame frame = frames_.back();
    if (const Key* twice = limits_.duplicate_keys ? nullptr : duplicate_key(frame)) {
      return duplicate(*twice, ec);
    }
    keys_.resize(frame.first_key);
    escaped_keys_.resize(frame.first_escaped_key);
    frames_.pop_back();
    if (tree_) tree_->push_object(count);
    return true;
  }

  bool on_key_part(View part, std::size_t, error_code&) { return append(part); }
  bool on_key(View last, std::size_t, error_code&) {
    const std::size_t offset = part_.empty() ? offset_of(last) : kUnknownOffset;
    std::string_view key = as_std(last);
    if (offset == kUnknownOffset) {
      escaped_keys_.push_back(take(last));
      key = escaped_keys_.back();
    }
    keys_.push_back({key, offset});
    if (tree_) tree_->push_key(View(key.data(), key.size()));
    return true;
  }

  bool on_string_part(View part, std::size_t, error_code&) { return append(part); }
  bool on_string(View last, std::size_t, error_code& ec) {
    if (!begin_value(ec)) return false;
    if (tree_ && part_.empty()) {
      tree_->push_string(last);
    } else if (tree_) {
      part_.append(last.data(), last.size());
      tree_->push_string(part_);
    }
    part_.clear();
    return true;
  }

  bool on_number_part(View, error_code&) { return true; }
  bool on_int64(std::int64_t value, View, error_code& ec) {
    if (tree_) tree_->push_int64(value);
    return begin_value(ec);
  }
  bool on_uint64(std::uint64_t value, View, error_code& ec) {
    if (tree_) tree_->push_uint64(value);
    return begin_value(ec);
  }
  bool on_double(double value, View spelling, error_code& ec) {
    // Boost 1.81 rounds carelessly in the last place; from_chars is exact. Out of its range are
    // overflow, which Boost gives as an infinity, and underflow, where zero is the nearest.
    double exact = 0;
    const char* end = spelling.data() + spelling.size();
    if (std::from_chars(spelling.data(), end, exact).ec == std::errc{}) value = exact;
    if (!std::isfinite(value)) return fail("a number is beyond the range of a double", ec);
    if (tree_) tree_->push_double(value);
    return begin_value(ec);
  }
  bool on_bool(bool value, error_code& ec) {
    if (tree_) tree_->push_bool(value);
    return begin_value(ec);
  }
  bool on_null(error_code& ec) {
    if (tree_) tree_->push_null();
    return begin_value(ec);
  }

 private:
  bool fail(std::string problem, error_code& ec, std::size_t offset = kUnknownOffset) {
    problem_ = std::move(problem);
    problem_offset_ = offset;
    ec = json::error::syntax;
    return false;
  }

  bool begin_value(error_code& ec) {
    if (!frames_.empty()) ++frames_.back().values;
    if (++values_ <= limits_.values_max) return true;
    return fail("more than " + std::to_string(limits_.values_max) + " values", ec);
  }

  bool push(bool is_object) {
    frames_.push_back({is_object, 0, keys_.size(), escaped_keys_.size()});
    return true;
  }

  bool append(View part) {
    part_.append(part.data(), part.size());
    return true;
  }

  std::string take(View last) {
    append(last);
    std::string whole = std::move(part_);
    part_.clear();
    return whole;
  }

  // Where a string that needed no decoding stands: Boost hands those out in place.
  std::size_t offset_of(View piece) const {
    const std::less<const char*> before;
    if (before(piece.data(), text_.data()) || !before(piece.data(), text_.data() + text_.size())) {
      return kUnknownOffset;
    }
    return static_cast<std::size_t>(piece.data() - text_.data());
  }

  // By sorting, not hashing: no choice of keys makes it slow.
  const Key* duplicate_key(const Frame& frame) {
    const auto begin = keys_.begin() + static_cast<std::ptrdiff_t>(frame.first_key);
    std::sort(begin, keys_.end());
    const auto equal = [](const Key& a, const Key& b) { return a.text == b.text; };
    const auto twice = std::adjacent_find(begin, keys_.end(), equal);
    return twice == keys_.end() ? nullptr : &*(twice + 1);
  }

  bool duplicate(const Key& key, error_code& ec) {
    std::string path = path_of_last_frame();
    if (!path.empty()) path += '.';
    path += std::string(key.text);
    return fail("the key '" + path + "' stands there twice", ec, key.offset);
  }

  // The path of the innermost open object: the keys and indices that lead to it.
  std::string path_of_last_frame() const {
    std::string path;
    for (std::size_t i = 0; i + 1 < frames_.size(); ++i) {
      if (!frames_[i].is_object) {
        path += '[' + std::to_string(frames_[i].values - 1) + ']';
        continue;
      }
      if (!path.empty()) path += '.';
      path += std::string(keys_[frames_[i + 1].first_key - 1].text);
    }
    return path;
  }

  std::string_view text_;
  const JsonLimits& limits_;
  json::value_stack* tree_;
  std::vector<Frame> frames_;
  std::vector<Key> keys_;                 // of the open objects, outermost first
  std::deque<std::string> escaped_keys_;  // those of keys_ that are not slices of text_
  std::string part_;                      // of the string or key that is coming
  std::size_t values_ = 0;
  std::string problem_;
  std::size_t problem_offset_ = kUnknownOffset;
};

Error error_at(const JsonLimits& limits, const std::string& problem, std::size_t offset) {
  return Error(limits.kind, problem + " (at byte " + std::to_string(offset) + ")");
}

std::string words_for(const error_code& ec, const JsonLimits& limits) {
  if (ec == json::error::too_deep) {
    return "more than " + std::to_string(limits.depth_max) + " levels of arrays and objects";
  }
  if (ec == json::error::incomplete) return "the text ends inside a value";
  if (ec == json::error::exponent_overflow) return "a number is beyond the range of a double";
  return ec.message();
}

Result<void> parse(std::string_view text, const JsonLimits& limits, json::value_stack* tree) {
  const std::size_t valid = valid_utf8_prefix(text);
  if (valid != text.size()) return error_at(limits, "bytes that are not UTF-8", valid);
  json::parse_options options;
  options.max_depth = limits.depth_max;
  options.allow_invalid_utf8 = true;  // just checked
  json::basic_parser<Handler> parser(options, text, limits, tree);
  error_code ec;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), ec);
  const Handler& handler = parser.handler();
  if (!handler.problem().empty()) {
    const std::size_t offset = handler.problem_offset();
    return error_at(limits, handler.problem(), offset == kUnknownOffset ? read : offset);
  }
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return error_at(limits, "the text is empty", text.size());
  }
  if (ec) return error_at(limits, words_for(ec, limits), read);
  if (read < text.size()) return error_at(limits, "something follows the value", read);
  return {};
}

}  // namespace

Result<void> check_json(std::string_view text, const JsonLimits& limits) {
  try {
    return parse(text, limits, nullptr);
  } catch (const std::exception& e) {
    return Error(limits.kind, std::string("the JSON cannot be read: ") + e.what());
  }
}

Result<boost::json::value> read_json(std::string_view text, const JsonLimits& limits) {
  try {
    json::value_stack tree;
    tree.reset();
    if (Result<void> checked = parse(text, limits, &tree); !checked) {
      return std::move(checked).error();
    }
    return tree.release();
  } catch (const std::exception& e) {
    return Error(limits.kind, std::string("the JSON cannot be read: ") + e.what());
  }
}

}  // namespace retort::base
