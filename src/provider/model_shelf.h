// ModelShelf: the models of this machine, of which those are loaded that are used and fit.
//
// The first request for a model has it loaded and waits, with others, in a bounded queue; a model
// that nobody used for a while is unloaded, and so is the one that was used the longest ago where
// another needs its memory. Each request holds the model that it uses, from its prompt's reading to
// the end of its stream, and a model goes only when nobody holds it: one that is in use but has to
// make room takes no further requests (they wait for it to be loaded again), so that no model keeps
// another out for ever. One thread loads and unloads, one model at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <retort/result.h>

#include "base/async.h"
#include "base/log.h"
#include "base/metrics.h"
#include "provider/local_model.h"

namespace retort::provider {

// One model, not loaded.
struct ShelfModel {
  std::string id;
  std::int64_t bytes = 0;  // of memory that it will take, as far as its file tells
  // Called on the shelf's thread. Gives up with `cancelled` when asked to stop.
  std::function<Result<std::unique_ptr<LocalModel>>(const std::stop_token& stop)> load;
};

struct ShelfOptions {
  std::optional<std::int64_t> memory_bytes;           // of all loaded models; else no bound
  std::optional<std::chrono::milliseconds> idle_max;  // then a model is unloaded; else never
  std::size_t waiting_max = 256;                      // requests that wait for one model
  std::chrono::milliseconds wait_max{120'000};        // of one request
  std::chrono::milliseconds failure_pause{30'000};    // before a failed load is tried again
};

// A model that cannot be unloaded as long as this, or a copy, is there. Must not outlive the shelf.
using ModelUse = std::shared_ptr<const LocalModel>;

// Thread-safe. Outlives every coroutine that waits in use().
class ModelShelf {
 public:
  // `log` and `metrics` outlive it. Errors (config): a model that takes more than memory_bytes.
  static Result<std::unique_ptr<ModelShelf>> make(std::vector<ShelfModel> models,
                                                  const ShelfOptions& options, const base::Log& log,
                                                  base::Metrics& metrics);
  // Gives a load up that is under way.
  ~ModelShelf();
  ModelShelf(const ModelShelf&) = delete;
  ModelShelf& operator=(const ModelShelf&) = delete;

  // Loads every model now, on the calling thread and before the first use(). Errors: as the model's
  // load has them; config where together they take more than memory_bytes.
  Result<void> load_all();

  // The model of this index, loaded if it is not; on `executor`, the coroutine's. Errors
  // (unavailable, with retry_after): too many wait for it, it was not there in time, or it cannot
  // be loaded (the log says why).
  base::Awaitable<Result<ModelUse>> use(std::size_t model, base::Executor executor);

  // How many models are loaded.
  std::size_t loaded() const;

  // Writes what changes from moment to moment (waiting requests, the engines' numbers) into the
  // gauges.
  void write_gauges() const;

 private:
  using Clock = base::SteadyClock;
  using Lock = std::unique_lock<std::mutex>;
  enum class Phase : std::uint8_t { absent, queued, loading, loaded, leaving };

  // A request that waits for a model.
  struct Waiter {
    explicit Waiter(const base::Executor& executor) : done(executor, 1) {}
    base::AsyncQueue<Result<ModelUse>> done;
  };
  struct Slot;
  struct Admission;
  class Place;

  ModelShelf(std::vector<ShelfModel> models, const ShelfOptions& options, const base::Log& log,
             base::Metrics& metrics);

  // From any thread.
  Result<Admission> admit(Slot& slot, const base::Executor& executor);
  void leave(Slot& slot, const Waiter* waiter);
  void give_back(Slot& slot) noexcept;

  // All below: under mutex_; those with a Lock let go of it while they load, unload or wait.
  void work(const std::stop_token& stop);
  void pause(Lock& lock, const std::stop_token& stop);
  Result<void> load(Slot& slot, Lock& lock, const std::stop_token& stop);
  void unload(Slot& slot, Lock& lock);
  ModelUse take(Slot& slot);
  Error failure_of(const Slot& slot) const;
  void enqueue(Slot& slot);
  void drop_abandoned();
  void mark_idle(Clock::time_point now);
  void make_room(std::int64_t bytes);
  Slot* least_recently_used() const;
  Slot* unused_leaver() const;
  bool fits(std::int64_t bytes) const;
  std::int64_t bytes_in(std::initializer_list<Phase> phases) const;

  const ShelfOptions options_;
  const base::Log& log_;
  base::Metrics& metrics_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool news_ = false;                         // under mutex_: for the thread
  std::vector<std::unique_ptr<Slot>> slots_;  // the slots' contents under mutex_
  std::deque<Slot*> queue_;                   // under mutex_: to be loaded, in turn
  std::jthread thread_;                       // last: it uses all of the above
};

}  // namespace retort::provider
