#include "engine/draft_model.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace retort::engine {
namespace {

// Tokens that are read on the way to a guess. More are read some at a time, in steps of their own.
constexpr std::size_t kReadOnTheWay = 16;
// Tokens that are read in one go where much is unread: little beside the step of the larger model.
constexpr std::size_t kReadTokens = 64;

}  // namespace

Result<std::unique_ptr<DraftModel>> DraftModel::make(model::Model& model, std::size_t pages,
                                                     std::int64_t vocab_size) {
  Result<model::KvCache> cache =
      model::KvCache::make(model.config(), pages, model::default_kv_type(model.config()));
  if (!cache) return std::move(cache).error();
  return std::unique_ptr<DraftModel>(new DraftModel(model, std::move(*cache), vocab_size));
}

DraftModel::DraftModel(model::Model& model, model::KvCache cache, std::int64_t vocab_size)
    : model_(model),
      cache_(std::move(cache)),
      vocab_size_(static_cast<std::size_t>(vocab_size)),
      holds_(cache_.pages()) {}

bool DraftModel::takes(const Sequence& sequence, std::size_t tokens) const {
  const model::ModelConfig& config = model_.config();
  if (sequence.tokens.size() + tokens > static_cast<std::size_t>(config.context)) return false;
  // The engine's model may have rows beyond the vocabulary, and a sequence may come upon one.
  const auto unread = std::span(sequence.tokens).subspan(sequence.draft_read);
  return std::ranges::all_of(unread,
                             [&config](TokenId token) { return token < config.vocab_size; });
}

Result<void> DraftModel::guess(std::span<const Wanted> wanted, tensor::ThreadPool& pool) {
  std::vector<Wanted> open;
  bool has_read = false;
  for (const Wanted& each : wanted) {
    Sequence& sequence = *each.sequence;
    if (sequence.draft_read == 0) recall_pages(sequence);
    if (sequence.tokens.size() - sequence.draft_read <= kReadOnTheWay) {
      open.push_back(each);
    } else if (!std::exchange(has_read, true)) {
      if (Result<void> done = read(sequence, kReadTokens, pool); !done) return done;
    }
  }
  if (open.empty()) return {};
  const auto began = std::chrono::steady_clock::now();
  std::size_t rounds = 0;
  for (; !open.empty(); ++rounds) {
    if (Result<void> done = go_ahead(open, rounds, pool); !done) return done;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const double each = took.count() / static_cast<double>(rounds);
  constexpr double kWeight = 0.25;
  seconds_ = seconds_ == 0 ? each : seconds_ + kWeight * (each - seconds_);
  return {};
}

// Takes the sequence's first pages as read that still hold what was read of the same tokens.
void DraftModel::recall_pages(Sequence& sequence) const {
  std::size_t page = 0;
  // The last token is always read anew: its logits are wanted.
  while ((page + 1) * model::kPageTokens < sequence.tokens.size() &&
         holds_[sequence.pages[page]] == sequence.key_of(page)) {
    ++page;
  }
  sequence.draft_read = page * model::kPageTokens;
  sequence.draft_kept = page;
}

// The next `tokens` of the sequence are about to be written to its pages.
void DraftModel::forget_pages(const Sequence& sequence, std::size_t tokens) {
  const std::size_t end = PagePool::pages_for(sequence.draft_read + tokens);
  for (std::size_t page = sequence.draft_read / model::kPageTokens; page < end; ++page) {
    holds_[sequence.pages[page]].reset();
  }
}

// Reads up to `tokens` of what is unread, but not the last of it.
Result<void> DraftModel::read(Sequence& sequence, std::size_t tokens, tensor::ThreadPool& pool) {
  tokens = std::min(tokens, sequence.tokens.size() - sequence.draft_read - 1);
  forget_pages(sequence, tokens);
  model::Batch batch;
  batch.sequences.push_back(
      {.tokens = std::span(sequence.tokens).subspan(sequence.draft_read, tokens),
       .position = static_cast<std::int64_t>(sequence.draft_read),
       .pages = sequence.pages,
       .logits = model::BatchSequence::Logits::none});
  if (Result<void> done = model_.forward(batch, cache_, pool, {}); !done) return done;
  sequence.draft_read += tokens;
  settle(sequence, sequence.draft_read);
  return {};
}

// Guesses token `round` of each of `open`, and takes out those that are done.
Result<void> DraftModel::go_ahead(std::vector<Wanted>& open, std::size_t round,
                                  tensor::ThreadPool& pool) {
  model::Batch batch;
  for (const Wanted& each : open) {
    const Sequence& sequence = *each.sequence;
    const auto unread = round == 0
                            ? std::span<const TokenId>(sequence.tokens).subspan(sequence.draft_read)
                            : std::span<const TokenId>(sequence.guess.tokens).last(1);
    forget_pages(sequence, unread.size());
    batch.sequences.push_back({.tokens = unread,
                               .position = static_cast<std::int64_t>(sequence.draft_read),
                               .pages = sequence.pages,
                               .logits = model::BatchSequence::Logits::last});
  }
  const auto vocabulary = static_cast<std::size_t>(model_.config().vocab_size);
  logits_.resize(open.size() * vocabulary);
  if (Result<void> done = model_.forward(batch, cache_, pool, logits_); !done) return done;
  for (std::size_t i = 0; i < open.size(); ++i) {
    Sequence& sequence = *open[i].sequence;
    sequence.draft_read += batch.sequences[i].tokens.size();
    const auto token =
        choose(sequence, std::span<const float>(logits_).subspan(i * vocabulary, vocabulary));
    if (token) sequence.guess.tokens.push_back(*token);
    if (!token || sequence.guess.tokens.size() == open[i].tokens) open[i].sequence = nullptr;
  }
  std::erase_if(open, [](const Wanted& each) { return each.sequence == nullptr; });
  return {};
}

// The token that the sequence would choose from these logits: by its parameters and the draw of
// that position. Nothing where it would end, which is no token to go on from.
std::optional<TokenId> DraftModel::choose(const Sequence& sequence, std::span<const float> logits) {
  SamplingParams params = sequence.request.sampling;
  params.logprobs = false;
  const std::size_t position = sequence.output_tokens() + sequence.guess.tokens.size();
  // One of the two may have more rows than the vocabulary has tokens.
  row_.assign(logits.begin(), logits.end());
  row_.resize(vocab_size_, -std::numeric_limits<float>::infinity());
  const TokenId token = sampler_.sample(row_, params, sequence.counts, {}, position).token;
  const std::vector<TokenId>& ends = sequence.request.end_tokens;
  if (std::find(ends.begin(), ends.end(), token) != ends.end()) return std::nullopt;
  return token;
}

void DraftModel::settle(Sequence& sequence, std::size_t valid) {
  sequence.draft_read = std::min(sequence.draft_read, valid);
  for (; (sequence.draft_kept + 1) * model::kPageTokens <= sequence.draft_read;
       ++sequence.draft_kept) {
    holds_[sequence.pages[sequence.draft_kept]] = sequence.key_of(sequence.draft_kept);
  }
}

void DraftModel::forgive(Sequence& sequence) const {
  constexpr double kWeight = 0.01;  // a hundred tokens go by
  double& rate = sequence.guess.hit_rate[static_cast<std::size_t>(GuessSource::draft_model)];
  constexpr double kHope = 0.7;
  if (rate < kHope) rate += kWeight * (kHope - rate);
}

}  // namespace retort::engine
