// retort-tiny, the model that comes with Retort, as part of the program itself.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace retort::provider {

inline constexpr std::string_view kBundledModelName = "retort-tiny.gguf (bundled)";

// The GGUF file's bytes: models/retort-tiny/retort-tiny.gguf as it was at build time, aligned to a
// page. Valid as long as the program runs.
std::span<const std::byte> bundled_model_bytes() noexcept;

}  // namespace retort::provider
