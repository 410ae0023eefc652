// See weight_source.h.
#include "model/weight_source.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/mapped_file.h"
#include "tensor/kernels.h"
#include "tensor/matrix.h"

namespace retort::model {
namespace {

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string text = "[";
  for (const std::uint64_t dimension : shape) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(dimension);
  }
  return text + "]";
}

Error wrong(const StoredTensor& tensor, const std::string& what) {
  return Error(ErrorKind::malformed, tensor.file + ": tensor '" + tensor.name + "' " + what);
}

// 64 bits of hash, eight bytes at a time: the multiply-and-fold step of wyhash (Wang Yi, public
// domain). Not made to resist forgery.
class Hash {
 public:
  void add(std::uint64_t value) {
    const auto product = static_cast<unsigned __int128>(state_ ^ value) * 0x9E3779B97F4A7C15ULL;
    state_ = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64) ^
             0xA0761D6478BD642FULL;
  }
  void add(const std::byte* data, std::size_t bytes) {
    add(bytes);
    for (std::size_t i = 0; i < bytes; i += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, data + i, std::min<std::size_t>(8, bytes - i));
      add(word);
    }
  }
  std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0x2D358DCCAA6C78A5ULL;
};

// All bytes up to 64 KiB; 64 windows of 64 bytes, evenly spread from first to last, beyond that.
void hash_samples(Hash& hash, const StoredTensor& tensor) {
  constexpr std::uint64_t kWhole = 64 << 10;
  constexpr std::uint64_t kWindows = 64;
  constexpr std::uint64_t kWindow = 64;
  if (tensor.bytes <= kWhole) return hash.add(tensor.data, tensor.bytes);
  const std::uint64_t step = (tensor.bytes - kWindow) / (kWindows - 1);
  for (std::uint64_t i = 0; i < kWindows; ++i) hash.add(tensor.data + i * step, kWindow);
}

}  // namespace

WeightSource WeightSource::of(const gguf::GgufFile& file) {
  WeightSource source;
  source.file_ = file.name();
  for (const gguf::GgufTensor& tensor : file.tensors()) {
    StoredTensor stored;
    stored.file = file.name_of(tensor);
    stored.name = std::string(tensor.name);
    stored.type = tensor.type;
    stored.shape.assign(tensor.shape().rbegin(), tensor.shape().rend());
    stored.data = tensor.data;
    stored.bytes = tensor.bytes;
    stored.mapped = file.is_mapped();
    source.tensors_.emplace(stored.name, std::move(stored));
  }
  return source;
}

Result<WeightSource> WeightSource::of(const gguf::HuggingFaceFolder& folder,
                                      const arch::Architecture& architecture) {
  WeightSource source;
  source.file_ = folder.name();
  for (const gguf::SafetensorsFile& file : folder.files()) {
    for (const gguf::SafetensorsTensor& tensor : file.tensors()) {
      StoredTensor stored;
      stored.file = file.name();
      stored.name = tensor.name;
      stored.type = tensor.type;
      stored.shape = tensor.shape;
      stored.data = tensor.data;
      stored.bytes = tensor.bytes;
      stored.mapped = file.is_mapped();
      auto name = arch::gguf_tensor_name(architecture, tensor.name);
      if (!name) {
        return wrong(stored, "is not part of a " + std::string(architecture.name()) + " model");
      }
      if (!name->empty()) source.tensors_.emplace(std::move(*name), std::move(stored));
    }
  }
  return source;
}

Result<const StoredTensor*> WeightSource::take(const std::string& name,
                                               const std::vector<std::uint64_t>& shape) {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    return Error(ErrorKind::malformed, file_ + ": tensor '" + name +
                                           "' is missing; the model is incomplete, download or "
                                           "convert it again");
  }
  StoredTensor& tensor = found->second;
  if (tensor.shape != shape) {
    return wrong(tensor, "has the shape " + shape_text(tensor.shape) +
                             ", but the config asks for " + shape_text(shape));
  }
  if (!tensor::is_weight_type(tensor.type)) {
    return wrong(tensor, "has the type " + std::string(tensor::dtype_name(tensor.type)) +
                             ", which is not supported; supported: " +
                             std::string(tensor::weight_type_names()));
  }
  tensor.taken = true;
  return &tensor;
}

std::uint64_t WeightSource::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [name, tensor] : tensors_) sum += tensor.bytes;
  return sum;
}

Result<StoredMatrix> WeightSource::matrix(const std::string& name, std::int64_t rows,
                                          std::int64_t cols) {
  return matrix_rows(name, {static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(cols)}, 0,
                     rows);
}

Result<StoredMatrix> WeightSource::matrix_rows(const std::string& name,
                                               const std::vector<std::uint64_t>& shape,
                                               std::int64_t first, std::int64_t rows) {
  auto tensor = take(name, shape);
  if (!tensor) return std::move(tensor).error();
  std::uint64_t stored_rows = 1;
  for (std::size_t i = 0; i + 1 < shape.size(); ++i) stored_rows *= shape[i];
  const std::uint64_t row_bytes = (*tensor)->bytes / stored_rows;
  return StoredMatrix{.type = (*tensor)->type,
                      .rows = static_cast<std::size_t>(rows),
                      .cols = static_cast<std::size_t>(shape.back()),
                      .data = (*tensor)->data + static_cast<std::uint64_t>(first) * row_bytes,
                      .bytes = static_cast<std::uint64_t>(rows) * row_bytes,
                      .mapped = (*tensor)->mapped};
}

Result<std::vector<float>> WeightSource::vector(const std::string& name, std::int64_t count) {
  auto tensor = take(name, {static_cast<std::uint64_t>(count)});
  if (!tensor) return std::move(tensor).error();
  auto row =
      tensor::Matrix::make((*tensor)->type, 1, static_cast<std::size_t>(count), (*tensor)->data);
  if (!row) return std::move(row).error();
  std::vector<float> values(static_cast<std::size_t>(count));
  row->read_row(0, values.data());
  return values;
}

Result<std::vector<float>> WeightSource::bias(const std::string& name, std::int64_t count,
                                              bool required) {
  if (!required && !has(name)) return std::vector<float>();
  return vector(name, count);
}

void WeightSource::ignore(const std::string& name) {
  const auto found = tensors_.find(name);
  if (found != tensors_.end()) found->second.taken = true;
}

Result<void> WeightSource::check_all_taken() const {
  const StoredTensor* first = nullptr;  // by name, so that the message is always the same
  for (const auto& [name, tensor] : tensors_) {
    if (!tensor.taken && (first == nullptr || tensor.name < first->name)) first = &tensor;
  }
  if (first == nullptr) return {};
  return wrong(*first, "is not part of the model that the config describes");
}

std::uint64_t WeightSource::hash() const {
  std::vector<const StoredTensor*> order;
  order.reserve(tensors_.size());
  for (const auto& [name, tensor] : tensors_) order.push_back(&tensor);
  std::sort(order.begin(), order.end(),
            [](const auto* a, const auto* b) { return a->name < b->name; });
  Hash hash;
  for (const StoredTensor* tensor : order) {
    hash.add(reinterpret_cast<const std::byte*>(tensor->name.data()), tensor->name.size());
    hash.add(static_cast<std::uint64_t>(tensor->type));
    for (const std::uint64_t dimension : tensor->shape) hash.add(dimension);
    hash_samples(hash, *tensor);
    if (tensor->mapped) base::MappedFile::release_pages({tensor->data, tensor->bytes});
  }
  return hash.value();
}

}  // namespace retort::model
