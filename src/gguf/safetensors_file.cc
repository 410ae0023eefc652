// See safetensors_file.h.
#include "gguf/safetensors_file.h"

#include <array>
#include <optional>
#include <utility>

#include "base/json_view.h"
#include "gguf/byte_cursor.h"

namespace retort::gguf {
namespace {

using base::JsonView;

struct TypeName {
  std::string_view name;
  tensor::DType type;
};

constexpr std::array<TypeName, 8> kTypeNames = {{{"F32", tensor::DType::f32},
                                                 {"F16", tensor::DType::f16},
                                                 {"BF16", tensor::DType::bf16},
                                                 {"F64", tensor::DType::f64},
                                                 {"I64", tensor::DType::i64},
                                                 {"I32", tensor::DType::i32},
                                                 {"I16", tensor::DType::i16},
                                                 {"I8", tensor::DType::i8}}};

std::optional<tensor::DType> type_named(std::string_view name) noexcept {
  for (const TypeName& known : kTypeNames) {
    if (known.name == name) return known.type;
  }
  return std::nullopt;
}

// The elements of an array of integers that are not negative; nothing where it is none.
std::optional<std::vector<std::uint64_t>> unsigned_numbers(const std::optional<JsonView>& array,
                                                           std::size_t count_max) {
  if (!array || !array->is_array()) return std::nullopt;
  std::vector<std::uint64_t> numbers;
  for (const JsonView& element : array->elements()) {
    const auto number = element.integer();
    if (!number || *number < 0 || numbers.size() == count_max) return std::nullopt;
    numbers.push_back(static_cast<std::uint64_t>(*number));
  }
  return numbers;
}

}  // namespace

class SafetensorsReader {
 public:
  SafetensorsReader(SafetensorsFile& file, std::span<const std::byte> bytes,
                    const SafetensorsLimits& limits)
      : file_(file), bytes_(bytes), limits_(limits), cursor_(bytes, file.name_) {}

  Result<void> read() {
    auto header = cursor_.string(limits_.header_bytes_max, "the header");
    if (!header) return std::move(header).error();
    data_start_ = cursor_.offset();
    base::JsonLimits json;
    json.values_max = 16 * limits_.tensor_count_max;
    json.kind = ErrorKind::malformed;
    auto root = JsonView::parse(*header, json);
    if (!root) {
      return cursor_.error_at(8, "the header is no valid JSON: " + root.error().message());
    }
    if (!root->is_object()) return cursor_.error_at(8, "the header is no JSON object");
    for (const base::JsonMember& member : root->members()) {
      if (member.key == "__metadata__") continue;
      if (file_.tensors_.size() == limits_.tensor_count_max) {
        return cursor_.error_at(8, "the header lists more than " +
                                       std::to_string(limits_.tensor_count_max) + " tensors");
      }
      if (auto done = read_tensor(member); !done) return done;
    }
    return {};
  }

 private:
  Result<void> read_tensor(const base::JsonMember& member) {
    SafetensorsTensor tensor;
    tensor.name = member.key;
    const auto wrong = [&](const std::string& what) {
      return cursor_.error_at(8, "tensor '" + tensor.name + "' " + what);
    };
    if (!member.value.is_object()) return wrong("is not described by an object");
    const auto type = member.value.find("dtype");
    if (!type || !type->is_string()) return wrong("has no dtype");
    const auto known = type_named(type->string());
    if (!known) {
      return cursor_.error_at(8,
                              "tensor '" + tensor.name + "' has the dtype '" + type->string() + "'",
                              "this type is not supported; convert the model to BF16, F16 or F32");
    }
    tensor.type = *known;
    auto shape = unsigned_numbers(member.value.find("shape"), limits_.rank_max);
    if (!shape) return wrong("has no valid shape");
    tensor.shape = std::move(*shape);
    const auto place = unsigned_numbers(member.value.find("data_offsets"), 2);
    if (!place || place->size() != 2) return wrong("has no valid data_offsets");
    return place_tensor(std::move(tensor), (*place)[0], (*place)[1]);
  }

  // Checks [begin, end), counted from the end of the header, against the file and the shape.
  Result<void> place_tensor(SafetensorsTensor tensor, std::uint64_t begin, std::uint64_t end) {
    const std::string described = "tensor '" + tensor.name + "'";
    const std::uint64_t available = bytes_.size() - data_start_;
    if (begin > end || end > available) {
      return cursor_.error_at(8, described + " lies at data_offsets [" + std::to_string(begin) +
                                     ", " + std::to_string(end) + "], but the file has " +
                                     std::to_string(available) + " bytes of data");
    }
    std::uint64_t elements = 1;
    for (const std::uint64_t dimension : tensor.shape) {
      if (dimension == 0 || __builtin_mul_overflow(elements, dimension, &elements)) {
        return cursor_.error_at(8, described + " has a dimension of " + std::to_string(dimension) +
                                       ", which gives it an impossible size");
      }
    }
    const auto bytes = tensor::dtype_bytes(tensor.type, elements);
    if (!bytes || *bytes != end - begin) {
      return cursor_.error_at(8, described + " has " + std::to_string(end - begin) +
                                     " bytes, which does not fit its shape and dtype");
    }
    tensor.bytes = *bytes;
    tensor.offset = data_start_ + begin;
    tensor.data = bytes_.data() + tensor.offset;
    file_.tensors_.push_back(std::move(tensor));
    return {};
  }

  SafetensorsFile& file_;
  std::span<const std::byte> bytes_;
  const SafetensorsLimits& limits_;
  ByteCursor cursor_;
  std::uint64_t data_start_ = 0;
};

Result<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path,
                                              const SafetensorsLimits& limits) {
  auto mapped = base::MappedFile::open(path);
  if (!mapped) return std::move(mapped).error();
  auto file = parse(mapped->bytes(), path.string(), limits);
  if (!file) return file;
  file->file_ = std::move(*mapped);
  return file;
}

Result<SafetensorsFile> SafetensorsFile::parse(std::span<const std::byte> bytes,
                                               std::string_view name,
                                               const SafetensorsLimits& limits) {
  SafetensorsFile file{std::string(name)};
  SafetensorsReader reader(file, bytes, limits);
  if (auto done = reader.read(); !done) return std::move(done).error();
  return file;
}

}  // namespace retort::gguf
