// Which release of Retort these headers are of, and which the library that runs.
//
// The API follows semantic versioning. The ABI does not: a field added to a struct moves those
// behind it, so link against the minor version that you compiled with.
#pragma once

#include <string_view>

#define RETORT_VERSION_MAJOR 0
#define RETORT_VERSION_MINOR 1
#define RETORT_VERSION_PATCH 0

#pragma GCC visibility push(default)

namespace retort {

// The library's own version, "0.1.0", whatever the headers say.
std::string_view version() noexcept;

}  // namespace retort

#pragma GCC visibility pop
