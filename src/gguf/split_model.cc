// See split_model.h.
#include "gguf/split_model.h"

#include <algorithm>
#include <cstdio>

namespace retort::gguf {
namespace {

constexpr std::string_view kEnding = ".gguf";
constexpr std::string_view kOf = "-of-";
constexpr std::size_t kDigits = 5;
constexpr std::size_t kTail = 1 + kDigits + kOf.size() + kDigits;  // "-00002-of-00003"

bool are_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Result<SplitPlace> read_split_place(const Metadata& metadata, const std::string& file) {
  SplitPlace place;
  auto count = metadata.optional_uint("split.count");
  if (!count) return std::move(count).error();
  auto number = metadata.optional_uint("split.no");
  if (!number) return std::move(number).error();
  auto tensors = metadata.optional_uint("split.tensors.count");
  if (!tensors) return std::move(tensors).error();
  // Zero and one are what some programs say of a file that is not split.
  if (count->value_or(0) <= 1) return place;
  place = {.number = number->value_or(0) + 1, .count = **count, .tensors = *tensors};
  if (place.count > kPartsMax || number->value_or(0) >= place.count) {
    return Error(ErrorKind::malformed, file + ": split.no is " +
                                           std::to_string(number->value_or(0)) +
                                           " and split.count is " + std::to_string(place.count) +
                                           ", which is no part of a model; at most " +
                                           std::to_string(kPartsMax) + " parts are supported");
  }
  return place;
}

std::optional<std::string> split_stem(std::string_view file_name) {
  if (!file_name.ends_with(kEnding)) return std::nullopt;
  file_name.remove_suffix(kEnding.size());
  if (file_name.size() <= kTail) return std::nullopt;
  const std::string_view tail = file_name.substr(file_name.size() - kTail);
  const bool is_part = tail[0] == '-' && are_digits(tail.substr(1, kDigits)) &&
                       tail.substr(1 + kDigits, kOf.size()) == kOf &&
                       are_digits(tail.substr(kTail - kDigits));
  if (!is_part) return std::nullopt;
  return std::string(file_name.substr(0, file_name.size() - kTail));
}

std::filesystem::path split_path(const std::filesystem::path& part, std::uint64_t number,
                                 std::uint64_t count) {
  char tail[64];
  std::snprintf(tail, sizeof tail, "-%05llu-of-%05llu", static_cast<unsigned long long>(number),
                static_cast<unsigned long long>(count));
  const std::string stem = split_stem(part.filename().string()).value_or("");
  return part.parent_path() / (stem + tail + std::string(kEnding));
}

}  // namespace retort::gguf
