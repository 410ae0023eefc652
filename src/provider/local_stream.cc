#include "provider/local_stream.h"

#include <utility>

namespace retort::provider {

LocalStream::LocalStream(ModelUse model, ChunkHead head, std::vector<ChoiceRun> choices,
                         std::int64_t prompt_tokens)
    : model_(std::move(model)),
      head_(std::move(head)),
      choices_(std::move(choices)),
      prompt_tokens_(prompt_tokens) {
  for (const ChoiceRun& choice : choices_) {
    ready_.push_back(chunk());
    ready_.back().choices.push_back(choice.text.begin());
  }
}

base::Awaitable<Result<ChatStream::Next>> LocalStream::next(
    base::SteadyClock::time_point deadline) {
  for (;;) {
    if (cancelled_) co_return Error(ErrorKind::cancelled, "the request was cancelled");
    if (!ready_.empty()) {
      Next next{.chunk = std::move(ready_.front()), .over = false};
      ready_.pop_front();
      co_return next;
    }
    if (usage_sent_) co_return Next{.chunk = std::nullopt, .over = true};
    if (!advance_turn()) {
      queue_usage();
      continue;
    }
    ChoiceRun& choice = choices_[turn_];
    std::optional<engine::TokenEvent> event = co_await choice.tokens.next(deadline);
    if (!event) {
      if (cancelled_) continue;
      if (!choice.tokens.over()) co_return Next{};  // the deadline has passed
      co_return Error(ErrorKind::internal, "the engine ended the sequence early");
    }
    for (const engine::SampledToken& token : event->tokens) queue(choice.text.push(token));
    if (event->end == engine::EndReason::failed || event->end == engine::EndReason::cancelled) {
      co_return Error(ErrorKind::internal, "the engine could not finish the sequence");
    }
    if (event->end == engine::EndReason::stuck) {
      co_return Error(ErrorKind::internal,
                      "the answer could not be held to its format: the model's vocabulary cannot "
                      "spell what comes next, or the format is too complex");
    }
    if (event->end) {
      queue(choice.text.finish(*event->end));
      if (Result<void> checked = choice.text.check(); !checked)
        co_return std::move(checked).error();
    }
    if (choice.text.over()) choice.tokens.cancel();
    ++turn_;
  }
}

void LocalStream::cancel() {
  cancelled_ = true;
  for (ChoiceRun& choice : choices_) choice.tokens.cancel();
}

// Moves to the next choice that is not over. False: all are.
bool LocalStream::advance_turn() {
  for (std::size_t i = 0; i < choices_.size(); ++i) {
    const std::size_t candidate = (turn_ + i) % choices_.size();
    if (choices_[candidate].text.over()) continue;
    turn_ = candidate;
    return true;
  }
  return false;
}

ChatChunk LocalStream::chunk() const {
  ChatChunk chunk;
  chunk.id = head_.id;
  chunk.created = head_.created;
  chunk.model = head_.model;
  if (!head_.service_tier.empty()) chunk.service_tier = head_.service_tier;
  chunk.system_fingerprint = head_.system_fingerprint;
  return chunk;
}

void LocalStream::queue(std::vector<ChunkChoice> pieces) {
  for (ChunkChoice& piece : pieces) {
    ready_.push_back(chunk());
    ready_.back().choices.push_back(std::move(piece));
  }
}

Usage LocalStream::usage() const {
  Usage usage;
  usage.prompt_tokens = prompt_tokens_;
  std::int64_t reasoning = 0;
  for (const ChoiceRun& choice : choices_) {
    usage.completion_tokens += choice.text.output_tokens();
    reasoning += choice.text.reasoning_tokens();
  }
  usage.total_tokens = usage.prompt_tokens + usage.completion_tokens;
  usage.prompt_tokens_details.emplace().cached_tokens = choices_.front().tokens.cached_tokens();
  usage.completion_tokens_details.emplace().reasoning_tokens = reasoning;
  return usage;
}

void LocalStream::queue_usage() {
  ready_.push_back(chunk());
  ready_.back().usage = usage();
  usage_sent_ = true;
}

}  // namespace retort::provider
