#include "cli/hub_models.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "cli/pull_screen.h"

namespace retort::cli {
namespace {

std::optional<std::string> variable(const std::string& name) {
  // What is not about places must not fail here: --port is not this command's.
  constexpr auto kKnown = std::to_array<std::string_view>(
      {"RETORT_HUB", "RETORT_DATA_DIR", "HF_ENDPOINT", "XDG_DATA_HOME", "HOME"});
  if (std::ranges::find(kKnown, name) == kKnown.end()) return std::nullopt;
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

std::string hub_token() {
  const char* value = std::getenv("HF_TOKEN");
  std::string token = value == nullptr ? "" : value;
  // A token that was read from a file brings its line break along.
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  return token;
}

void wait(std::chrono::milliseconds time) {
  timespec left{.tv_sec = time.count() / 1'000, .tv_nsec = time.count() % 1'000 * 1'000'000};
  ::nanosleep(&left, nullptr);
}

Result<ModelPlaces> checked(ModelPlaces places) {
  if (!places.data_dir.empty()) return places;
  return Error(ErrorKind::config,
               "--data-dir is needed: neither XDG_DATA_HOME nor HOME says where models lie")
      .with_param("data_dir");
}

Result<hub::PulledModel> find_or_pull(const hub::HubName& name, const ModelPlaces& places) {
  std::optional<hub::PulledModel> there = hub::ModelStore(places.data_dir).find(name);
  if (there) return std::move(*there);
  return pull(name, places, {});
}

}  // namespace

Flag model_flag() {
  return {"model", "MODEL", "a GGUF file, Hugging Face folder or hf:OWNER/REPO (default: bundled)"};
}

Flag hub_flag() {
  return {"hub", "URL", "where hf: models come from (default: HF_ENDPOINT, or huggingface.co)"};
}

Flag data_dir_flag() {
  return {"data-dir", "DIR", "where models are stored (default $XDG_DATA_HOME/retort)"};
}

Result<ModelPlaces> model_places(const Arguments& arguments) {
  std::vector<std::pair<std::string, std::string>> flags;
  for (const auto& flag : arguments.flags) {
    if (flag.first == "hub" || flag.first == "data-dir") flags.push_back(flag);
  }
  const Result<Config> config = read_config(flags, variable);
  if (!config) return config.error();
  return checked({.hub = config->hub, .data_dir = config->data_dir});
}

Result<std::filesystem::path> find_model(const std::string& model, const Arguments& arguments) {
  if (!hub::is_hub_name(model)) return std::filesystem::path(model);
  const Result<hub::HubName> name = hub::parse_hub_name(model);
  if (!name) return name.error();
  const Result<ModelPlaces> places = model_places(arguments);
  if (!places) return places.error();
  const Result<hub::PulledModel> found = find_or_pull(*name, *places);
  if (!found) return found.error();
  return hub::ModelStore(places->data_dir).path(*found);
}

Result<std::filesystem::path> find_model(const Arguments& arguments) {
  return find_model(arguments.find("model").value_or(""), arguments);
}

Result<void> find_models(Config& config) {
  for (ModelSetting& setting : config.models) {
    if (!hub::is_hub_name(setting.path.native())) continue;
    const Result<hub::HubName> name = hub::parse_hub_name(setting.path.native());
    if (!name) return name.error();
    const Result<ModelPlaces> places = checked({.hub = config.hub, .data_dir = config.data_dir});
    if (!places) return places.error();
    const Result<hub::PulledModel> found = find_or_pull(*name, *places);
    if (!found) return found.error();
    setting.path = hub::ModelStore(places->data_dir).path(*found);
    if (setting.id.empty()) setting.id = name->id();
  }
  return {};
}

Result<hub::PulledModel> pull(const hub::HubName& name, const ModelPlaces& places,
                              const PullSettings& settings) {
  Result<hub::HubClient> client =
      hub::HubClient::make({.url = places.hub, .token = hub_token(), .limits = settings.limits});
  if (!client) return std::move(client).error();
  PullScreen screen;
  hub::DownloadOptions options;
  options.retries = settings.retries;
  options.on_progress = [&screen](const hub::Progress& progress) { screen.show(progress); };
  options.on_note = [&screen](const std::string& note) { screen.note(note); };
  options.wait = wait;
  return hub::pull_model(*client, hub::ModelStore(places.data_dir), name, options);
}

}  // namespace retort::cli
