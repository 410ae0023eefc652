#include "engine/engine.h"

#include <algorithm>
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
    const std::size_t page_bytes = model::KvCache::page_bytes(model.config(), options.kv_type);
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
  return std::unique_ptr<Engine>(new Engine(model, pool, log, options, std::move(cache).value()));
}

Engine::Engine(model::Model& model, tensor::ThreadPool& pool, const base::Log& log,
               EngineOptions options, model::KvCache cache)
    : model_(model),
      pool_(pool),
      log_(log),
      options_(options),
      inbox_(std::make_shared<Inbox>()),
      cache_(std::move(cache)),
      scheduler_(options_.scheduler, options_.kv_pages),
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
          .generated_tokens = generated_tokens_};
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
  const std::vector<ScheduledSequence> plan = scheduler_.plan();
  if (plan.empty()) return false;
  model::Batch batch;
  batch.sequences.reserve(plan.size());
  for (const ScheduledSequence& entry : plan) {
    const Sequence& sequence = *entry.sequence;
    const bool whole = entry.tokens == sequence.pending();
    batch.sequences.push_back(
        {.tokens = std::span(sequence.tokens).subspan(sequence.computed, entry.tokens),
         .position = static_cast<std::int64_t>(sequence.computed),
         .pages = sequence.pages,
         .logits =
             whole ? model::BatchSequence::Logits::last : model::BatchSequence::Logits::none});
  }
  const auto vocabulary = static_cast<std::size_t>(model_.config().vocab_size);
  logits_.resize(batch.logit_rows() * vocabulary);
  begin_masks(plan);
  const Result<void> done = model_.forward(batch, cache_, pool_, logits_);
  masks_.finish();
  if (!done) {
    log_.error("the forward pass failed: " + done.error().message());
    end_all(EndReason::failed);
    return true;
  }
  ++steps_;

  std::size_t row = 0;
  for (const ScheduledSequence& entry : plan) {
    Sequence& sequence = *entry.sequence;
    const bool whole = entry.tokens == sequence.pending();
    const std::size_t prompt = sequence.request.prompt.size();
    const std::size_t before = std::min(sequence.computed, prompt);
    scheduler_.advance(sequence, entry.tokens);
    prompt_tokens_ += std::min(sequence.computed, prompt) - before;
    if (whole) accept_logits(sequence, std::span(logits_).subspan(vocabulary * row++, vocabulary));
  }
  for (Sequence* sequence : finished_) scheduler_.remove(sequence);
  finished_.clear();
  return true;
}

// Has the masks of the sequences that will choose a token worked out beside the forward pass.
void Engine::begin_masks(const std::vector<ScheduledSequence>& plan) {
  std::vector<Sequence*> constrained;
  for (const ScheduledSequence& entry : plan) {
    if (entry.tokens == entry.sequence->pending() && entry.sequence->wants_mask()) {
      constrained.push_back(entry.sequence);
    }
  }
  masks_.begin(std::move(constrained));
}

// Chooses the sequence's next token and hands it over, with those that must follow it.
void Engine::accept_logits(Sequence& sequence, std::span<float> logits) {
  TokenEvent event;
  event.end = choose(sequence, logits, event.tokens);
  generated_tokens_ += event.tokens.size();
  if (event.end) {
    sequence.channel->events.finish(std::move(event));
    finished_.push_back(&sequence);
  } else {
    // The queue has room: a sequence whose queue is full is not planned.
    sequence.channel->events.try_push(std::move(event));
  }
}

std::optional<EndReason> Engine::choose(Sequence& sequence, std::span<float> logits,
                                        std::vector<SampledToken>& tokens) {
  const SequenceRequest& request = sequence.request;
  const auto output = static_cast<std::int64_t>(sequence.output_tokens());
  // A bound constraint says in its mask where the answer may end.
  const bool open =
      !request.constraint || request.constraint->bound() || request.constraint->can_end();
  const bool end_allowed = !request.ignore_eos && output >= request.min_tokens && open;
  SampleLimits limits;
  if (!end_allowed) limits.banned = request.end_tokens;
  if (!sequence.forced.empty()) {
    limits.forced = sequence.forced.front();
    sequence.forced.pop_front();
  } else if (sequence.wants_mask()) {
    limits.allowed = sequence.mask;
    const bool any = std::any_of(sequence.mask.begin(), sequence.mask.end(),
                                 [](std::uint64_t word) { return word != 0; });
    if (!any) return EndReason::stuck;
  }
  SampledToken sampled = sampler_.sample(logits, request.sampling, sequence.counts, limits,
                                         static_cast<std::uint64_t>(output));
  if (end_allowed && std::find(request.end_tokens.begin(), request.end_tokens.end(),
                               sampled.token) != request.end_tokens.end()) {
    return EndReason::end_token;
  }
  if (const auto end = take(sequence, std::move(sampled), tokens)) return end;
  return sequence.forced.empty() ? take_forced(sequence, tokens) : std::nullopt;
}

// Makes `token` the sequence's next.
std::optional<EndReason> Engine::take(Sequence& sequence, SampledToken token,
                                      std::vector<SampledToken>& tokens) {
  std::optional<grammar::Constraint>& constraint = sequence.request.constraint;
  if (constraint && !constraint->accept(static_cast<std::uint32_t>(token.token))) {
    return EndReason::stuck;
  }
  sequence.tokens.push_back(token.token);
  sequence.counts.add_output(token.token);
  tokens.push_back(std::move(token));
  if (constraint && constraint->must_end()) return EndReason::end_token;
  const auto output = static_cast<std::int64_t>(sequence.output_tokens());
  if (output >= sequence.request.max_tokens) return EndReason::length;
  return std::nullopt;
}

// Where the grammar has one way to go on, goes it in the tokens that the model would use. The last
// of them is left to the model: it may be the beginning of a longer one. Where log probabilities
// are wanted, each token waits for its logits; the tokens are the same.
std::optional<EndReason> Engine::take_forced(Sequence& sequence,
                                             std::vector<SampledToken>& tokens) {
  constexpr std::size_t kForcedBytesMax = 256;
  const SequenceRequest& request = sequence.request;
  if (!request.constraint || !request.constraint->bound() || !request.encode) return std::nullopt;
  const std::string bytes = request.constraint->forced(kForcedBytesMax);
  if (bytes.size() < 2) return std::nullopt;
  std::vector<TokenId> spelled = request.encode(bytes);
  if (spelled.size() < 2) return std::nullopt;
  spelled.pop_back();
  if (request.sampling.logprobs) {
    sequence.forced.assign(spelled.begin(), spelled.end());
    return std::nullopt;
  }
  for (const TokenId token : spelled) {
    if (const auto end = take(sequence, {.token = token}, tokens)) return end;
  }
  return std::nullopt;
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
