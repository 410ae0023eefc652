// Randomness, digests and comparison that leaks no timing. OpenSSL stays behind this header.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace retort::base {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view bytes);

// Bytes that come in pieces to their digest. One thread at a time.
class Digest {
 public:
  enum class Algorithm : std::uint8_t { sha1, sha256 };  // SHA-1 only for what Git names by it

  explicit Digest(Algorithm algorithm);

  void update(std::string_view bytes);
  // Lower-case hexadecimal. Last of all.
  std::string finish();

 private:
  struct Free {
    void operator()(void* context) const noexcept;
  };
  std::unique_ptr<void, Free> context_;
};

// Lower-case hexadecimal.
std::string to_hex(std::span<const std::uint8_t> bytes);

// `length` characters of 0-9A-Za-z from the system's generator: about 5.95 bits each.
std::string random_alphanumeric(std::size_t length);

// 64 bits from the system's generator.
std::uint64_t random_u64();

// Whether the two are equal, in time that depends on their lengths only.
bool equal_in_constant_time(std::string_view left, std::string_view right);

}  // namespace retort::base
