// See gguf_file.h.
//
// GgufReader walks the file once, in file order: header, metadata, tensor table, and then, when the
// alignment and the table's end are known, each tensor's place.
#include "gguf/gguf_file.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "gguf/byte_cursor.h"
#include "gguf/split_model.h"

namespace retort::gguf {
namespace {

constexpr std::uint32_t kMagic = 0x46554747;  // "GGUF" read as little-endian

// Bytes of one value of a fixed-size type; 0 for strings and arrays.
std::uint64_t fixed_bytes(ValueType type) noexcept {
  switch (type) {
    case ValueType::u8:
    case ValueType::i8:
    case ValueType::boolean:
      return 1;
    case ValueType::u16:
    case ValueType::i16:
      return 2;
    case ValueType::u32:
    case ValueType::i32:
    case ValueType::f32:
      return 4;
    case ValueType::u64:
    case ValueType::i64:
    case ValueType::f64:
      return 8;
    default:
      return 0;
  }
}

std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

}  // namespace

class GgufReader {
 public:
  GgufReader(GgufFile& file, const GgufLimits& limits)
      : file_(file), limits_(limits), cursor_(file.bytes_, file.name_) {}

  Result<void> read() {
    if (auto done = read_header(); !done) return done;
    for (std::uint64_t i = 0; i < metadata_count_; ++i) {
      if (auto done = read_pair(i); !done) return done;
    }
    if (auto done = read_alignment(); !done) return done;
    file_.tensors_.reserve(tensor_count_);
    for (std::uint64_t i = 0; i < tensor_count_; ++i) {
      if (auto done = read_tensor(i); !done) return done;
    }
    return place_tensors();
  }

 private:
  Result<void> read_header() {
    auto magic = cursor_.number<std::uint32_t>("the magic number");
    if (!magic) return std::move(magic).error();
    if (*magic != kMagic) {
      return cursor_.error_at(0, "the file does not begin with \"GGUF\"",
                              "it is no GGUF model file");
    }
    auto version = cursor_.number<std::uint32_t>("the version");
    if (!version) return std::move(version).error();
    if (auto checked = check_version(*version); !checked) return checked;
    file_.version_ = *version;
    auto tensors = cursor_.number<std::uint64_t>("the tensor count");
    if (!tensors) return std::move(tensors).error();
    auto pairs = cursor_.number<std::uint64_t>("the metadata count");
    if (!pairs) return std::move(pairs).error();
    // 24 and 13 bytes are the least a tensor entry and a metadata pair take, so a count beyond what
    // remains is refused before anything is reserved for it.
    if (auto ok = check_count(8, "tensors", *tensors, limits_.tensor_count_max, 24); !ok) return ok;
    if (auto ok = check_count(16, "metadata keys", *pairs, limits_.metadata_count_max, 13); !ok) {
      return ok;
    }
    tensor_count_ = *tensors;
    metadata_count_ = *pairs;
    return {};
  }

  Result<void> check_version(std::uint32_t version) const {
    if (version == 2 || version == 3) return {};
    const std::uint32_t swapped = __builtin_bswap32(version);
    if (swapped >= 1 && swapped <= 3) {
      return cursor_.error_at(4, "the file is big-endian",
                              "convert the model with --bigendian left out");
    }
    return cursor_.error_at(4, "GGUF version " + std::to_string(version) + " is not supported",
                            "versions 2 and 3 are; convert the model again");
  }

  Result<void> check_count(std::uint64_t offset, std::string_view what, std::uint64_t count,
                           std::uint64_t count_max, std::uint64_t bytes_least) const {
    if (count <= count_max && count <= cursor_.remaining() / bytes_least) return {};
    return cursor_.error_at(offset, "a count of " + std::to_string(count) + " " +
                                        std::string(what) + " is more than the file can hold");
  }

  Result<void> read_pair(std::uint64_t index) {
    const std::uint64_t start = cursor_.offset();
    const std::string what = "metadata key " + std::to_string(index);
    auto key = cursor_.string(limits_.key_bytes_max, what);
    if (!key) return std::move(key).error();
    auto type = cursor_.number<std::uint32_t>("the type of " + quoted(*key));
    if (!type) return std::move(type).error();
    Value value;
    value.key = *key;
    value.offset = cursor_.offset();
    value.type = static_cast<ValueType>(*type);
    if (auto done = read_value(value); !done) return done;
    if (!file_.metadata_.add(std::move(value))) {
      return cursor_.error_at(start, "metadata key " + quoted(*key) + " stands twice");
    }
    return {};
  }

