#include "provider/provider_pool.h"

#include <utility>

namespace retort::provider {

Result<void> ProviderPool::add(std::unique_ptr<Provider> provider) {
  for (const ModelInfo& info : provider->models()) {
    if (!by_name_.emplace(info.id, provider.get()).second) {
      return Error(ErrorKind::config,
                   "two models have the name '" + info.id + "'; give one of them another id");
    }
    models_.push_back(info);
  }
  providers_.push_back(std::move(provider));
  return {};
}

Result<void> ProviderPool::add_alias(const std::string& name, const std::string& model_id) {
  const Result<Pick> model = pick(model_id);
  if (!model) {
    return Error(ErrorKind::config,
                 "alias '" + name + "' names the model '" + model_id + "', which is not served");
  }
  if (!by_name_.emplace(name, model->provider).second) {
    return Error(ErrorKind::config, "the alias '" + name + "' is the name of another model");
  }
  ModelInfo info = model->model;
  info.id = name;
  models_.push_back(std::move(info));
  return {};
}

Result<ProviderPool::Pick> ProviderPool::pick(std::string_view name) const {
  const auto it = by_name_.find(name);
  if (it == by_name_.end()) {
    return Error(ErrorKind::not_found,
                 "The model '" + std::string(name) +
                     "' does not exist or you do not have access to it; GET /v1/models lists those "
                     "that do.")
        .with_type("invalid_request_error")
        .with_param("model")
        .with_code("model_not_found");
  }
  for (const ModelInfo& info : models_) {
    if (info.id == name) return Pick{.provider = it->second, .model = info};
  }
  return Error(ErrorKind::internal, "a model without a info");
}

}  // namespace retort::provider
