// From the configuration to what each local model is loaded with.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config.h"
#include "provider/model_shelf.h"
#include "provider/provider_pool.h"

namespace retort::cli {

// One entry a model to serve; the bundled one where none is named.
std::vector<provider::LocalModelOptions> model_options(const Config& config);

// How many of them are loaded at a time, and for how long.
provider::ShelfOptions shelf_options(const Config& config);

// Whether all of them are loaded before the server listens.
bool loads_eagerly(const Config& config);

// Every alias with the model id it stands for.
std::vector<std::pair<std::string, std::string>> model_aliases(
    const Config& config, const provider::ProviderPool& models);

// Threads of the compute pool: as configured, or one a core.
int compute_threads(const Config& config);

}  // namespace retort::cli
