// The engine: one thread that turns submitted sequences into tokens, step by step.
//
// Token ids in, token ids out: no text here. A step is: take what was submitted and drop what was
// cancelled
// -> Scheduler::plan -> Speculation::draft -> Model::forward over the whole batch ->
// Sequence::choose, once or, where drafted tokens come true, several times -> TokenChannel.
// Hand-over 1 is the bounded inbox of submit(); hand-over 2 is the token stream it returns.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <retort/result.h>

#include "base/async.h"
#include "base/log.h"
#include "engine/draft_model.h"
#include "engine/mask_thread.h"
#include "engine/scheduler.h"
#include "engine/sequence.h"
#include "engine/speculation.h"
#include "engine/step_costs.h"
#include "engine/token_stream.h"
#include "model/kv_cache.h"
#include "model/model.h"
#include "tensor/thread_pool.h"

namespace retort::engine {

struct EngineOptions {
  SchedulerOptions scheduler;
  std::size_t context = 0;             // tokens of one sequence: prompt and output
  std::size_t kv_pages = 0;            // at least one context's worth
  std::size_t waiting_max = 256;       // submissions beyond it are refused with 429
  std::size_t stream_events_max = 64;  // tokens a reader may be behind before it pauses
  model::KvType kv_type = model::KvType::f16;
  SpeculationOptions speculation;
  model::Model* draft_model = nullptr;  // of the same vocabulary; outlives the engine; null: none
};

// A snapshot for metrics; each number is true on its own, not together.
struct EngineStats {
  std::size_t running = 0;
  std::size_t waiting = 0;
  std::size_t kv_pages_used = 0;
  std::size_t kv_pages = 0;
  std::uint64_t steps = 0;
  std::uint64_t prompt_tokens = 0;     // tokens read, again where a sequence was parked
  std::uint64_t generated_tokens = 0;  // tokens sampled
  std::uint64_t drafted_tokens = 0;    // tokens computed before it was known that they come
  std::uint64_t accepted_tokens = 0;   // of those, that came
};

class Engine {
 public:
  // `model`, `pool` and `log` outlive the engine. Fails where the KV cache cannot be had.
  static Result<std::unique_ptr<Engine>> start(model::Model& model, tensor::ThreadPool& pool,
                                               const base::Log& log, EngineOptions options);
  // Ends every sequence as cancelled and joins the thread.
  ~Engine();

  // Queues a sequence; its tokens come on `executor`. From any thread. Fails at once, with
  // rate_limit, where the queue is full, and with invalid_request where the request does not fit
  // the context.
  Result<TokenStream> submit(SequenceRequest request, const base::Executor& executor);

  EngineStats stats() const;

 private:
  struct Inbox;

  Engine(model::Model& model, tensor::ThreadPool& pool, const base::Log& log, EngineOptions options,
         model::KvCache cache, std::unique_ptr<DraftModel> draft_model);

  void loop() noexcept;
  bool take_inbox(bool wait);
  void drop_cancelled();
  bool step();
  void draft(const std::vector<ScheduledSequence>& plan);
  Result<void> forward(const std::vector<ScheduledSequence>& plan);
  void note_cost(const std::vector<ScheduledSequence>& plan, std::size_t rows, double seconds);
  void begin_masks(const std::vector<ScheduledSequence>& plan);
  void accept_logits(const std::vector<ScheduledSequence>& plan);
  bool choose_tokens(Sequence& sequence, std::span<float> logits, Sampler& sampler);
  void end_all(EndReason reason);
  void publish_stats();

  model::Model& model_;
  tensor::ThreadPool& pool_;
  const base::Log& log_;
  const EngineOptions options_;
  std::shared_ptr<Inbox> inbox_;  // owned by the engine and by the wake-ups of its streams

  // The thread's own.
  model::KvCache cache_;
  Scheduler scheduler_;
  StepCosts costs_;
  PromptPace pace_{costs_};
  std::unique_ptr<DraftModel> draft_model_;
  Speculation speculation_;
  std::vector<Sampler> samplers_;  // one a thread of the pool
  MaskThread masks_;
  std::vector<float> logits_;  // [rows of the step, vocab_size] f32
  std::uint64_t arrivals_ = 0;

  std::atomic<std::size_t> running_ = 0;
  std::atomic<std::size_t> waiting_ = 0;
  std::atomic<std::size_t> pages_used_ = 0;
  std::atomic<std::uint64_t> steps_ = 0;
  std::atomic<std::uint64_t> prompt_tokens_ = 0;
  std::atomic<std::uint64_t> generated_tokens_ = 0;
  std::atomic<std::uint64_t> drafted_tokens_ = 0;
  std::atomic<std::uint64_t> accepted_tokens_ = 0;

  std::jthread thread_;  // last: it starts when all else is there
};

}  // namespace retort::engine
