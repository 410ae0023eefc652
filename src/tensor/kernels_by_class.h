// What fills the kernel tables: one function a class, each in the file named for it, which also
// sets kernel_class. kernels.cc calls those that the processor can run.
#pragma once

#include "tensor/kernels.h"

namespace retort::tensor {

void set_portable_kernels(Kernels& kernels);
#if defined(__x86_64__)
// Each may be called only where the processor has the class.
void set_avx2_kernels(Kernels& kernels);
void set_avxvnni_kernels(Kernels& kernels);
void set_avx512_kernels(Kernels& kernels);
void set_avx512vnni_kernels(Kernels& kernels);
#endif

}  // namespace retort::tensor
