// See model_shelf.h.
#include "provider/model_shelf.h"

#include <algorithm>
#include <utility>

namespace retort::provider {
namespace {

double seconds(base::SteadyClock::duration time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

struct ModelShelf::Slot {
  Slot(ShelfModel of, base::Metrics& metrics)
      : model(std::move(of)),
        is_loaded(metrics.gauge("retort_model_loaded", "1 where the model is loaded.", labels())),
        memory(metrics.gauge("retort_model_memory_bytes",
                             "Memory that the model takes or is reserved for it.", labels())),
        load_seconds(
            metrics.gauge("retort_model_load_seconds", "How long its last load took.", labels())),
        waiting(metrics.gauge("retort_model_waiting_requests",
                              "Requests that wait for the model to load.", labels())),
        loads(metrics.counter("retort_model_loads_total", "Loads of the model that succeeded.",
                              labels())),
        failures(metrics.counter("retort_model_load_failures_total",
                                 "Loads of the model that failed.", labels())),
        unloads(metrics.counter("retort_model_unloads_total", "How often it was unloaded.",
                                labels())) {}
  base::Labels labels() const { return {{"model", model.id}}; }
  void set_bytes(std::int64_t count) {
    bytes = count;
    memory.set(static_cast<double>(count));
  }

  const ShelfModel model;
  Phase phase = Phase::absent;
  std::unique_ptr<LocalModel> loaded;
  std::int64_t bytes = 0;  // that it takes: while it is loading, loaded or leaving
  std::size_t uses = 0;    // ModelUses that are out
  Clock::time_point last_used;
  std::vector<std::shared_ptr<Waiter>> waiters;  // also of their coroutines
  Clock::time_point failed_until;                // a failed load is not tried again before

  base::Gauge& is_loaded;
  base::Gauge& memory;
  base::Gauge& load_seconds;
  base::Gauge& waiting;
  base::Counter& loads;
  base::Counter& failures;
  base::Counter& unloads;
};

// A use, or the right to wait for one.
struct ModelShelf::Admission {
  ModelUse use;
  std::shared_ptr<Waiter> waiter;
};

// A waiter's place in its model's queue, which ends with the coroutine however that ends.
class ModelShelf::Place {
 public:
  Place(ModelShelf& shelf, Slot& slot, std::shared_ptr<Waiter> waiter)
      : shelf_(shelf), slot_(slot), waiter_(std::move(waiter)) {}
  ~Place() {
    waiter_->done.leave();
    shelf_.leave(slot_, waiter_.get());
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  ModelShelf& shelf_;
  Slot& slot_;
  std::shared_ptr<Waiter> waiter_;
};

Result<std::unique_ptr<ModelShelf>> ModelShelf::make(std::vector<ShelfModel> models,
                                                     const ShelfOptions& options,
                                                     const base::Log& log, base::Metrics& metrics) {
  for (const ShelfModel& model : models) {
    if (model.bytes <= options.memory_bytes.value_or(INT64_MAX)) continue;
    return Error(ErrorKind::config,
                 "the model '" + model.id + "' takes about " + std::to_string(model.bytes) +
                     " bytes with its keys and values, more than the --model-memory of " +
                     std::to_string(*options.memory_bytes) +
                     "; give it more, or the model a smaller --kv-memory or --context")
        .with_param("model_memory");
  }
  return std::unique_ptr<ModelShelf>(new ModelShelf(std::move(models), options, log, metrics));
}

ModelShelf::ModelShelf(std::vector<ShelfModel> models, const ShelfOptions& options,
                       const base::Log& log, base::Metrics& metrics)
    : options_(options), log_(log), metrics_(metrics) {
  for (ShelfModel& model : models) {
    slots_.push_back(std::make_unique<Slot>(std::move(model), metrics));
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

ModelShelf::~ModelShelf() = default;  // the thread ends first: nothing else is gone then

Result<void> ModelShelf::load_all() {
  std::int64_t sum = 0;
  for (const auto& slot : slots_) sum += slot->model.bytes;
  if (sum > options_.memory_bytes.value_or(INT64_MAX)) {
    return Error(ErrorKind::config,
                 "the models take about " + std::to_string(sum) +
                     " bytes together, more than the --model-memory of " +
                     std::to_string(*options_.memory_bytes) +
                     "; give them more, or --model-load lazy to load each when it is asked for")
        .with_param("model_memory");
  }
  Lock lock(mutex_);
  for (const auto& slot : slots_) {
    if (Result<void> loaded = load(*slot, lock, thread_.get_stop_token()); !loaded) return loaded;
  }
  return {};
}

// ------------------------------------------------------------------------------------- requests

base::Awaitable<Result<ModelUse>> ModelShelf::use(std::size_t model, base::Executor executor) {
  Slot& slot = *slots_[model];
  Result<Admission> admission = admit(slot, executor);
  if (!admission) co_return std::move(admission).error();
  if (admission->use) co_return std::move(admission->use);
  const std::shared_ptr<Waiter> waiter = std::move(admission->waiter);
  const Place place(*this, slot, waiter);
  std::optional<Result<ModelUse>> outcome =
      co_await waiter->done.pop_until(Clock::now() + options_.wait_max);
  if (outcome) co_return std::move(*outcome);
  co_return Error(ErrorKind::unavailable,
                  "The model '" + slot.model.id + "' is not loaded yet; try again.")
      .with_code("model_loading")
      .with_retry_after(std::chrono::seconds(5));
}

Result<ModelShelf::Admission> ModelShelf::admit(Slot& slot, const base::Executor& executor) {
  const Lock lock(mutex_);
  if (slot.phase == Phase::loaded) return Admission{.use = take(slot), .waiter = nullptr};
  if (slot.phase == Phase::absent && Clock::now() < slot.failed_until) return failure_of(slot);
  if (slot.waiters.size() >= options_.waiting_max) {
    return Error(ErrorKind::unavailable, "The model '" + slot.model.id + "' is being loaded and " +
                                             std::to_string(options_.waiting_max) +
                                             " requests wait for it; try again shortly.")
        .with_code("model_loading")
        .with_retry_after(std::chrono::seconds(5));
  }
  auto waiter = std::make_shared<Waiter>(executor);
  slot.waiters.push_back(waiter);
  if (slot.phase == Phase::absent) enqueue(slot);
  return Admission{.use = nullptr, .waiter = std::move(waiter)};
}

void ModelShelf::leave(Slot& slot, const Waiter* waiter) {
  const Lock lock(mutex_);
  std::erase_if(slot.waiters, [waiter](const auto& each) { return each.get() == waiter; });
  if (slot.phase != Phase::queued || !slot.waiters.empty()) return;
  news_ = true;  // it need not be loaded any more, and others may wait behind it
  changed_.notify_all();
}

void ModelShelf::give_back(Slot& slot) noexcept {
  const Lock lock(mutex_);
  slot.last_used = Clock::now();
  if (--slot.uses > 0 || slot.phase != Phase::leaving) return;
  news_ = true;
  changed_.notify_all();
}

std::size_t ModelShelf::loaded() const {
  const Lock lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(slots_, [](const auto& slot) { return slot->loaded != nullptr; }));
}

ModelUse ModelShelf::take(Slot& slot) {
  ++slot.uses;
  slot.last_used = Clock::now();
  return {slot.loaded.get(), [this, &slot](const LocalModel*) { give_back(slot); }};
}

Error ModelShelf::failure_of(const Slot& slot) const {
  return Error(ErrorKind::unavailable,
               "The model '" + slot.model.id + "' could not be loaded; the server's log says why.")
      .with_code("model_not_loaded")
      .with_retry_after(options_.failure_pause);
}

void ModelShelf::enqueue(Slot& slot) {
  slot.phase = Phase::queued;
  queue_.push_back(&slot);
  news_ = true;
  changed_.notify_all();
}

// ---------------------------------------------------------------------------------- the thread

void ModelShelf::work(const std::stop_token& stop) {
  Lock lock(mutex_);
  while (!stop.stop_requested()) {
    drop_abandoned();
    mark_idle(Clock::now());
    if (!queue_.empty()) make_room(queue_.front()->model.bytes);
    if (Slot* leaver = unused_leaver()) {
      unload(*leaver, lock);
    } else if (!queue_.empty() && fits(queue_.front()->model.bytes)) {
      Slot& next = *queue_.front();
      queue_.pop_front();
      (void)load(next, lock, stop);  // its waiters have been told
    } else {
      pause(lock, stop);
    }
  }
}

// Waits for news, or for the next model that may have been idle for too long.
void ModelShelf::pause(Lock& lock, const std::stop_token& stop) {
  const auto has_news = [this] { return news_; };
  std::optional<Clock::time_point> next;
  if (options_.idle_max) {
    for (const auto& slot : slots_) {
      if (slot->phase != Phase::loaded) continue;
      const auto due = (slot->uses > 0 ? Clock::now() : slot->last_used) + *options_.idle_max;
      next = std::min(next.value_or(due), due);
    }
  }
  if (next) {
    changed_.wait_until(lock, stop, *next, has_news);
  } else {
    changed_.wait(lock, stop, has_news);
  }
  news_ = false;
}

Result<void> ModelShelf::load(Slot& slot, Lock& lock, const std::stop_token& stop) {
  slot.phase = Phase::loading;
  slot.set_bytes(slot.model.bytes);
  lock.unlock();
  const Clock::time_point began = Clock::now();
  Result<std::unique_ptr<LocalModel>> loaded = slot.model.load(stop);
  const Clock::time_point ended = Clock::now();
  if (!loaded && !stop.stop_requested()) {
    log_.error(slot.model.id + ": cannot be loaded: " + loaded.error().message());
  }
  lock.lock();
  std::vector<std::pair<std::shared_ptr<Waiter>, Result<ModelUse>>> outcomes;
  if (loaded) {
    slot.phase = Phase::loaded;
    slot.loaded = std::move(*loaded);
    slot.set_bytes(std::max(slot.model.bytes, slot.loaded->memory_bytes));
    slot.last_used = ended;
    slot.load_seconds.set(seconds(ended - began));
    slot.loads.add();
  } else {
    slot.phase = Phase::absent;
    slot.set_bytes(0);
    slot.failed_until = ended + options_.failure_pause;
    slot.failures.add();
  }
  slot.is_loaded.set(loaded ? 1 : 0);
  for (std::shared_ptr<Waiter>& waiter : slot.waiters) {
    outcomes.emplace_back(std::move(waiter), loaded ? Result<ModelUse>(take(slot))
                                                    : Result<ModelUse>(failure_of(slot)));
  }
  slot.waiters.clear();
  // Without the lock: what nobody takes any more is given back there and then.
  lock.unlock();
  for (auto& [waiter, outcome] : outcomes) waiter->done.finish(std::move(outcome));
  outcomes.clear();
  lock.lock();
  if (loaded) return {};
  return std::move(loaded).error();
}

void ModelShelf::unload(Slot& slot, Lock& lock) {
  std::unique_ptr<LocalModel> gone = std::move(slot.loaded);
  lock.unlock();
  gone.reset();
  log_.info(slot.model.id + ": unloaded");
  lock.lock();
  slot.phase = Phase::absent;
  slot.set_bytes(0);
  slot.is_loaded.set(0);
  slot.unloads.add();
  if (!slot.waiters.empty()) enqueue(slot);
}

// A model that nobody waits for any more need not be loaded.
void ModelShelf::drop_abandoned() {
  std::erase_if(queue_, [](Slot* slot) {
    if (!slot->waiters.empty()) return false;
    slot->phase = Phase::absent;
    return true;
  });
}

void ModelShelf::mark_idle(Clock::time_point now) {
  if (!options_.idle_max) return;
  for (const auto& slot : slots_) {
    if (slot->phase == Phase::loaded && slot->uses == 0 &&
        now - slot->last_used >= *options_.idle_max) {
      slot->phase = Phase::leaving;
    }
  }
}

// Has models leave until, once they are gone, `bytes` fit.
void ModelShelf::make_room(std::int64_t bytes) {
  if (!options_.memory_bytes) return;
  while (bytes_in({Phase::loading, Phase::loaded}) > *options_.memory_bytes - bytes) {
    Slot* slot = least_recently_used();
    if (slot == nullptr) return;
    slot->phase = Phase::leaving;
  }
}

// Of the loaded ones; those that nobody holds first.
ModelShelf::Slot* ModelShelf::least_recently_used() const {
  Slot* oldest = nullptr;
  for (const auto& slot : slots_) {
    if (slot->phase != Phase::loaded) continue;
    const auto rank = [](const Slot& each) { return std::pair(each.uses > 0, each.last_used); };
    if (oldest == nullptr || rank(*slot) < rank(*oldest)) oldest = slot.get();
  }
  return oldest;
}

ModelShelf::Slot* ModelShelf::unused_leaver() const {
  for (const auto& slot : slots_) {
    if (slot->phase == Phase::leaving && slot->uses == 0) return slot.get();
  }
  return nullptr;
}

bool ModelShelf::fits(std::int64_t bytes) const {
  return !options_.memory_bytes || bytes_in({Phase::loading, Phase::loaded, Phase::leaving}) <=
                                       *options_.memory_bytes - bytes;
}

std::int64_t ModelShelf::bytes_in(std::initializer_list<Phase> phases) const {
  std::int64_t sum = 0;
  for (const auto& slot : slots_) {
    if (std::ranges::find(phases, slot->phase) != phases.end()) sum += slot->bytes;
  }
  return sum;
}

// ------------------------------------------------------------------------------------- metrics

void ModelShelf::write_gauges() const {
  const Lock lock(mutex_);
  for (const auto& slot : slots_) {
    slot->waiting.set(static_cast<double>(slot->waiters.size()));
    engine::EngineStats stats;  // all zero where there is no engine
    if (slot->loaded && slot->loaded->engine) stats = slot->loaded->engine->stats();
    const auto set = [&](const char* name, const char* help, auto value) {
      metrics_.gauge(name, help, slot->labels()).set(static_cast<double>(value));
    };
    set("retort_engine_running_sequences", "Sequences that the engine runs now.", stats.running);
    set("retort_engine_waiting_sequences", "Sequences that wait for room.", stats.waiting);
    set("retort_engine_kv_pages_used", "Pages of the KV cache in use.", stats.kv_pages_used);
    set("retort_engine_kv_pages", "Pages of the KV cache.", stats.kv_pages);
    set("retort_engine_steps", "Steps since the model was loaded.", stats.steps);
    set("retort_engine_prompt_tokens", "Prompt tokens read since the model was loaded.",
        stats.prompt_tokens);
    set("retort_engine_generated_tokens", "Tokens sampled since the model was loaded.",
        stats.generated_tokens);
    set("retort_engine_drafted_tokens", "Guessed tokens computed since the model was loaded.",
        stats.drafted_tokens);
    set("retort_engine_accepted_tokens", "Guessed tokens that came true since then.",
        stats.accepted_tokens);
  }
}

}  // namespace retort::provider
