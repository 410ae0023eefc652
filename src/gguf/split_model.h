// A model that is cut into several GGUF files: NAME-00001-of-00003.gguf and so on.
//
// Hubs limit the size of a file. The first part has the model's metadata, every part some of its
// tensors, and each says which part it is of how many (the keys split.no, split.count and
// split.tensors.count). GgufFile::open() finds and joins the parts by what is here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <retort/result.h>

#include "gguf/metadata.h"

namespace retort::gguf {

inline constexpr std::uint64_t kPartsMax = 10'000;  // of one model

// What a part says of itself; a file that is a whole model is part 1 of 1.
struct SplitPlace {
  std::uint64_t number = 1;              // from 1; the file counts from 0
  std::uint64_t count = 1;               // of parts
  std::optional<std::uint64_t> tensors;  // of all parts together
};

// Errors (malformed) name the file and the key.
Result<SplitPlace> read_split_place(const Metadata& metadata, const std::string& file);

// "NAME" of "NAME-00002-of-00003.gguf"; nothing where the file's name is no part's.
std::optional<std::string> split_stem(std::string_view file_name);

// The file beside `part`, whose name must be a part's, that is part `number` of `count`.
std::filesystem::path split_path(const std::filesystem::path& part, std::uint64_t number,
                                 std::uint64_t count);

}  // namespace retort::gguf
