// Which provider serves which model name.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <retort/result.h>

#include "provider/provider.h"

namespace retort::provider {

// Filled by main before serving, then read from any thread.
class ProviderPool {
 public:
  // Adds a provider under the ids of its models. Fails where a name is taken.
  Result<void> add(std::unique_ptr<Provider> provider);

  // Lets `name` stand for the model `model_id`. Fails where the model is not there or the name
  // taken.
  Result<void> add_alias(const std::string& name, const std::string& model_id);

  struct Pick {
    Provider* provider = nullptr;
    ModelInfo model;  // its id is the name that was asked for
  };

  // The provider of a model name, compared case-sensitively. A name nobody serves is a not_found
  // error with code model_not_found.
  Result<Pick> pick(std::string_view name) const;

  // Every name that can be asked for: the models in the order they were added, then the aliases.
  const std::vector<ModelInfo>& models() const noexcept { return models_; }

 private:
  std::vector<std::unique_ptr<Provider>> providers_;
  std::map<std::string, Provider*, std::less<>> by_name_;
  std::vector<ModelInfo> models_;
};

}  // namespace retort::provider
