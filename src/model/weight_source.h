// WeightSource: the tensors of a model file under the names that GGUF gives them, each to be taken
// once with the shape that the model's config asks for.
//
// Whatever the file is, the loader (weights.cc) asks by one name and is told, in terms of the file,
// what is missing, misshapen, of a type that cannot be computed with, or left over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include <retort/result.h>

#include "arch/architecture.h"
#include "gguf/gguf_file.h"
#include "gguf/hugging_face_folder.h"
#include "model/pending_matrices.h"
#include "tensor/dtype.h"

namespace retort::model {

// A tensor as its file has it.
struct StoredTensor {
  std::string file;
  std::string name;  // in the file
  tensor::DType type = tensor::DType::f32;
  std::vector<std::uint64_t> shape;  // outermost dimension first
  const std::byte* data = nullptr;
  std::uint64_t bytes = 0;
  bool mapped = false;  // `data` is in a base::MappedFile
  bool taken = false;
};

// Views the file's data, which must outlive it and the matrices made from it. Not thread-safe.
class WeightSource {
 public:
  static WeightSource of(const gguf::GgufFile& file);
  // Errors (malformed): a tensor that the architecture does not know.
  static Result<WeightSource> of(const gguf::HuggingFaceFolder& folder,
                                 const arch::Architecture& architecture);

  const std::string& file() const { return file_; }
  bool has(const std::string& name) const { return tensors_.contains(name); }
  // The type of a tensor that is there.
  tensor::DType type(const std::string& name) const { return tensors_.at(name).type; }
  // Of all tensors.
  std::uint64_t bytes() const;

  // The matrix `name` of [rows, cols].
  Result<StoredMatrix> matrix(const std::string& name, std::int64_t rows, std::int64_t cols);
  // Rows [first, first + rows) of the tensor `name` of `shape`, all of whose dimensions but the
  // last count as rows: one of several matrices that a file keeps as one.
  Result<StoredMatrix> matrix_rows(const std::string& name, const std::vector<std::uint64_t>& shape,
                                   std::int64_t first, std::int64_t rows);
  // The vector `name` of `count` floats.
  Result<std::vector<float>> vector(const std::string& name, std::int64_t count);
  // The same, or an empty one where it is absent and not `required`.
  Result<std::vector<float>> bias(const std::string& name, std::int64_t count, bool required);
  // Marks a tensor that is not needed.
  void ignore(const std::string& name);

  // An error (malformed) where a tensor was never taken: the model would not be what its makers
  // made.
  Result<void> check_all_taken() const;

  // See Model::weights_hash. Once the matrices are made: it gives the pages that it read back, and
  // with them what is left of the file's in memory.
  std::uint64_t hash() const;

 private:
  Result<const StoredTensor*> take(const std::string& name,
                                   const std::vector<std::uint64_t>& shape);

  std::string file_;                                       // the file or folder, for errors
  std::unordered_map<std::string, StoredTensor> tensors_;  // by GGUF name
};

}  // namespace retort::model
