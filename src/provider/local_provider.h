// The provider of a model on this machine: text above, token ids below.
#pragma once

#include <cstddef>
#include <vector>

#include "base/background.h"
#include "provider/model_shelf.h"
#include "provider/provider.h"

namespace retort::provider {

// A request's model is loaded by prepare() if it is not, and stays until the request's stream ends.
class LocalProvider final : public Provider {
 public:
  // Answers for the model of index `model` on `shelf`, which outlives this and all that it gives.
  LocalProvider(ModelShelf& shelf, std::size_t model, ModelInfo info);

  const std::vector<ModelInfo>& models() const override { return models_; }
  base::Awaitable<Result<std::unique_ptr<Prepared>>> prepare(const ChatRequest& request,
                                                             RequestContext context) override;

 private:
  ModelShelf& shelf_;
  const std::size_t model_;
  const std::vector<ModelInfo> models_;
  base::Background background_;  // reads long requests
};

}  // namespace retort::provider
