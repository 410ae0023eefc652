#include "api/auth.h"

#include <gtest/gtest.h>

namespace retort::api {
namespace {

http::Headers with(std::string value) {
  return {{"Authorization", std::move(value)}};
}

TEST(KeyRing, TakesAnybodyWithoutKeys) {
  const KeyRing open({});
  EXPECT_TRUE(open.authenticate({}).has_value());
  EXPECT_TRUE(open.authenticate(with("Bearer ")).has_value());
  EXPECT_TRUE(open.authenticate(with("Bearer whatever")).has_value());
}

TEST(KeyRing, TakesEachOfItsKeysInAnySpellingOfTheScheme) {
  const KeyRing ring({"alpha", "beta"});
  EXPECT_TRUE(ring.authenticate(with("Bearer alpha")).has_value());
  EXPECT_TRUE(ring.authenticate(with("bearer beta")).has_value());
  EXPECT_TRUE(ring.authenticate(with("BEARER  beta ")).has_value());
}

TEST(KeyRing, RefusesWrongMissingAndEmptyKeysWithoutRepeatingThem) {
  const KeyRing ring({"alpha"});
  for (const char* value : {"Bearer alph", "Bearer ALPHA", "Bearer alphaa", "Basic alpha",
                            "Bearer ", "Bearer", "alpha", ""}) {
    const Result<void> answer = ring.authenticate(with(value));
    ASSERT_FALSE(answer.has_value()) << value;
    EXPECT_EQ(answer.error().status(), 401);
    EXPECT_EQ(answer.error().message().find("alph"), std::string::npos);
  }
  EXPECT_EQ(ring.authenticate(with("Bearer nope")).error().code(), "invalid_api_key");
  EXPECT_EQ(ring.authenticate({}).error().code(), "");
}

}  // namespace
}  // namespace retort::api
