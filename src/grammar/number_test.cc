#include "grammar/number.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace retort::grammar {
namespace {

Decimal decimal(std::string_view text) {
  const Result<Decimal> parsed = Decimal::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : Decimal{};
}

// The bounds as a schema writes them, e.g. ">=0 <10 %2.5".
NumberBounds bounds_of(bool integer, std::string_view text) {
  NumberBounds bounds{.integer = integer};
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const char kind = part[0];
    part.remove_prefix(1);
    const bool inclusive = part[0] == '=';
    if (inclusive) part.remove_prefix(1);
    if (kind == '%') bounds.multiple_of = decimal(part);
    if (kind == '>') {
      bounds.minimum = decimal(part);
      bounds.exclusive_minimum = !inclusive;
    }
    if (kind == '<') {
      bounds.maximum = decimal(part);
      bounds.exclusive_maximum = !inclusive;
    }
  }
  return bounds;
}

// ------------------------------------------------------------------ what is right, another way

// `text` * 10^9 where that is an integer that fits: numbers of the tests below.
std::optional<__int128> scaled(std::string_view text) {
  __int128 value = 0;
  int places = 0, exponent = 0;
  bool negative = false, behind = false;
  std::size_t i = 0;
  if (text[0] == '-') negative = ++i == 1;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] == '.') {
      behind = true;
      continue;
    }
    value = value * 10 + (text[i] - '0');
    places += behind ? 1 : 0;
  }
  if (i < text.size()) exponent = std::stoi(std::string(text.substr(i + 1)));
  for (exponent += 9 - places; exponent > 0; --exponent) value *= 10;
  for (; exponent < 0; ++exponent) {
    if (value % 10 != 0) return std::nullopt;
    value /= 10;
  }
  return negative ? -value : value;
}

bool within(std::string_view text, std::string_view bounds_text) {
  const __int128 value = *scaled(text);
  while (!bounds_text.empty()) {
    const std::size_t end = std::min(bounds_text.find(' '), bounds_text.size());
    std::string_view part = bounds_text.substr(0, end);
    bounds_text.remove_prefix(std::min(end + 1, bounds_text.size()));
    const bool inclusive = part[1] == '=';
    const __int128 bound = *scaled(part.substr(inclusive ? 2 : 1));
    if (part[0] == '%' && value % bound != 0) return false;
    if (part[0] == '>' && (inclusive ? value < bound : value <= bound)) return false;
    if (part[0] == '<' && (inclusive ? value > bound : value >= bound)) return false;
  }
  return true;
}

std::vector<std::string> spelled_numbers(bool fractions) {
  std::vector<std::string> all;
  for (const std::string sign : {"", "-"}) {
    for (int whole = 0; whole <= 130; ++whole) all.push_back(sign + std::to_string(whole));
    for (const int whole : {180, 199, 200, 255, 256, 999, 1000, 1001, 1234, 65535, 99999, 100000}) {
      all.push_back(sign + std::to_string(whole));
    }
    if (!fractions) continue;
    for (const std::string whole : {"0", "1", "2", "5", "9", "10", "11", "12", "99", "180"}) {
      for (int fraction = 0; fraction < 1000; fraction += fraction < 130 ? 1 : 7) {
        const std::string digits = std::to_string(fraction);
        for (const char* zeros : {"", "0", "00"})
          all.push_back(sign + whole + "." + zeros + digits);
      }
    }
  }
  return all;
}

void expect_bounds(bool integer, std::string_view text, const std::vector<std::string>& numbers) {
  ExpressionPool pool;
  const Result<Expression> compiled = compile_number(pool, bounds_of(integer, text));
  ASSERT_TRUE(compiled) << text << ": " << compiled.error().message();
  for (const std::string& number : numbers) {
    ASSERT_EQ(pool.matches(*compiled, number), within(number, text))
        << number << " in " << text << (integer ? " (integer)" : "");
  }
}

// --------------------------------------------------------------------------------- the tests

