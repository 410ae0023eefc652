#include "engine/engine.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>

namespace retort::engine {

// What other threads leave for the engine's thread.
struct Engine::Inbox {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::unique_ptr<Sequence>> submitted;  // under mutex
  std::size_t waiting = 0;  // under mutex: submitted, or in the scheduler's waiting list
  bool woken = false;       // under mutex: a stream was cancelled or has room again
  bool stopping = false;    // under mutex

  void wake() {
    {
      const std::lock_guard lock(mutex);
      woken = true;
    }
    changed.notify_one();
  }
};

Result<std::unique_ptr<Engine>> Engine::start(model::Model& model, tensor::ThreadPool& pool,
                                              const base::Log& log, EngineOptions options) {
  const std::size_t context_pages = PagePool::pages_for(options.context);
  if (options.kv_pages < context_pages) {
    std::size_t page_bytes = model::KvCache::page_bytes(model.config(), options.kv_type);
    if (options.draft_model != nullptr) {
      const model::ModelConfig& draft = options.draft_model->config();
      page_bytes += model::KvCache::page_bytes(draft, model::default_kv_type(draft));
    }
    return Error(ErrorKind::config,
                 "the KV memory holds " + std::to_string(options.kv_pages * model::kPageTokens) +
                     " tokens, less than the context of " + std::to_string(options.context) +
                     "; give --kv-memory at least " + std::to_string(context_pages * page_bytes) +
                     " bytes, or a smaller --context")
        .with_param("kv_memory");
  }
  Result<model::KvCache> cache =
      model::KvCache::make(model.config(), options.kv_pages, options.kv_type);
  if (!cache) return std::move(cache).error();
  std::unique_ptr<DraftModel> draft_model;
  if (options.draft_model != nullptr) {
    auto made = DraftModel::make(*options.draft_model, options.kv_pages, model.config().vocab_size);
    if (!made) return std::move(made).error();
    draft_model = std::move(*made);
  }
  return std::unique_ptr<Engine>(
      new Engine(model, pool, log, options, std::move(cache).value(), std::move(draft_model)));
}

Engine::Engine(model::Model& model, tensor::ThreadPool& pool, const base::Log& log,
               EngineOptions options, model::KvCache cache, std::unique_ptr<DraftModel> draft_model)
    : model_(model),
      pool_(pool),
      log_(log),
      options_(options),
      inbox_(std::make_shared<Inbox>()),
      cache_(std::move(cache)),
      scheduler_(options_.scheduler, options_.kv_pages),
      draft_model_(std::move(draft_model)),
      speculation_(options_.speculation, costs_, draft_model_.get()),
      samplers_(static_cast<std::size_t>(pool_.threads())),
      thread_([this] { loop(); }) {}

Engine::~Engine() {
  {
    const std::lock_guard lock(inbox_->mutex);
    inbox_->stopping = true;
  }
  inbox_->changed.notify_one();
  thread_.join();
}

Result<TokenStream> Engine::submit(SequenceRequest request, const base::Executor& executor) {
  const std::size_t context = options_.context;
  if (request.prompt.empty() || request.max_tokens < 1 ||
      request.prompt.size() + static_cast<std::size_t>(request.max_tokens) > context) {
    return Error(ErrorKind::invalid_request,
                 "a prompt of " + std::to_string(request.prompt.size()) + " tokens and " +
                     std::to_string(request.max_tokens) + " more do not fit the context of " +
                     std::to_string(context) + " tokens")
        .with_code("context_length_exceeded")
        .with_param("messages");
  }
  const std::shared_ptr<Inbox> inbox = inbox_;
  const auto wake = [inbox] { inbox->wake(); };
  auto channel = std::make_shared<TokenChannel>(executor, options_.stream_events_max, wake);
  auto sequence = std::make_unique<Sequence>();
  sequence->tokens = request.prompt;
  if (request.sampling.repetition_penalty != 1) sequence->counts.add_prompt(request.prompt);
  sequence->request = std::move(request);
  sequence->channel = channel;
  {
    const std::lock_guard lock(inbox->mutex);
    if (inbox->waiting >= options_.waiting_max) {
      return Error(ErrorKind::rate_limit, "the model's queue is full (" +
                                              std::to_string(options_.waiting_max) +
                                              " requests wait); try again shortly")
          .with_code("queue_full")
          .with_retry_after(std::chrono::seconds(1));
    }
    ++inbox->waiting;
    inbox->submitted.push_back(std::move(sequence));
  }
  inbox->changed.notify_one();
  return TokenStream(std::move(channel), wake);
}

EngineStats Engine::stats() const {
  return {.running = running_,
          .waiting = waiting_,
          .kv_pages_used = pages_used_,
          .kv_pages = options_.kv_pages,
          .steps = steps_,
          .prompt_tokens = prompt_tokens_,
          .generated_tokens = generated_tokens_,
          .drafted_tokens = drafted_tokens_,
          .accepted_tokens = accepted_tokens_};
}

void Engine::loop() noexcept {
  bool worked = true;
  while (take_inbox(/*wait=*/!worked)) {
    drop_cancelled();
    worked = step();
    publish_stats();
  }
  end_all(EndReason::cancelled);
}

// Moves what was submitted to the scheduler, waiting for news where asked to. False: stop.
bool Engine::take_inbox(bool wait) {
  std::unique_lock lock(inbox_->mutex);
  if (wait) {
    inbox_->changed.wait(
        lock, [this] { return inbox_->stopping || inbox_->woken || !inbox_->submitted.empty(); });
  }
  inbox_->woken = false;
  for (std::unique_ptr<Sequence>& sequence : inbox_->submitted) {
    sequence->arrival = arrivals_++;
    scheduler_.add(std::move(sequence));
  }
  inbox_->submitted.clear();
  inbox_->waiting = scheduler_.waiting();
  return !inbox_->stopping;
}

void Engine::drop_cancelled() {
  scheduler_.remove_if([](const Sequence& sequence) { return sequence.cancelled(); });
}

// One step over everything that can run. False where nothing could.
bool Engine::step() {
  const std::vector<ScheduledSequence> plan =
      scheduler_.plan([this](std::size_t rows) { return pace_.tokens(rows); });
  if (plan.empty()) return false;
  draft(plan);
  begin_masks(plan);
  const Result<void> done = forward(plan);
  masks_.finish();
  if (!done) {
    log_.error("the forward pass failed: " + done.error().message());
    end_all(EndReason::failed);
    return true;
  }
  ++steps_;
  for (const ScheduledSequence& entry : plan) {
    Sequence& sequence = *entry.sequence;
    const std::size_t prompt = sequence.request.prompt.size();
    const std::size_t before = std::min(sequence.computed, prompt);
    scheduler_.advance(sequence, entry.tokens);
    prompt_tokens_ += std::min(sequence.computed, prompt) - before;
  }
  accept_logits(plan);
  return true;
}

void Engine::draft(const std::vector<ScheduledSequence>& plan) {
  if (const Result<void> done = speculation_.draft(plan, scheduler_, pool_); !done) {
    log_.warning("the draft model failed and is not asked again: " + done.error().message());
    speculation_.drop_model();
  }
  for (const ScheduledSequence& entry : plan) drafted_tokens_ += entry.sequence->draft.size();
}

// Runs the model over the plan, drafts included; logits_ has the rows of the sequences that are
// whole, and of their drafts.
Result<void> Engine::forward(const std::vector<ScheduledSequence>& plan) {
  using Logits = model::BatchSequence::Logits;
  model::Batch batch;
  batch.sequences.reserve(plan.size());
  std::vector<std::vector<TokenId>> drafted(plan.size());
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const Sequence& sequence = *plan[i].sequence;
    const bool whole = plan[i].tokens == sequence.pending();
    model::BatchSequence row{
        .tokens = std::span(sequence.tokens).subspan(sequence.computed, plan[i].tokens),
        .position = static_cast<std::int64_t>(sequence.computed),
        .pages = sequence.pages,
        .logits = whole ? Logits::last : Logits::none};
    if (!sequence.draft.empty()) {
      drafted[i].assign(row.tokens.begin(), row.tokens.end());
      drafted[i].insert(drafted[i].end(), sequence.draft.begin(), sequence.draft.end());
      row.tokens = drafted[i];
      row.logits = Logits::all;
    }
    batch.sequences.push_back(row);
  }
  logits_.resize(batch.logit_rows() * static_cast<std::size_t>(model_.config().vocab_size));
  const auto began = std::chrono::steady_clock::now();
  Result<void> done = model_.forward(batch, cache_, pool_, logits_);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  note_cost(plan, batch.tokens(), took.count());
  return done;
}

