#include "cli/model_settings.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace retort::cli {
namespace {

engine::SpeculationMode mode_of(SpeculationSetting setting) {
  switch (setting) {
    case SpeculationSetting::off:
      return engine::SpeculationMode::off;
    case SpeculationSetting::lookup:
      return engine::SpeculationMode::lookup;
    case SpeculationSetting::automatic:
      break;
  }
  return engine::SpeculationMode::automatic;
}

}  // namespace

std::vector<provider::LocalModelOptions> model_options(const Config& config) {
  std::vector<ModelSetting> settings = config.models;
  if (settings.empty()) settings.emplace_back();
  // What the models take for keys and values unasked is a quarter of what there is, together.
  const std::int64_t memory =
      std::min(config.model_memory.value_or(INT64_MAX), provider::machine_memory_bytes());
  const std::int64_t share = memory / 4 / static_cast<std::int64_t>(settings.size());
  std::vector<provider::LocalModelOptions> models;
  models.reserve(settings.size());
  for (const ModelSetting& setting : settings) {
    models.push_back(
        {.path = setting.path,
         .id = setting.id,
         .context = setting.context ? setting.context : config.context,
         .kv_bytes = config.kv_memory,
         .kv_bytes_unasked = share,
         .kv_type = model::find_kv_type(config.kv_type),
         .speculation = mode_of(config.speculation),
         .draft_path = setting.draft_model.empty() ? config.draft_model : setting.draft_model,
         .batch_sequences_max = static_cast<std::size_t>(config.max_batch),
         .waiting_max = static_cast<std::size_t>(config.limits.waiting_requests_max)});
  }
  return models;
}

provider::ShelfOptions shelf_options(const Config& config) {
  provider::ShelfOptions options;
  options.memory_bytes = config.model_memory;
  if (config.model_idle) options.idle_max = std::chrono::seconds(*config.model_idle);
  options.waiting_max = static_cast<std::size_t>(config.limits.waiting_requests_max);
  options.wait_max = std::chrono::milliseconds(config.limits.load_timeout_ms);
  return options;
}

bool loads_eagerly(const Config& config) {
  const ModelLoad otherwise = config.models.size() > 1 ? ModelLoad::lazy : ModelLoad::eager;
  return config.model_load.value_or(otherwise) == ModelLoad::eager;
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
