#include "provider/bundled_model.h"

// The assembler puts the file into the read-only data as it stands: no copy is made at start, and
// pages that are never read are never loaded.
__asm__(
    ".section .rodata\n"
    ".balign 4096\n"
    "retort_bundled_model_begin:\n"
    ".incbin \"" RETORT_BUNDLED_MODEL
    "\"\n"
    "retort_bundled_model_end:\n"
    ".byte 0\n"
    ".previous\n");

extern "C" {
extern const std::byte retort_bundled_model_begin[];
extern const std::byte retort_bundled_model_end[];
}

namespace retort::provider {

std::span<const std::byte> bundled_model_bytes() noexcept {
  return {retort_bundled_model_begin, retort_bundled_model_end};
}

}  // namespace retort::provider
