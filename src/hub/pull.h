// A whole model from a hub into the store: what `retort pull` and --model hf:... do.
#pragma once

#include <string>

#include <retort/result.h>

#include "hub/download.h"
#include "hub/hub_client.h"
#include "hub/model_store.h"

namespace retort::hub {

// Asks the hub for the model that `name` means and fetches what is not there yet. Notes which one
// it chose where several would do. Errors as of choose_model() and download_file(), and io where
// the disk has no room for it all, which is looked at first.
Result<PulledModel> pull_model(HubClient& hub, const ModelStore& store, const HubName& name,
                               const DownloadOptions& options);

// "1.5 GB", in powers of 1000 as disks and hubs count.
std::string size_text(std::uint64_t bytes);

}  // namespace retort::hub
