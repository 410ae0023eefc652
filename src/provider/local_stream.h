// The answer of the local engine as it comes: one or more choices, each a token stream.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "engine/token_stream.h"
#include "provider/choice_text.h"
#include "provider/model_shelf.h"
#include "provider/provider.h"

namespace retort::provider {

// What stands in every chunk.
struct ChunkHead {
  std::string id;
  std::int64_t created = 0;
  std::string model;
  std::string service_tier;  // empty: not said
  std::string system_fingerprint;
};

struct ChoiceRun {
  engine::TokenStream tokens;
  ChoiceText text;
};

// Reads the choices in turn, one token each, so that the order of the chunks depends on nothing but
// the tokens.
class LocalStream final : public ChatStream {
 public:
  // `model` is what the choices refer to; it is kept as long as the stream.
  LocalStream(ModelUse model, ChunkHead head, std::vector<ChoiceRun> choices,
              std::int64_t prompt_tokens);

  base::Awaitable<Result<Next>> next(base::SteadyClock::time_point deadline) override;
  Usage usage() const override;
  void cancel() override;

 private:
  void queue(std::vector<ChunkChoice> pieces);
  void queue_usage();
  bool advance_turn();
  ChatChunk chunk() const;

  const ModelUse model_;  // first: the choices go before it
  const ChunkHead head_;
  std::vector<ChoiceRun> choices_;
  const std::int64_t prompt_tokens_;
  std::deque<ChatChunk> ready_;
  std::size_t turn_ = 0;  // the choice whose token is next
  bool usage_sent_ = false;
  bool cancelled_ = false;
};

}  // namespace retort::provider
