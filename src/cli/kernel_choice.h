// Which kernels this process computes with: RETORT_CPU, or the best that the processor has.
#pragma once

#include <retort/result.h>

#include "tensor/kernels.h"

namespace retort::cli {

// The error names RETORT_CPU and what it takes here.
Result<const tensor::Kernels*> kernels_of_environment();

}  // namespace retort::cli
