#include "grammar/decimal.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace retort::grammar {
namespace {

Error no_number(std::string_view text) {
  return Error(ErrorKind::invalid_request, "not a JSON number: " + std::string(text.substr(0, 40)));
}

std::string_view take_digits(std::string_view& text) {
  const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// Without the zeros at both ends.
Decimal stripped(bool negative, std::string digits, long exponent) {
  const std::size_t last = digits.find_last_not_of('0');
  if (last == std::string::npos) return {};
  exponent += static_cast<long>(digits.size() - last - 1);
  digits.erase(last + 1);
  digits.erase(0, digits.find_first_not_of('0'));
  return {negative, std::move(digits), static_cast<int>(exponent)};
}

// The exponent's value, no further from 0 than matters.
long exponent_value(std::string_view digits) {
  long value = 0;
  for (const char c : digits) value = std::min(value * 10 + (c - '0'), 100'000'000L);
  return value;
}

int compare_magnitudes(const Decimal& a, const Decimal& b) {
  if (a.digits.empty() || b.digits.empty()) {
    return static_cast<int>(!a.digits.empty()) - static_cast<int>(!b.digits.empty());
  }
  const long a_point = static_cast<long>(a.digits.size()) + a.exponent;
  const long b_point = static_cast<long>(b.digits.size()) + b.exponent;
  if (a_point != b_point) return a_point < b_point ? -1 : 1;
  return a.digits.compare(b.digits);
}

// `value` less `subtrahend` where it is no smaller; numbers without zeros in front.
bool subtract(std::string& value, const std::string& subtrahend) {
  if (value.size() < subtrahend.size() ||
      (value.size() == subtrahend.size() && value < subtrahend)) {
    return false;
  }
  int borrow = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    char& digit = value[value.size() - 1 - i];
    const int less = i < subtrahend.size() ? subtrahend[subtrahend.size() - 1 - i] - '0' : 0;
    const int difference = digit - '0' - less - borrow;
    borrow = difference < 0 ? 1 : 0;
    digit = static_cast<char>('0' + difference + 10 * borrow);
  }
  value.erase(0, value.find_first_not_of('0'));
  return true;
}

}  // namespace

Result<Decimal> Decimal::parse(std::string_view text, std::size_t places_max) {
  std::string_view rest = text;
  const bool negative = take(rest, '-');
  const std::string_view whole = take_digits(rest);
  if (whole.empty() || (whole.size() > 1 && whole[0] == '0')) return no_number(text);
  std::string_view fraction;
  if (take(rest, '.')) {
    fraction = take_digits(rest);
    if (fraction.empty()) return no_number(text);
  }
  long exponent = 0;
  if (take(rest, 'e') || take(rest, 'E')) {
    const bool below = take(rest, '-');
    if (!below) take(rest, '+');
    const std::string_view digits = take_digits(rest);
    if (digits.empty()) return no_number(text);
    exponent = below ? -exponent_value(digits) : exponent_value(digits);
  }
  if (!rest.empty()) return no_number(text);
  exponent -= static_cast<long>(fraction.size());
  Decimal value = stripped(negative, std::string(whole) + std::string(fraction), exponent);
  const long before = static_cast<long>(value.digits.size()) + value.exponent;
  const auto most = static_cast<long>(places_max);
  if (before > most || value.exponent < -most) {
    return Error(ErrorKind::invalid_request,
                 "a number too far from 1: " + std::string(text.substr(0, 40)));
  }
  return value;
}

int compare(const Decimal& a, const Decimal& b) {
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  return a.negative ? compare_magnitudes(b, a) : compare_magnitudes(a, b);
}

bool is_multiple(const Decimal& a, const Decimal& b) {
  if (a.digits.empty()) return true;
  // The digits of a would have to end in zeros, and they do not.
  if (a.exponent < b.exponent) return false;
  std::string remainder;
  const auto add_digit = [&](char digit) {
    if (!remainder.empty() || digit != '0') remainder += digit;
    while (subtract(remainder, b.digits)) {
    }
  };
  for (const char digit : a.digits) add_digit(digit);
  for (int i = b.exponent; i < a.exponent; ++i) add_digit('0');
  return remainder.empty();
}

}  // namespace retort::grammar
