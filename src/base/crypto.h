// Randomness, digests and comparison that leaks no timing. OpenSSL stays behind this header.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace retort::base {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view bytes);

// Lower-case hexadecimal.
std::string to_hex(std::span<const std::uint8_t> bytes);

// `length` characters of 0-9A-Za-z from the system's generator: about 5.95 bits each.
std::string random_alphanumeric(std::size_t length);

// 64 bits from the system's generator.
std::uint64_t random_u64();

// Whether the two are equal, in time that depends on their lengths only.
bool equal_in_constant_time(std::string_view left, std::string_view right);

}  // namespace retort::base