  Result<void> read_value(Value& value) {
    const std::string what = "the value of " + quoted(value.key);
    if (value.type == ValueType::array) return read_array(value);
    if (value.type == ValueType::string) {
      auto text = cursor_.string(limits_.string_bytes_max, what);
      if (!text) return std::move(text).error();
      value.bytes = std::as_bytes(std::span(*text));
      return {};
    }
    const std::uint64_t size = fixed_bytes(value.type);
    if (size == 0) return unknown_type(value.offset - 4, value.key, value.type);
    auto bytes = cursor_.take(size, what);
    if (!bytes) return std::move(bytes).error();
    value.bytes = *bytes;
    if (value.type == ValueType::boolean && value.bytes[0] > std::byte{1}) {
      return cursor_.error_at(value.offset, what + " is neither true nor false");
    }
    return {};
  }

  Result<void> read_array(Value& value) {
    const std::string what = "the array " + quoted(value.key);
    auto type = cursor_.number<std::uint32_t>(what);
    if (!type) return std::move(type).error();
    value.element_type = static_cast<ValueType>(*type);
    auto count = cursor_.number<std::uint64_t>(what);
    if (!count) return std::move(count).error();
    if (*count > limits_.array_count_max) {
      return cursor_.error_at(value.offset + 4, what + " says it has " + std::to_string(*count) +
                                                    " elements, more than the " +
                                                    std::to_string(limits_.array_count_max) +
                                                    " allowed");
    }
    value.count = *count;
    if (value.element_type == ValueType::string) return read_strings(value, what);
    const std::uint64_t size = fixed_bytes(value.element_type);
    if (size == 0) return unknown_type(value.offset, value.key, value.element_type);
    auto bytes = cursor_.take(*count * size, what);  // at most 2^24 x 8: no overflow
    if (!bytes) return std::move(bytes).error();
    value.bytes = *bytes;
    return {};
  }

  Result<void> read_strings(Value& value, const std::string& what) {
    value.strings.reserve(std::min(value.count, cursor_.remaining() / sizeof(std::uint64_t)));
    for (std::uint64_t i = 0; i < value.count; ++i) {
      auto text = cursor_.string(limits_.string_bytes_max, what);
      if (!text) return std::move(text).error();
      value.strings.push_back(*text);
    }
    return {};
  }

  Error unknown_type(std::uint64_t offset, std::string_view key, ValueType type) const {
    if (type == ValueType::array) {
      return cursor_.error_at(offset, "metadata key " + quoted(key) + " is an array of arrays",
                              "nested arrays are not supported");
    }
    return cursor_.error_at(offset, "metadata key " + quoted(key) + " has the unknown value type " +
                                        std::to_string(static_cast<std::uint32_t>(type)));
  }

  Result<void> read_alignment() {
    const Value* value = file_.metadata_.find("general.alignment");
    if (value == nullptr) return {};
    auto alignment = file_.metadata_.uint("general.alignment");
    if (!alignment) return std::move(alignment).error();
    if (!std::has_single_bit(*alignment) || *alignment < 8 || *alignment > limits_.alignment_max) {
      return cursor_.error_at(
          value->offset, "general.alignment is " + std::to_string(*alignment),
          "it must be a power of two from 8 to " + std::to_string(limits_.alignment_max));
    }
    file_.alignment_ = *alignment;
    return {};
  }

  Result<void> read_tensor(std::uint64_t index) {
    const std::uint64_t start = cursor_.offset();
    GgufTensor tensor;
    auto name =
        cursor_.string(limits_.name_bytes_max, "the name of tensor " + std::to_string(index));
    if (!name) return std::move(name).error();
    tensor.name = *name;
    if (auto done = read_shape(tensor); !done) return done;
    const std::uint64_t type_offset = cursor_.offset();
    auto type = cursor_.number<std::uint32_t>(described(tensor));
    if (!type) return std::move(type).error();
    const auto known = tensor::dtype_from_ggml(*type);
    if (!known) {
      return cursor_.error_at(
          type_offset, described(tensor) + " has the unknown type number " + std::to_string(*type),
          "the model needs a newer program, or the file is damaged");
    }
    tensor.type = *known;
    auto offset = cursor_.number<std::uint64_t>(described(tensor));
    if (!offset) return std::move(offset).error();
    tensor.offset = *offset;
    if (auto done = size_tensor(tensor, start); !done) return done;
    if (!file_.index_.emplace(tensor.name, file_.tensors_.size()).second) {
      return cursor_.error_at(start, described(tensor) + " stands twice in the table");
    }
    file_.tensors_.push_back(tensor);
    return {};
  }

