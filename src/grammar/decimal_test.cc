#include "grammar/decimal.h"

#include <gtest/gtest.h>

#include <string>

namespace retort::grammar {
namespace {

TEST(Decimal, ReadsNumbersExactly) {
  EXPECT_EQ(*Decimal::parse("-180.0"), (Decimal{true, "18", 1}));
  EXPECT_EQ(*Decimal::parse("0.10"), (Decimal{false, "1", -1}));
  EXPECT_EQ(*Decimal::parse("1.25e-3"), (Decimal{false, "125", -5}));
  EXPECT_EQ(*Decimal::parse("1E+308"), (Decimal{false, "1", 308}));
  EXPECT_EQ(*Decimal::parse("9223372036854775807"), (Decimal{false, "9223372036854775807", 0}));
  EXPECT_EQ(*Decimal::parse("-0"), Decimal{});
  EXPECT_EQ(*Decimal::parse("0.000e99999999999999999999"), Decimal{});
}

TEST(Decimal, RefusesWhatIsNoNumberOrTooFarAway) {
  for (const char* text :
       {"", "-", "+1", "01", "1.", ".1", "1e", "1e+", "1 ", "0x1", "1,5", "e5"}) {
    EXPECT_FALSE(Decimal::parse(text)) << text;
  }
  EXPECT_TRUE(Decimal::parse("1e399"));
  EXPECT_FALSE(Decimal::parse("1e400"));
  EXPECT_TRUE(Decimal::parse("1e-400"));
  EXPECT_FALSE(Decimal::parse("1e-401"));
  EXPECT_FALSE(Decimal::parse("1e99999999999999999999"));
  EXPECT_FALSE(Decimal::parse(std::string(401, '9')));
}

TEST(Decimal, Compares) {
  const char* rising[] = {"-1e300", "-10",  "-9.99",  "-1", "-0.1", "-0.01", "0",
                          "0.001",  "0.01", "0.0101", "1",  "9.99", "10",    "1e300"};
  for (std::size_t i = 0; i < std::size(rising); ++i) {
    for (std::size_t j = 0; j < std::size(rising); ++j) {
      const int order = compare(*Decimal::parse(rising[i]), *Decimal::parse(rising[j]));
      EXPECT_EQ(order < 0, i < j) << rising[i] << " " << rising[j];
      EXPECT_EQ(order > 0, i > j) << rising[i] << " " << rising[j];
    }
  }
}

TEST(Decimal, KnowsMultiples) {
  const auto multiple = [](const char* a, const char* b) {
    return is_multiple(*Decimal::parse(a), *Decimal::parse(b));
  };
  EXPECT_TRUE(multiple("0.0075", "0.0001"));
  EXPECT_FALSE(multiple("0.00751", "0.0001"));
  EXPECT_TRUE(multiple("0", "7"));
  EXPECT_TRUE(multiple("-21", "7"));
  EXPECT_FALSE(multiple("22", "7"));
  EXPECT_TRUE(multiple("4.5", "1.5"));
  EXPECT_FALSE(multiple("4", "1.5"));
  EXPECT_TRUE(multiple("1e308", "5e-300"));
  EXPECT_FALSE(multiple("1e308", "0.123456789"));
  EXPECT_TRUE(multiple("12391239123", "1e-8"));
  EXPECT_TRUE(multiple("100", "20"));
  EXPECT_FALSE(multiple("10", "20"));
}

}  // namespace
}  // namespace retort::grammar
