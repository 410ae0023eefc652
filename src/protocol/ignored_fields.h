// The fields of a request that had no effect, for the answer's x-retort-ignored header.
//
// Retort honours a field or refuses it; what it does not know it accepts, because clients add
// vendors' fields freely, and says so here. The parser adds the unknown fields; the provider adds
// what the model has no place for (a logit_bias id outside the vocabulary, a message's name).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace retort::protocol {

// A field's name as a piece of a path in the header: every byte but letters, digits, `_` and `-`
// percent-encoded, so that dots, brackets and commas are always the path's and the list's own.
std::string encode_field_name(std::string_view name);

// A list of at most 32 paths and a count of the rest, so that no request makes it grow. Not
// thread-safe.
class IgnoredFields {
 public:
  static constexpr std::size_t kPathsMax = 32;
  static constexpr std::size_t kHeaderBytesMax = 1024;

  // `path` names a field as error.param does (messages[0].foo), its names encoded by
  // encode_field_name.
  void add(std::string path);

  bool empty() const { return paths_.empty() && more_ == 0; }
  // The paths in the order they came, the first 32.
  const std::vector<std::string>& paths() const { return paths_; }

  // The header's value, "a, messages[0].b, +3": as many paths as fit into 32 and 1,024 bytes, then
  // how many did not. Empty where nothing was ignored.
  std::string header_value() const;

 private:
  std::vector<std::string> paths_;
  std::size_t more_ = 0;
};

}  // namespace retort::protocol