  Result<void> read_shape(GgufTensor& tensor) {
    const std::uint64_t start = cursor_.offset();
    auto rank = cursor_.number<std::uint32_t>(described(tensor));
    if (!rank) return std::move(rank).error();
    if (*rank < 1 || *rank > kTensorRankMax) {
      return cursor_.error_at(
          start, described(tensor) + " has " + std::to_string(*rank) + " dimensions, not 1 to 4");
    }
    tensor.rank = *rank;
    for (std::size_t i = 0; i < tensor.rank; ++i) {
      auto dimension = cursor_.number<std::uint64_t>(described(tensor));
      if (!dimension) return std::move(dimension).error();
      tensor.dimensions[i] = *dimension;
    }
    return {};
  }

  // Fills in `bytes`: rows of whole blocks, and a size that fits.
  Result<void> size_tensor(GgufTensor& tensor, std::uint64_t start) const {
    std::uint64_t elements = 1;
    for (const std::uint64_t dimension : tensor.shape()) {
      if (dimension == 0 || __builtin_mul_overflow(elements, dimension, &elements)) {
        return cursor_.error_at(start, described(tensor) + " has a dimension of " +
                                           std::to_string(dimension) +
                                           ", which gives it an impossible size");
      }
    }
    const tensor::DTypeInfo& info = tensor::dtype_info(tensor.type);
    if (tensor.dimensions[0] % info.block_elements != 0) {
      return cursor_.error_at(start, described(tensor) + " of type " + std::string(info.name) +
                                         " has rows of " + std::to_string(tensor.dimensions[0]) +
                                         " elements, no multiple of " +
                                         std::to_string(info.block_elements));
    }
    const auto bytes = tensor::dtype_bytes(tensor.type, elements);
    if (!bytes) return cursor_.error_at(start, described(tensor) + " has an impossible size");
    tensor.bytes = *bytes;
    return {};
  }

  // Turns offsets from the data's start into offsets from the file's start, and checks each tensor
  // against the file's end and against its neighbours.
  Result<void> place_tensors() {
    if (file_.tensors_.empty()) return {};
    const std::uint64_t table_end = cursor_.offset();
    const std::uint64_t mask = file_.alignment_ - 1;
    const std::uint64_t data_start = (table_end + mask) & ~mask;
    const std::uint64_t file_bytes = file_.bytes_.size();
    for (GgufTensor& tensor : file_.tensors_) {
      if ((tensor.offset & mask) != 0) {
        return cursor_.error_at(table_end, described(tensor) + " is at offset " +
                                               std::to_string(tensor.offset) +
                                               " of the data, no multiple of the alignment " +
                                               std::to_string(file_.alignment_));
      }
      if (data_start > file_bytes || tensor.offset > file_bytes - data_start ||
          tensor.bytes > file_bytes - data_start - tensor.offset) {
        return cursor_.error_at(file_bytes, described(tensor) + " (" +
                                                std::to_string(tensor.bytes) + " bytes at offset " +
                                                std::to_string(tensor.offset) +
                                                " of the data) runs past the end of the file");
      }
      tensor.offset += data_start;
      tensor.data = file_.bytes_.data() + tensor.offset;
    }
    return check_overlap();
  }

  Result<void> check_overlap() const {
    std::vector<const GgufTensor*> order;
    order.reserve(file_.tensors_.size());
    for (const GgufTensor& tensor : file_.tensors_) order.push_back(&tensor);
    std::sort(order.begin(), order.end(),
              [](const GgufTensor* a, const GgufTensor* b) { return a->offset < b->offset; });
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (order[i]->offset - order[i - 1]->offset >= order[i - 1]->bytes) continue;
      return cursor_.error_at(order[i]->offset,
                              described(*order[i]) + " lies inside " + described(*order[i - 1]));
    }
    return {};
  }

  static std::string described(const GgufTensor& tensor) { return "tensor " + quoted(tensor.name); }

