// See pending_matrices.h.
#include "model/pending_matrices.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "base/mapped_file.h"

namespace retort::model {
namespace {

// What the pool is lent for at a time: some tens of milliseconds of packing.
constexpr std::uint64_t kTurnBytes = std::uint64_t{64} << 20;

// What the threads of one load share.
class Load {
 public:
  Load(const LoadOptions& options, std::uint64_t bytes_total)
      : options_(options), bytes_total_(bytes_total) {}

  void make(const StoredMatrix& stored, tensor::Matrix& target) {
    if (over_) return;
    auto matrix = tensor::Matrix::make(stored.type, stored.rows, stored.cols, stored.data);
    if (!matrix) return fail(std::move(matrix).error());
    if (stored.mapped && !matrix->is_view()) {
      base::MappedFile::release_pages({stored.data, stored.bytes});
    }
    target = std::move(*matrix);
    const std::uint64_t bytes = bytes_ += stored.bytes;
    if (options_.progress && !options_.progress({bytes, bytes_total_})) {
      fail(Error(ErrorKind::cancelled, "loading was given up"));
    }
  }

  bool over() const { return over_; }
  // Once nobody makes any more.
  std::optional<Error>& error() { return error_; }

 private:
  void fail(Error error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
    over_ = true;
  }

  const LoadOptions& options_;
  const std::uint64_t bytes_total_;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<bool> over_ = false;
  std::mutex mutex_;
  std::optional<Error> error_;  // under mutex_
};

}  // namespace

Result<void> PendingMatrices::make(const LoadOptions& options) {
  std::sort(pending_.begin(), pending_.end(),
            [](const Pending& a, const Pending& b) { return a.stored.bytes > b.stored.bytes; });
  std::uint64_t total = 0;
  for (const Pending& each : pending_) total += each.stored.bytes;
  Load load(options, total);
  const std::uint64_t threads =
      options.pool == nullptr ? 1 : static_cast<std::uint64_t>(options.pool->threads());
  for (std::size_t begin = 0; begin < pending_.size() && !load.over();) {
    // While one thread packs the biggest matrix the others pack as much each.
    const std::uint64_t turn = std::max(kTurnBytes, threads * pending_[begin].stored.bytes);
    std::size_t end = begin;
    for (std::uint64_t bytes = 0;
         end < pending_.size() && bytes < turn && end - begin < tensor::ThreadPool::kPartsMax;
         ++end) {
      bytes += pending_[end].stored.bytes;
    }
    const auto make_one = [this, begin, &load](std::size_t index) {
      const Pending& each = pending_[begin + index];
      load.make(each.stored, *each.target);
    };
    if (options.pool == nullptr) {
      for (std::size_t i = 0; i < end - begin; ++i) make_one(i);
    } else {
      const Turn turn_of_this = begin_turn(options.turns);
      options.pool->begin_step().run(static_cast<int>(end - begin), [&make_one](int part, int) {
        make_one(static_cast<std::size_t>(part));
      });
    }
    begin = end;
  }
  pending_.clear();
  if (load.error()) return std::move(*load.error());
  return {};
}

}  // namespace retort::model