// What the step took, for those who decide what later ones hold.
void Engine::note_cost(const std::vector<ScheduledSequence>& plan, std::size_t rows,
                       double seconds) {
  std::size_t prompt = 0;
  for (const ScheduledSequence& entry : plan) prompt += entry.prompt ? entry.tokens : 0;
  if (prompt == 0) {
    costs_.observe(rows, seconds);
  } else {
    pace_.observe(rows - prompt, prompt, seconds);
  }
}

// Has the masks of the sequences that will choose a token worked out beside the forward pass.
void Engine::begin_masks(const std::vector<ScheduledSequence>& plan) {
  std::vector<Sequence*> constrained;
  for (const ScheduledSequence& entry : plan) {
    if (entry.tokens == entry.sequence->pending() && entry.sequence->wants_masks()) {
      constrained.push_back(entry.sequence);
    }
  }
  masks_.begin(std::move(constrained));
}

// Lets each sequence that has logits choose its next tokens, and sees to what follows from them.
void Engine::accept_logits(const std::vector<ScheduledSequence>& plan) {
  struct Choice {
    Sequence* sequence;
    std::span<float> logits;  // [1 + drafted tokens, vocab_size]
    std::size_t known;        // tokens before
    bool ended = false;
  };
  const auto vocabulary = static_cast<std::size_t>(model_.config().vocab_size);
  std::span<float> logits = logits_;
  std::vector<Choice> choices;
  for (const ScheduledSequence& entry : plan) {
    Sequence& sequence = *entry.sequence;
    if (sequence.pending() > 0) continue;
    const std::size_t count = (sequence.draft.size() + 1) * vocabulary;
    choices.push_back({&sequence, logits.first(count), sequence.tokens.size()});
    logits = logits.subspan(count);
  }
  // What a choice reads and writes is its sequence's own or locked, so they go side by side.
  const auto choose = [&](int part, int parts) {
    for (auto i = static_cast<std::size_t>(part); i < choices.size();
         i += static_cast<std::size_t>(parts)) {
      choices[i].ended = choose_tokens(*choices[i].sequence, choices[i].logits,
                                       samplers_[static_cast<std::size_t>(part)]);
    }
  };
  constexpr std::size_t kAloneBelow = 16'384;  // logits: 20 microseconds of work
  if (choices.size() < 2 || choices.size() * vocabulary < kAloneBelow || pool_.threads() == 1) {
    choose(0, 1);
  } else {
    pool_.begin_step().run(pool_.threads(), choose);
  }
  for (const Choice& choice : choices) {
    const std::size_t matched = speculation_.settle(*choice.sequence, choice.known);
    accepted_tokens_ += matched;
    scheduler_.advance(*choice.sequence, matched);
    if (choice.ended) scheduler_.remove(choice.sequence);
  }
}