  GgufFile& file_;
  const GgufLimits& limits_;
  ByteCursor cursor_;
  std::uint64_t tensor_count_ = 0;
  std::uint64_t metadata_count_ = 0;
};

namespace {

// Whether a part says of itself what its name says.
Result<void> check_place(const GgufFile& part, const SplitPlace& wanted) {
  const auto place = read_split_place(part.metadata(), part.name());
  if (!place) return place.error();
  if (place->number == wanted.number && place->count == wanted.count &&
      place->tensors == wanted.tensors) {
    return {};
  }
  return Error(ErrorKind::malformed,
               part.name() + ": it says that it is part " + std::to_string(place->number) + " of " +
                   std::to_string(place->count) +
                   (place->tensors == wanted.tensors ? "" : " of another model") +
                   "; the parts do not belong together, fetch them again");
}

}  // namespace

Result<GgufFile> GgufFile::open(const std::filesystem::path& path, const GgufLimits& limits) {
  auto file = open_one(path, limits);
  if (!file) return file;
  const auto place = read_split_place(file->metadata_, file->name_);
  if (!place) return place.error();
  if (place->count == 1) return file;
  if (!split_stem(path.filename().string())) {
    return Error(ErrorKind::malformed,
                 file->name_ + ": it is part " + std::to_string(place->number) + " of " +
                     std::to_string(place->count) +
                     " of a model, and its name does not say so; give the parts back their names "
                     "(NAME-00001-of-00003.gguf)");
  }
  return open_parts(path, *place, limits);
}

Result<GgufFile> GgufFile::open_parts(const std::filesystem::path& path, const SplitPlace& place,
                                      const GgufLimits& limits) {
  std::optional<GgufFile> whole;
  for (std::uint64_t number = 1; number <= place.count; ++number) {
    const std::filesystem::path part_path = split_path(path, number, place.count);
    std::error_code ignored;  // what cannot be looked at is reported by opening it
    if (!std::filesystem::exists(part_path, ignored) && !ignored) {
      return Error(ErrorKind::io, part_path.string() + ": this part of the model is missing; all " +
                                      std::to_string(place.count) +
                                      " parts must lie in one folder (retort pull fetches them)");
    }
    auto part = open_one(part_path, limits);
    if (!part) return part;
    if (auto fits = check_place(*part, {number, place.count, place.tensors}); !fits) {
      return std::move(fits).error();
    }
    if (!whole) {
      whole = std::move(*part);
    } else if (auto joined = whole->join(std::move(*part)); !joined) {
      return std::move(joined).error();
    }
  }
  if (place.tensors && *place.tensors != whole->tensors_.size()) {
    return Error(ErrorKind::malformed, whole->name_ + ": its " + std::to_string(place.count) +
                                           " parts have " + std::to_string(whole->tensors_.size()) +
                                           " tensors, not the " + std::to_string(*place.tensors) +
                                           " of split.tensors.count; fetch them again");
  }
  return std::move(*whole);
}

// Takes over the tensors of the next part, and the part with them.
Result<void> GgufFile::join(GgufFile other) {
  const std::size_t part = parts();
  for (GgufTensor& tensor : other.tensors_) {
    tensor.part = part;
    if (!index_.emplace(tensor.name, tensors_.size()).second) {
      return Error(ErrorKind::malformed, other.name_ + ": tensor " + quoted(tensor.name) +
                                             " is also in " + name_of(*find_tensor(tensor.name)));
    }
    tensors_.push_back(tensor);
  }
  other.tensors_ = {};
  other.index_ = {};
  others_.push_back(std::move(other));
  return {};
}

Result<GgufFile> GgufFile::open_one(const std::filesystem::path& path, const GgufLimits& limits) {
  auto mapped = base::MappedFile::open(path);
  if (!mapped) return std::move(mapped).error();
  auto file = parse(mapped->bytes(), path.string(), limits);
  if (!file) return file;
  file->file_ = std::move(*mapped);
  return file;
}

Result<GgufFile> GgufFile::parse(std::span<const std::byte> bytes, std::string_view name,
                                 const GgufLimits& limits) {
  GgufFile file{std::string(name)};
  file.bytes_ = bytes;
  GgufReader reader(file, limits);
  if (auto done = reader.read(); !done) return std::move(done).error();
  return file;
}

const GgufTensor* GgufFile::find_tensor(std::string_view name) const noexcept {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

}  // namespace retort::gguf
