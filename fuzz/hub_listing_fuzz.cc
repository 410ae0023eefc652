// Any bytes as what a hub lists, and as a record of a pulled model: no path leaves its folder, a
// choice is made of listed files, and a record that is read is written as it was.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "hub/hub_name.h"
#include "hub/model_choice.h"
#include "hub/model_store.h"

namespace {

using namespace retort;

void check_choice(const hub::Listing& listing, std::string_view wanted) {
  const Result<hub::ModelChoice> choice = hub::choose_model(listing, wanted);
  if (!choice) return;
  if (choice->files.empty()) std::abort();
  for (const hub::HubFile& file : choice->files) {
    if (std::ranges::find(listing.files, file) == listing.files.end()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto listing = hub::read_listing(text)) {
    for (const hub::HubFile& file : listing->files) {
      if (!hub::is_plain_path(file.path)) std::abort();
      (void)hub::quant_of(file.path);
    }
    for (const char* wanted : {"", "q4_k_m", "safetensors"}) check_choice(*listing, wanted);
  }
  if (const auto record = hub::read_record(text)) {
    const auto again = hub::read_record(hub::write_record(*record));
    if (!again || hub::write_record(*again) != hub::write_record(*record)) std::abort();
  }
  if (const auto name = hub::parse_hub_name(text)) {
    if (!hub::is_plain_path(name->id())) std::abort();
  }
  return 0;
}
