// Models of a hub on the command line: what hf:OWNER/REPO... means wherever a model is named, and
// how far a pull is, on standard error.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <retort/result.h>

#include "cli/command_line.h"
#include "config.h"
#include "hub/pull.h"

namespace retort::cli {

// --model, --hub and --data-dir of the commands that look inside a model.
Flag model_flag();
Flag hub_flag();
Flag data_dir_flag();

// Where models come from and where they lie.
struct ModelPlaces {
  std::string hub;
  std::filesystem::path data_dir;
};
// By --hub and --data-dir, or the environment. A config error where no folder can be found.
Result<ModelPlaces> model_places(const Arguments& arguments);

// The path of a model: itself, or for hf:OWNER/REPO... where it was pulled to. One that is not
// there is pulled now. Empty stays empty: the bundled model.
Result<std::filesystem::path> find_model(const std::string& model, const Arguments& arguments);
// Of --model.
Result<std::filesystem::path> find_model(const Arguments& arguments);

// Puts paths in the place of hf: names; a model without an id is called OWNER/REPO.
Result<void> find_models(Config& config);

struct PullSettings {
  int retries = 5;
  hub::FetchLimits limits;
};

// Asks the hub, and shows on standard error how far it is: a bar on a terminal, a line every few
// seconds otherwise. The token is that of HF_TOKEN.
Result<hub::PulledModel> pull(const hub::HubName& name, const ModelPlaces& places,
                              const PullSettings& settings);

}  // namespace retort::cli