// One choice and event after the other, as without a draft, while the tokens so far are those that
// the next row of logits was computed behind. The channel has room for so many events: a sequence
// whose reader is behind is not planned, and a draft is no longer than its room. Whether it ended.
bool Engine::choose_tokens(Sequence& sequence, std::span<float> logits, Sampler& sampler) {
  const auto vocabulary = static_cast<std::size_t>(model_.config().vocab_size);
  const std::size_t known = sequence.tokens.size();
  const std::vector<TokenId>& draft = sequence.draft;
  for (std::size_t row = 0;;) {
    TokenEvent event;
    event.end =
        sequence.choose(sampler, logits.subspan(row * vocabulary, vocabulary), row, event.tokens);
    generated_tokens_ += event.tokens.size();
    if (event.end) {
      sequence.channel->events.finish(std::move(event));
      return true;
    }
    sequence.channel->events.try_push(std::move(event));
    const std::size_t next = sequence.tokens.size() - known;
    const auto taken = std::span(sequence.tokens).subspan(known + row, next - row);
    if (next > draft.size() ||
        !std::equal(taken.begin(), taken.end(), draft.begin() + static_cast<std::ptrdiff_t>(row))) {
      return false;
    }
    row = next;
  }
}

void Engine::end_all(EndReason reason) {
  {
    const std::lock_guard lock(inbox_->mutex);
    for (std::unique_ptr<Sequence>& sequence : inbox_->submitted) {
      scheduler_.add(std::move(sequence));
    }
    inbox_->submitted.clear();
  }
  for (const auto& sequence : scheduler_.remove_if([](const Sequence&) { return true; })) {
    sequence->channel->events.finish({.tokens = {}, .end = reason});
  }
}

void Engine::publish_stats() {
  running_ = scheduler_.running();
  waiting_ = scheduler_.waiting();
  pages_used_ = scheduler_.pages().total() - scheduler_.pages().free();
}

}  // namespace retort::engine
