// From the configuration to what each local model is loaded with.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config.h"
#include "provider/local_model.h"
#include "provider/provider_pool.h"

namespace retort::cli {

// One entry a model to serve; the bundled one where none is named.
std::vector<provider::LocalModelOptions> model_options(const Config& config);

// Every alias with the model id it stands for.
std::vector<std::pair<std::string, std::string>> model_aliases(
    const Config& config, const provider::ProviderPool& models);

// Threads of the compute pool: as configured, or one a core.
int compute_threads(const Config& config);

}  // namespace retort::cli
