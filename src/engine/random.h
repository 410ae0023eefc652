// Counter-based randomness: draw k of choice i under a seed is a pure function of (seed, i, k).
//
// So the draw for a position depends on nothing that runs beside the sequence, on no earlier draw,
// and on no attempt that was rejected (promise 2). The generator is Philox4x32-10 of Salmon,
// Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
#pragma once

#include <array>
#include <cstdint>

namespace retort::engine {

// One block of the generator: four words from a counter and a key.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) noexcept;

// Uniform in [0, 1), 53 bits. `position` counts the output tokens of the choice.
double uniform_draw(std::uint64_t seed, std::uint32_t choice, std::uint64_t position) noexcept;

}  // namespace retort::engine
