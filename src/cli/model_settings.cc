#include "cli/model_settings.h"

#include <algorithm>
#include <thread>

namespace retort::cli {

std::vector<provider::LocalModelOptions> model_options(const Config& config) {
  std::vector<ModelSetting> settings = config.models;
  if (settings.empty()) settings.emplace_back();
  std::vector<provider::LocalModelOptions> models;
  models.reserve(settings.size());
  for (const ModelSetting& setting : settings) {
    models.push_back({.path = setting.path,
                      .id = setting.id,
                      .context = setting.context ? setting.context : config.context,
                      .kv_bytes = config.kv_memory,
                      .batch_sequences_max = static_cast<std::size_t>(config.max_batch),
                      .waiting_max = static_cast<std::size_t>(config.limits.waiting_requests_max)});
  }
  return models;
}

std::vector<std::pair<std::string, std::string>> model_aliases(
    const Config& config, const provider::ProviderPool& models) {
  std::vector<std::pair<std::string, std::string>> aliases = config.aliases;
  // The pool lists the models in the order in which they were added, which is the settings' order.
  for (std::size_t i = 0; i < config.models.size(); ++i) {
    for (const std::string& name : config.models[i].aliases) {
      aliases.emplace_back(name, models.models()[i].id);
    }
  }
  return aliases;
}

int compute_threads(const Config& config) {
  if (config.threads > 0) return config.threads;
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1,
                    tensor::ThreadPool::kThreadsMax);
}

}  // namespace retort::cli
