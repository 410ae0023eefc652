#include "provider/fake_provider.h"

#include <algorithm>
#include <utility>

namespace retort::provider {
namespace {

class FakeStream final : public ChatStream {
 public:
  FakeStream(const FakeScript& script, RequestContext context, std::atomic<int>& cancelled)
      : script_(script),
        context_(std::move(context)),
        cancelled_count_(cancelled),
        stopped_(context_.executor) {}

  base::Awaitable<Result<Next>> next(base::SteadyClock::time_point) override {
    const std::size_t step = step_++;
    const std::size_t pieces = script_.pieces.size();
    if (step == 0) co_return Next{.chunk = piece({.role = "assistant", .content = ""})};
    if (step <= pieces) co_return Next{.chunk = piece({.content = script_.pieces[step - 1]})};
    if (script_.hangs) {
      co_await stopped_.wait();
      co_return Error(ErrorKind::cancelled, "cancelled");
    }
    if (script_.late_error) co_return *script_.late_error;
    if (step == pieces + 1) {
      ChatChunk last = piece({});
      last.choices.front().finish_reason = FinishReason::stop;
      co_return Next{.chunk = std::move(last)};
    }
    if (step == pieces + 2) co_return Next{.chunk = usage_chunk()};
    co_return Next{.chunk = std::nullopt, .over = true};
  }

  Usage usage() const override {
    const auto pieces = static_cast<std::int64_t>(std::min(step_, script_.pieces.size()));
    return {.prompt_tokens = 3, .completion_tokens = pieces, .total_tokens = 3 + pieces};
  }

  void cancel() override {
    ++cancelled_count_;
    stopped_.set();
  }

 private:
  ChatChunk head() const {
    ChatChunk chunk;
    chunk.id = "chatcmpl-fake";
    chunk.created = 1'700'000'000;
    chunk.model = context_.model_name;
    return chunk;
  }

  ChatChunk piece(Delta delta) const {
    ChatChunk chunk = head();
    chunk.choices.push_back({.index = 0,
                             .delta = std::move(delta),
                             .finish_reason = std::nullopt,
                             .logprobs = std::nullopt,
                             .extra = {}});
    return chunk;
  }

  ChatChunk usage_chunk() const {
    ChatChunk chunk = head();
    chunk.usage = usage();
    return chunk;
  }

  const FakeScript& script_;
  RequestContext context_;
  std::atomic<int>& cancelled_count_;
  base::Event stopped_;
  std::size_t step_ = 0;
};

class FakePrepared final : public Prepared {
 public:
  FakePrepared(const FakeScript& script, RequestContext context, std::atomic<int>& cancelled)
      : script_(script), context_(std::move(context)), cancelled_(cancelled) {}

  std::int64_t prompt_tokens() const override { return 3; }
  std::int64_t output_tokens_max() const override { return 100; }
  const std::vector<std::string>& ignored() const override { return script_.ignored; }
  Result<std::unique_ptr<ChatStream>> start() override {
    if (script_.start_error) return *script_.start_error;
    return std::unique_ptr<ChatStream>(std::make_unique<FakeStream>(script_, context_, cancelled_));
  }

 private:
  const FakeScript& script_;
  RequestContext context_;
  std::atomic<int>& cancelled_;
};

}  // namespace

FakeProvider::FakeProvider(std::string model, FakeScript script) : script_(std::move(script)) {
  models_.push_back(
      {.id = std::move(model), .created = 1'700'000'000, .owned_by = "nobody", .extra = {}});
}

base::Awaitable<Result<std::unique_ptr<Prepared>>> FakeProvider::prepare(const ChatRequest&,
                                                                         RequestContext context) {
  if (script_.refusal) co_return *script_.refusal;
  co_return std::make_unique<FakePrepared>(script_, std::move(context), cancelled_);
}

}  // namespace retort::provider
