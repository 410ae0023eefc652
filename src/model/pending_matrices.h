// PendingMatrices: the matrices of a model that are still to be made from the bytes of its file.
//
// Packing weights is most of what loading costs, and each matrix is packed by itself: so the
// weights are first listed (weights.cc) and then made side by side on the compute threads, the
// biggest first. The pages of a file whose bytes were packed are given back at once, so that a load
// never holds a model twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <retort/result.h>

#include "model/load_options.h"
#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace retort::model {

// A matrix as a file has it.
struct StoredMatrix {
  tensor::DType type = tensor::DType::f32;
  std::size_t rows = 0;
  std::size_t cols = 0;
  const std::byte* data = nullptr;
  std::uint64_t bytes = 0;
  bool mapped = false;  // `data` is in a base::MappedFile
};

// Not thread-safe.
class PendingMatrices {
 public:
  // `target`, which stays where it is until make() is done, will be `stored`.
  void add(const StoredMatrix& stored, tensor::Matrix& target) {
    pending_.push_back({stored, &target});
  }

  // Makes all of them. Errors: io (no memory), cancelled (options.progress gave up); what has been
  // made until then is whole.
  Result<void> make(const LoadOptions& options);

 private:
  struct Pending {
    StoredMatrix stored;
    tensor::Matrix* target;
  };
  std::vector<Pending> pending_;
};

}  // namespace retort::model