TEST(Number, WhatIsBeyondADoubleIsNotLetThrough) {
  ExpressionPool pool;
  const Expression decimal = compile_number(pool, {}).value();
  const Expression integer = compile_number(pool, {.integer = true}).value();
  const std::string longest(308, '9');
  EXPECT_TRUE(pool.matches(decimal, longest));
  EXPECT_TRUE(pool.matches(integer, "-" + longest));
  EXPECT_FALSE(pool.matches(decimal, longest + "9"));
  EXPECT_FALSE(pool.matches(integer, longest + "9"));
  const Decimal three = Decimal::parse("3").value();
  for (const bool whole : {true, false}) {
    const Expression threes =
        compile_number(pool, {.integer = whole, .multiple_of = three}).value();
    EXPECT_TRUE(pool.matches(threes, longest));
    EXPECT_FALSE(pool.matches(threes, longest + "9"));
  }
  EXPECT_TRUE(pool.matches(decimal, "999999999e299"));
  EXPECT_TRUE(pool.matches(decimal, "1.5E-399"));
  const Expression bounded = compile_number(pool, bounds_of(false, ">=0 <10")).value();
  EXPECT_TRUE(pool.matches(bounded, "1.5e-399"));
  for (const char* beyond : {"1e400", "1e1000", "1e-1000", "1e-400", "9999999999e299"}) {
    EXPECT_FALSE(pool.matches(decimal, beyond)) << beyond;
    EXPECT_FALSE(pool.matches(bounded, beyond)) << beyond;
  }
}

TEST(Number, IntegersAreThoseInBounds) {
  const auto numbers = spelled_numbers(false);
  for (const char* text : {"",
                           ">=0",
                           ">0",
                           "<=0",
                           "<0",
                           ">=1",
                           ">=-1",
                           ">=0 <=0",
                           ">=5 <=5",
                           ">5 <6",
                           ">=5 <5",
                           ">=0 <=9",
                           ">=0 <=10",
                           ">=1 <=100",
                           ">=18 <=120",
                           ">=-5 <=5",
                           ">-5 <5",
                           ">=-120 <=-7",
                           ">=99 <=1001",
                           ">=123 <=1234",
                           ">=0.5",
                           ">0.5 <=1.5",
                           ">=-0.5 <0.5",
                           "<=99.99",
                           ">-10.5",
                           ">=255 <=65535",
                           ">=1e2 <1e5",
                           "<=-1",
                           "<-1",
                           ">=1.5 <=1.7",
                           ">=-1000 <1000",
                           ">=9 <=10"}) {
    expect_bounds(true, text, numbers);
    if (HasFatalFailure()) return;
  }
}

TEST(Number, IntegersAreMultiples) {
  const auto numbers = spelled_numbers(false);
  for (const char* text : {"%1",
                           "%2",
                           "%3",
                           "%7",
                           "%5",
                           "%10",
                           "%20",
                           "%25",
                           "%100",
                           "%1000",
                           "%0.5",
                           "%2.5",
                           "%1.5",
                           "%0.01",
                           "%12",
                           "%1e-8",
                           "%3 >=10",
                           "%7 >20 <=1000000000",
                           "%10 >=5 <=99",
                           "%5 >=-22 <=17",
                           "%6 >=-1e6 <=1e6",
                           "%15 >0",
                           "%4 <0",
                           "%13 >=14 <=25",
                           "%9999 >=0",
                           "%99991 <=100000 >0"}) {
    expect_bounds(true, text, numbers);
    if (HasFatalFailure()) return;
  }
}

TEST(Number, DecimalsAreThoseInBounds) {
  const auto numbers = spelled_numbers(true);
  for (const char* text : {"",
                           ">=0",
                           ">0",
                           "<=0",
                           "<0",
                           ">=1",
                           ">1",
                           "<1",
                           "<=1",
                           ">=0 <=1",
                           ">0 <1",
                           ">=0 <1",
                           ">=-180.0 <=180",
                           ">=-90 <90",
                           ">=0.1",
                           ">0.1",
                           "<0.1",
                           "<=0.1",
                           ">=0.1 <=0.12",
                           ">0.1 <0.12",
                           ">0.1 <=0.100001",
                           ">=1.05 <=1.5",
                           ">1.05 <10.5",
                           ">=-0.05 <=0.05",
                           ">=9.99 <=10.01",
                           ">=99.5 <=180.25",
                           ">0.999",
                           "<=-0.1 >=-0.11",
                           ">=5 <=5",
                           ">=0.5 <=0.5",
                           ">=-0.5 <-0.5",
                           ">=0 <=0",
                           ">-0.001 <0.001",
                           ">=1.2 <1.25",
                           ">=2 <=11.9",
                           ">=0.01 <=99"}) {
    expect_bounds(false, text, numbers);
    if (HasFatalFailure()) return;
  }
}

