// The provider of a model on this machine: text above, token ids below.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/background.h"
#include "base/metrics.h"
#include "provider/local_model.h"
#include "provider/provider.h"

namespace retort::provider {

class LocalProvider final : public Provider {
 public:
  // As LocalModel::load.
  static Result<std::unique_ptr<LocalProvider>> load(const LocalModelOptions& options,
                                                     const tensor::Kernels& kernels,
                                                     tensor::ThreadPool& pool,
                                                     const base::Log& log);

  explicit LocalProvider(LocalModel model);

  const std::vector<ModelInfo>& models() const override { return models_; }
  base::Awaitable<Result<std::unique_ptr<Prepared>>> prepare(const ChatRequest& request,
                                                             RequestContext context) override;

  // Writes the engine's numbers into the gauges of this model.
  void write_gauges(base::Metrics& metrics) const;

 private:
  LocalModel model_;
  std::vector<ModelInfo> models_;
  base::Background background_;  // reads long requests; last: it uses the model
};

}  // namespace retort::provider
