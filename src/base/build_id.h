// Which build this is: part of system_fingerprint, because answers are bit-exact within one build.
#pragma once

#include <string>

namespace retort::base {

// The identity that the linker gave the running program (its GNU build id), in hexadecimal; where
// it has none, the version and the compiler's.
std::string build_id();

// "0.1.0".
std::string version();

}  // namespace retort::base
