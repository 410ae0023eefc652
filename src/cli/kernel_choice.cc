#include "cli/kernel_choice.h"

#include <cstdlib>

namespace retort::cli {

Result<const tensor::Kernels*> kernels_of_environment() {
  const char* name = std::getenv("RETORT_CPU");
  return tensor::choose_kernels(name == nullptr ? "" : name);
}

}  // namespace retort::cli
