// Result<T>: a value, or the Error that says why there is none.
//
// Everything in Retort that can fail returns one. It is shaped like std::expected<T, Error> of
// C++23, so that it can be replaced by it one day, and like it is [[nodiscard]]: an error cannot be
// overlooked.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <retort/error.h>

#pragma GCC visibility push(default)

namespace retort {

// What value() does on an error: prints it to standard error and ends the process. Reading a value
// that is not there is a mistake in the program, never a consequence of input.
[[noreturn]] void bad_result_access(const Error& error) noexcept;

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: as in std::expected
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: the same

  template <typename U>
    requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result> &&
             !std::is_base_of_v<Error, std::remove_cvref_t<U>>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}  // NOLINT: same

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & { return checked(); }
  const T& value() const& { return checked(); }
  T&& value() && { return std::move(checked()); }

  // The same as value(): an access to a missing value never goes unnoticed.
  T& operator*() & { return checked(); }
  const T& operator*() const& { return checked(); }
  T&& operator*() && { return std::move(checked()); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &checked(); }

  template <typename U>
  T value_or(U&& other) const& {
    return has_value() ? *std::get_if<0>(&state_) : static_cast<T>(std::forward<U>(other));
  }

  // Only when !has_value().
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  T& checked() {
    if (T* value = std::get_if<0>(&state_)) return *value;
    bad_result_access(*std::get_if<1>(&state_));
  }
  const T& checked() const {
    if (const T* value = std::get_if<0>(&state_)) return *value;
    bad_result_access(*std::get_if<1>(&state_));
  }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: as in std::expected

  bool has_value() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const {
    if (error_) bad_result_access(*error_);
  }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace retort

#pragma GCC visibility pop