TEST(Number, DecimalsAreMultiples) {
  const auto numbers = spelled_numbers(true);
  for (const char* text : {"%1",
                           "%2",
                           "%10",
                           "%0.01",
                           "%0.1",
                           "%0.001",
                           "%0.5",
                           "%0.05",
                           "%0.25",
                           "%2.5",
                           "%1.5",
                           "%0.03",
                           "%0.12",
                           "%0.0001",
                           "%0.01 >=0 <=1",
                           "%0.5 >-2 <2.5",
                           "%0.25 >=0.3 <=0.8",
                           "%0.1 >0",
                           "%5 <=100 >=-5",
                           "%0.07 >=0.5 <=2",
                           "%0.3 <=-0.1"}) {
    expect_bounds(false, text, numbers);
    if (HasFatalFailure()) return;
  }
}

TEST(Number, RandomBoundsHold) {
  std::mt19937 random(7);
  const auto any = [&](int max) { return static_cast<int>(random() % static_cast<unsigned>(max)); };
  const auto number = [&] {
    std::string text = any(2) > 0 ? "-" : "";
    text += std::to_string(any(4) > 0 ? any(13) : any(200));
    if (any(3) > 0)
      text += "." + std::string(static_cast<std::size_t>(any(2)), '0') + std::to_string(any(100));
    return text;
  };
  const auto integers = spelled_numbers(false), decimals = spelled_numbers(true);
  for (int round = 0; round < 60; ++round) {
    std::string low = number(), high = number();
    if (*scaled(low) > *scaled(high)) std::swap(low, high);
    const std::string text = (any(2) > 0 ? ">=" : ">") + low + (any(2) > 0 ? " <=" : " <") + high;
    expect_bounds(true, text, integers);
    expect_bounds(false, text, decimals);
    if (HasFatalFailure()) return;
  }
}

TEST(Number, ExponentsAreLetThroughWhereTheyAreWithin) {
  const auto expect = [](std::string_view bounds, std::string_view number, bool matches) {
    ExpressionPool pool;
    const auto compiled = compile_number(pool, bounds_of(false, bounds));
    ASSERT_TRUE(compiled);
    EXPECT_EQ(pool.matches(*compiled, number), matches) << number << " in " << bounds;
  };
  for (const char* number : {"1e5", "-1.5E+10", "0e0", "1e-399", "-0.0e5", "12.50e007"}) {
    expect("", number, true);
  }
  expect(">=0", "1e9", true);
  expect(">=0", "-1e9", false);
  expect(">=0", "-0.0e5", true);
  expect(">0", "0.0e5", false);
  expect(">0", "0.1e5", true);
  expect("<0", "-0e1", false);
  expect("<=0", "0e1", true);
  expect("<=0", "0.01e1", false);
  expect(">=0 <=1", "1e-05", true);
  expect(">=0 <=1", "1.25e-7", true);
  expect(">=0 <=1", "9.9E-100", true);
  expect(">=0 <=1", "1e-4", false);  // within, but spelled as no program does
  expect(">=0 <=0.00001", "1e-05", false);
  expect(">=-1 <=1", "-1e-05", true);
  expect(">=5", "1e+16", true);
  expect(">=5", "2.5e20", true);
  expect(">=5", "1e15", false);
  expect(">=-5", "-1e-05", true);
  expect(">=-5", "-1e16", false);
  expect(">=20000000000000000", "1e+16", false);
}

