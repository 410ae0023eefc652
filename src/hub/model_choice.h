// Which of a repository's files make the model that was asked for.
//
// A repository holds one model in many forms: GGUF files of a dozen quants, some cut into parts,
// and the safetensors it all began with. A form is pulled whole or not at all.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <retort/result.h>

#include "hub/listing.h"

namespace retort::hub {

struct ModelChoice {
  std::string quant;  // "Q4_K_M"; "safetensors" for a folder; the file's name where none is in it
  std::string entry;  // what a model is loaded from, below the repository's folder: the (first)
                      // GGUF file; empty: the folder itself
  std::vector<HubFile> files;
  bool preferred = false;  // nobody named it: chosen among several
};

// `wanted` is a file's path or name, a quant in any case, "safetensors", or empty: then the GGUF
// file whose quant comes first of Q4_K_M, Q4_K_S, Q4_0, Q5_K_M ..., and safetensors where there is
// none. Errors (not_found) name what there is instead.
Result<ModelChoice> choose_model(const Listing& listing, std::string_view wanted);

// The quant in a GGUF file's name, in capitals: "Q4_K_M" of model-q4_k_m-00001-of-00002.gguf,
// "UD-IQ2_XXS" of model-UD-IQ2_XXS.gguf. Empty where there is none.
std::string quant_of(std::string_view file_name);

}  // namespace retort::hub
