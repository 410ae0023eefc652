#include "provider/local_provider.h"

#include <chrono>
#include <utility>

#include "base/crypto.h"
#include "provider/local_request.h"
#include "provider/local_stream.h"

namespace retort::provider {
namespace {

class LocalPrepared final : public Prepared {
 public:
  LocalPrepared(ModelUse model, LocalRequest request, RequestContext context,
                std::string service_tier)
      : model_(std::move(model)),
        request_(std::move(request)),
        context_(std::move(context)),
        service_tier_(std::move(service_tier)) {}

  std::int64_t prompt_tokens() const override {
    return static_cast<std::int64_t>(request_.sequence.prompt.size());
  }
  std::int64_t output_tokens_max() const override {
    return request_.sequence.max_tokens * request_.choices;
  }
  const std::vector<std::string>& ignored() const override { return request_.ignored; }

  Result<std::unique_ptr<ChatStream>> start() override {
    std::vector<ChoiceRun> choices;
    for (std::int64_t i = 0; i < request_.choices; ++i) {
      engine::SequenceRequest sequence = request_.sequence;
      sequence.sampling.choice = static_cast<std::uint32_t>(i);
      ChoiceTextOptions text = request_.text;
      text.index = i;
      // Streams of choices that were taken already are dropped with the vector, which cancels them.
      Result<engine::TokenStream> tokens =
          model_->engine->submit(std::move(sequence), context_.executor);
      if (!tokens) return std::move(tokens).error();
      choices.push_back(
          {std::move(tokens).value(), ChoiceText(*model_->tokenizer, std::move(text))});
    }
    return std::unique_ptr<ChatStream>(
        std::make_unique<LocalStream>(model_, head(), std::move(choices), prompt_tokens()));
  }

 private:
  ChunkHead head() const {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return {.id = "chatcmpl-" + base::random_alphanumeric(24),
            .created = std::chrono::duration_cast<std::chrono::seconds>(now).count(),
            .model = context_.model_name,
            .service_tier = service_tier_,
            .system_fingerprint = model_->fingerprint};
  }

  const ModelUse model_;
  LocalRequest request_;
  RequestContext context_;
  std::string service_tier_;
};

// Whether reading a request could hold up an I/O thread: a long prompt, or something to compile.
bool takes_long(const ChatRequest& request) {
  constexpr std::size_t kQuickBytes = 8 * 1024;
  if (request.response_format || !request.tools.empty() || !request.functions.empty() ||
      request.guided_grammar || request.guided_regex || !request.guided_choice.empty()) {
    return true;
  }
  std::size_t bytes = 0;
  for (const Message& message : request.messages) {
    const std::optional<Content>& content = std::visit(
        [](const auto& each) -> const std::optional<Content>& { return each.content; }, message);
    if (!content) continue;
    const auto* text = std::get_if<std::string>(&*content);
    bytes += text != nullptr ? text->size() : kQuickBytes;
  }
  return bytes + request.messages.size() * 64 > kQuickBytes;
}

// The tiers of the contract, all served alike as long as there are no accounts; another word is
// served as auto and listed as ignored.
bool is_known_tier(const std::string& tier) {
  for (const char* known : {"auto", "default", "flex", "scale", "priority", "fast"}) {
    if (tier == known) return true;
  }
  return false;
}

}  // namespace

LocalProvider::LocalProvider(ModelShelf& shelf, std::size_t model, ModelInfo info)
    : shelf_(shelf), model_(model), models_{std::move(info)} {}

base::Awaitable<Result<std::unique_ptr<Prepared>>> LocalProvider::prepare(
    const ChatRequest& request, RequestContext context) {
  Result<ModelUse> model = co_await shelf_.use(model_, context.executor);
  if (!model) co_return std::move(model).error();
  Result<LocalRequest> local =
      takes_long(request) ? co_await background_.run(context.executor,
                                                     [model = *model, request]() {
                                                       return read_local_request(*model, request);
                                                     })
                          : read_local_request(**model, request);
  if (!local) co_return std::move(local).error();
  if (request.service_tier && !is_known_tier(*request.service_tier)) {
    local->ignored.emplace_back("service_tier");
  }
  co_return std::make_unique<LocalPrepared>(std::move(*model), std::move(local).value(),
                                            std::move(context),
                                            request.service_tier ? "default" : "");
}

}  // namespace retort::provider