TEST(Number, EveryExponentIsWithin) {
  for (const char* text : {">=0", ">0", "<=0", "<0", ">=0 <=1", ">-1", "<0.0001 >=0", ">=9.5"}) {
    ExpressionPool pool;
    const auto compiled = compile_number(pool, bounds_of(false, text));
    ASSERT_TRUE(compiled);
    for (const std::string mantissa : {"0", "0.0", "1", "9.999", "0.5", "10", "2.50"}) {
      for (int exponent = -6; exponent <= 18; ++exponent) {
        for (const char* sign : {"", "-"}) {
          const std::string number = sign + mantissa + "e" + std::to_string(exponent);
          if (pool.matches(*compiled, number)) EXPECT_TRUE(within(number, text)) << number << text;
        }
      }
    }
  }
}

TEST(Number, IsSpelledAsJsonSpellsIt) {
  ExpressionPool pool;
  const Expression any = *compile_number(pool, {});
  const Expression integer = *compile_number(pool, {.integer = true});
  for (const char* text : {"", "-", "+1", "01", "-01", ".5", "1.", "1.e5", "1e", "1e+", "0x1", "1 ",
                           "--1", "1.5.5", "1e5.5", "NaN", "Infinity"}) {
    EXPECT_FALSE(pool.matches(any, text)) << text;
    EXPECT_FALSE(pool.matches(integer, text)) << text;
  }
  for (const char* text : {"1.0", "1e2", "-0.0"}) EXPECT_FALSE(pool.matches(integer, text)) << text;
  EXPECT_TRUE(pool.matches(integer, "-0"));
  const Expression bounded = *compile_number(pool, bounds_of(false, ">=-5.5 <=100.25"));
  for (const char* text : {"", "-", "1.", "01", "00.5", "1..2", "1.2.3", "."}) {
    EXPECT_FALSE(pool.matches(bounded, text)) << text;
  }
}

TEST(Number, BoundsMayBeOfAnySize) {
  ExpressionPool pool;
  const Expression signed64 =
      *compile_number(pool, bounds_of(true, ">=-9223372036854775808 <=9223372036854775807"));
  EXPECT_TRUE(pool.matches(signed64, "9223372036854775807"));
  EXPECT_FALSE(pool.matches(signed64, "9223372036854775808"));
  EXPECT_TRUE(pool.matches(signed64, "-9223372036854775808"));
  EXPECT_FALSE(pool.matches(signed64, "-9223372036854775809"));
  const Expression huge = *compile_number(pool, bounds_of(false, "<=1e308 >=-1e308"));
  EXPECT_TRUE(pool.matches(huge, "1" + std::string(308, '0')));
  EXPECT_FALSE(pool.matches(huge, "1" + std::string(308, '0') + ".1"));
  EXPECT_FALSE(pool.matches(huge, "2" + std::string(308, '0')));
  const Expression small = *compile_number(pool, bounds_of(false, ">=1e-300 <=2e-300"));
  EXPECT_TRUE(pool.matches(small, "0." + std::string(299, '0') + "15"));
  EXPECT_FALSE(pool.matches(small, "0." + std::string(299, '0') + "21"));
  EXPECT_LT(pool.size(), 20'000u);
}

TEST(Number, SaysWhereNoNumberIsInBounds) {
  for (const char* text : {">=1 <=0", ">1 <=1", ">1.2 <1.8", "%7 >=15 <=20", ">0 <1"}) {
    ExpressionPool pool;
    EXPECT_EQ(*compile_number(pool, bounds_of(true, text)), ExpressionPool::nothing()) << text;
  }
}

TEST(Number, RefusesMultiplesOfTooManyStates) {
  ExpressionPool pool;
  EXPECT_TRUE(compile_number(pool, bounds_of(true, "%10000019 >=0 <=100000000")));
  EXPECT_TRUE(compile_number(pool, bounds_of(true, "%86400000000")));
  EXPECT_FALSE(compile_number(pool, bounds_of(true, "%10000019")));
  EXPECT_FALSE(compile_number(pool, bounds_of(false, "%0.123456789")));
  EXPECT_FALSE(compile_number(pool, bounds_of(false, "%1234567890123456789012")));
  EXPECT_FALSE(compile_number(pool, {.multiple_of = Decimal{}}));
  EXPECT_FALSE(compile_number(pool, bounds_of(false, "%-1")));
}

}  // namespace
}  // namespace retort::grammar
