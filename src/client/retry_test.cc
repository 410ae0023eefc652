#include <gtest/gtest.h>

#include <cmath>

#include <retort/retry.h>

#include "client/mock_testing.h"
#include "client/retry_decision.h"

namespace retort::client::test {
namespace {

using std::chrono::milliseconds;

// When the requests were sent, in virtual time.
std::vector<std::int64_t> times_of(const MockTransport& mock) {
  std::vector<std::int64_t> times;
  for (const auto& recorded : mock.requests()) times.push_back(recorded.at.count());
  return times;
}

MockAnswer refusal(int status, Headers headers = {}) {
  MockAnswer answer = MockAnswer::json(R"({"error":{"message":"no"}})", status);
  for (const auto& [name, value] : headers) answer.headers.add(name, value);
  return answer;
}

TEST(Retry, NothingIsRetriedUnlessAsked) {
  Mocked mocked;
  mocked.mock->add(refusal(503));
  EXPECT_FALSE(mocked.client().chat().try_create(hello()).has_value());
  EXPECT_EQ(mocked.mock->requests().size(), 1U);
}

// min(0.5 * 1.5^k + U, 60) seconds, U = 0.5, until an hour has passed since the call began; the
// check comes before the wait, so the last wait may outlast the hour.
TEST(Retry, AtomasScheduleIsItsFormulaForAnHour) {
  Mocked mocked;
  mocked.options.retry = RetryPolicy::atoma();
  for (int i = 0; i < 200; ++i) mocked.mock->add(refusal(503));
  const auto answer = mocked.client().chat().try_create(hello());
  std::vector<std::int64_t> expected = {0};
  for (int k = 0; expected.back() <= 3'600'000; ++k) {
    const double seconds = std::min(0.5 * std::pow(1.5, k) + 0.5, 60.0);
    expected.push_back(expected.back() + std::llround(seconds * 1000));
  }
  EXPECT_EQ(times_of(*mocked.mock), expected);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().status(), 503);
  EXPECT_EQ(answer.error().attempts(), static_cast<int>(expected.size()));
}

// min(0.5 * 2^k, 8) * (1 - 0.25 U) seconds, twice.
TEST(Retry, OpenAisScheduleIsItsFormulaTwice) {
  Mocked mocked;
  mocked.options.retry = RetryPolicy::openai();
  for (int i = 0; i < 5; ++i) mocked.mock->add(refusal(500));
  EXPECT_EQ(mocked.client().chat().try_create(hello()).error().attempts(), 3);
  EXPECT_EQ(times_of(*mocked.mock), (std::vector<std::int64_t>{0, 438, 1313}));
}

TEST(Retry, LongestBoundsTheWaitBeforeItsShareIsTaken) {
  const RetryPolicy policy = RetryPolicy::openai();
  EXPECT_EQ(policy.wait_before(10, 0).count(), 8'000);
  EXPECT_EQ(policy.wait_before(10, 1).count(), 6'000);
  EXPECT_EQ(policy.wait_before(100'000, 0.5).count(), 7'000);
  EXPECT_EQ(RetryPolicy::atoma().wait_before(100'000, 0.9).count(), 60'000);
}

TEST(Retry, WaitHasNoUnreasonableValue) {
  RetryPolicy policy;
  policy.initial = milliseconds(0);
  EXPECT_EQ(policy.wait_before(5'000, 0.5).count(), 0);
  policy.initial = milliseconds::max();
  policy.longest = milliseconds::max();
  EXPECT_GT(policy.wait_before(1, 0).count(), 0);
  policy.jitter_share = 3;
  EXPECT_EQ(policy.wait_before(1, 0.9).count(), 0);
}

TEST(Retry, StatusesAreThoseOfThePolicy) {
  const std::vector<std::pair<int, bool>> atoma = {
      {400, false}, {401, false}, {404, false}, {408, false}, {409, false}, {422, false},
      {429, true},  {500, true},  {501, false}, {502, true},  {503, true},  {504, true}};
  for (const auto& [status, again] : atoma) {
    Mocked mocked;
    mocked.options.retry = RetryPolicy::atoma();
    mocked.mock->add(refusal(status));
    mocked.mock->add(MockAnswer::json(text_answer("Hi")));
    EXPECT_EQ(mocked.client().chat().try_create(hello()).has_value(), again) << status;
  }
  for (const int status : {408, 409, 429, 500, 501, 529}) {
    Mocked mocked;
    mocked.options.retry = RetryPolicy::openai();
    mocked.mock->add(refusal(status));
    mocked.mock->add(MockAnswer::json(text_answer("Hi")));
    EXPECT_TRUE(mocked.client().chat().try_create(hello()).has_value()) << status;
  }
}

TEST(Retry, ConnectionErrorsAreByChoice) {
  for (const bool chosen : {false, true}) {
    Mocked mocked;
    mocked.options.retry = RetryPolicy::atoma();
    mocked.options.retry.on_connection_error = chosen;
    mocked.mock->add(MockAnswer::fail(ErrorKind::connection, "refused"));
    mocked.mock->add(MockAnswer::json(text_answer("Hi")));
    EXPECT_EQ(mocked.client().chat().try_create(hello()).has_value(), chosen);
  }
}

TEST(Retry, RetryAfterIsObeyedInEachOfItsForms) {
  const std::vector<std::pair<Headers, std::int64_t>> cases = {
      {{{"retry-after", "3"}}, 3'000},
      {{{"Retry-After", "0.25"}}, 250},
      {{{"retry-after-ms", "40"}, {"retry-after", "3"}}, 40},
      {{{"retry-after", "-1"}}, 438},
      {{{"retry-after", "soon"}}, 438},
      {{{"retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"}}, 0},
  };
  for (const auto& [headers, wait] : cases) {
    Mocked mocked;
    mocked.options.retry = RetryPolicy::openai();
    mocked.mock->add(refusal(429, headers));
    mocked.mock->add(MockAnswer::json(text_answer("Hi")));
    EXPECT_TRUE(mocked.client().chat().try_create(hello()).has_value());
    EXPECT_EQ(times_of(*mocked.mock), (std::vector<std::int64_t>{0, wait}))
        << headers.begin()->second;
  }
}

TEST(Retry, HttpDateIsCountedFromNow) {
  const auto now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) + std::chrono::hours(8);
  const auto wait = retry_after({{"retry-after", "Sat, 21 Nov 2026 08:00:07 GMT"}}, now);
  EXPECT_EQ(wait, milliseconds(7'000));
  EXPECT_FALSE(retry_after({{"retry-after", "Sat, 41 Nov 2026 08:00:07 GMT"}}, now).has_value());
  for (const char* far : {"Sun, 21 Nov 0094 08:00:07 GMT", "Sun, 21 Nov 9999 08:00:07 GMT"}) {
    EXPECT_FALSE(retry_after({{"retry-after", far}}, now).has_value()) << far;
  }
}

TEST(Retry, LongerRetryAfterThanThePolicyAllowsEndsTheCallAtOnce) {
  Mocked mocked;
  mocked.options.retry = RetryPolicy::openai();
  mocked.mock->add(refusal(429, {{"retry-after", "121"}}));
  try {
    (void)mocked.client().chat().create(hello());
    ADD_FAILURE();
  } catch (const RateLimitError& error) {
    EXPECT_EQ(error.retry_after(), milliseconds(121'000));
    EXPECT_EQ(error.attempts(), 1);
  }
  EXPECT_EQ(mocked.mock->requests().size(), 1U);
}

TEST(Retry, ServerHasTheLastWord) {
  Mocked forbidden;
  forbidden.options.retry = RetryPolicy::openai();
  forbidden.mock->add(refusal(503, {{"x-should-retry", "false"}}));
  EXPECT_FALSE(forbidden.client().chat().try_create(hello()).has_value());
  EXPECT_EQ(forbidden.mock->requests().size(), 1U);

  Mocked asked;
  asked.options.retry = RetryPolicy::openai();
  asked.mock->add(refusal(400, {{"x-should-retry", "true"}}));
  asked.mock->add(MockAnswer::json(text_answer("Hi")));
  EXPECT_TRUE(asked.client().chat().try_create(hello()).has_value());
}

TEST(Retry, EmptyAccountIsFinal) {
  Mocked mocked;
  mocked.options.retry = RetryPolicy::openai();
  mocked.mock->add(
      MockAnswer::json(R"({"error":{"message":"no","code":"insufficient_quota"}})", 429));
  EXPECT_FALSE(mocked.client().chat().try_create(hello()).has_value());
  EXPECT_EQ(mocked.mock->requests().size(), 1U);
}

TEST(Retry, CallsOwnPolicyReplacesTheClients) {
  Mocked mocked;
  mocked.options.retry = RetryPolicy::openai();
  mocked.mock->add(refusal(500));
  RequestOptions options;
  options.retry = RetryPolicy::none();
  EXPECT_FALSE(mocked.client().chat().try_create(hello(), options).has_value());
  EXPECT_EQ(mocked.mock->requests().size(), 1U);
}

TEST(Retry, StreamIsRetriedUntilItBegins) {
  Mocked mocked;
  mocked.options.retry = RetryPolicy::openai();
  mocked.mock->add(refusal(503));
  mocked.mock->add(MockAnswer::events({text_chunk("a"), last_chunk()}));
  EXPECT_EQ(mocked.client().chat().stream(hello()).finish().choices.at(0).message.content, "a");
  EXPECT_EQ(mocked.mock->requests().size(), 2U);
}

TEST(Retry, NothingIsRetriedOnceAnEventHasCome) {
  Mocked mocked;
  mocked.options.retry = RetryPolicy::openai();
  MockAnswer broken = MockAnswer::events({text_chunk("a")});
  broken.body.pop_back();
  broken.failure = Error(ErrorKind::connection, "reset");
  mocked.mock->add(broken);
  mocked.mock->add(MockAnswer::events({text_chunk("a"), last_chunk()}));
  ChatStream stream = mocked.client().chat().stream(hello());
  EXPECT_TRUE(stream.next().has_value());
  EXPECT_THROW((void)stream.next(), StreamTruncatedError);
  EXPECT_EQ(mocked.mock->requests().size(), 1U);
}

TEST(Retry, TotalLimitCutsTheWaitsShort) {
  Mocked mocked;
  mocked.options.retry = RetryPolicy::atoma();
  mocked.options.timeouts.total = milliseconds(5'000);
  for (int i = 0; i < 20; ++i) mocked.mock->add(refusal(503));
  const auto answer = mocked.client().chat().try_create(hello());
  ASSERT_FALSE(answer.has_value());
  // 0, 1, 2.25, 3.875; the next would be sent at 6.0625 s.
  EXPECT_EQ(times_of(*mocked.mock), (std::vector<std::int64_t>{0, 1'000, 2'250, 3'875}));
  EXPECT_EQ(answer.error().attempts(), 4);
}

TEST(Retry, TotalLimitCutsAnAttemptShort) {
  Mocked mocked;
  mocked.options.retry = RetryPolicy::openai();
  mocked.options.timeouts.total = milliseconds(1'000);
  MockAnswer slow = MockAnswer::json(text_answer("Hi"));
  slow.head_delay = milliseconds(900);
  mocked.mock->add(refusal(503));
  mocked.mock->add(slow);
  const auto answer = mocked.client().chat().try_create(hello());
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind(), ErrorKind::timeout);
  EXPECT_EQ(answer.error().code(), "total");
  EXPECT_EQ(answer.error().attempts(), 2);
  EXPECT_EQ(mocked.mock->cancelled(), 1U);
}

TEST(Timeouts, EachLimitNamesItself) {
  MockAnswer slow_head = MockAnswer::json(text_answer("Hi"));
  slow_head.head_delay = milliseconds(100);
  MockAnswer slow_pieces = MockAnswer::json(text_answer("Hi")).split_every(100);
  slow_pieces.piece_delay = milliseconds(100);
  const auto code_of = [](const MockAnswer& answer, const Timeouts& timeouts) {
    Mocked mocked;
    mocked.options.timeouts = timeouts;
    mocked.mock->add(answer);
    const auto got = mocked.client().chat().try_create(hello());
    return got ? std::string("answered") : got.error().code();
  };
  EXPECT_EQ(code_of(slow_head, {.first_byte = milliseconds(99)}), "first_byte");
  EXPECT_EQ(code_of(slow_head, {.first_byte = milliseconds(101)}), "answered");
  EXPECT_EQ(code_of(slow_pieces, {.first_byte = milliseconds(99)}), "first_byte");
  EXPECT_EQ(code_of(slow_pieces, {.idle = milliseconds(99)}), "idle");
  EXPECT_EQ(code_of(slow_pieces, {.idle = milliseconds(101)}), "answered");
  EXPECT_EQ(code_of(slow_pieces, {.attempt = milliseconds(150)}), "attempt");
  EXPECT_EQ(code_of(slow_pieces, {.total = milliseconds(150)}), "total");
}

TEST(Timeouts, AreRetriedWherePolicySaysSo) {
  Mocked mocked;
  mocked.options.retry = RetryPolicy::openai();
  mocked.options.timeouts.first_byte = milliseconds(50);
  MockAnswer slow = MockAnswer::json(text_answer("late"));
  slow.head_delay = milliseconds(60);
  mocked.mock->add(slow);
  mocked.mock->add(MockAnswer::json(text_answer("Hi")));
  EXPECT_EQ(mocked.client().chat().create(hello()).choices.at(0).message.content, "Hi");
  EXPECT_EQ(times_of(*mocked.mock), (std::vector<std::int64_t>{0, 488}));
}

TEST(Timeouts, ThrowTimeoutErrorWhichIsAConnectionError) {
  Mocked mocked;
  mocked.options.timeouts.total = milliseconds(10);
  MockAnswer slow = MockAnswer::json(text_answer("late"));
  slow.head_delay = milliseconds(60);
  mocked.mock->add(slow);
  try {
    (void)mocked.client().chat().create(hello());
    ADD_FAILURE();
  } catch (const ConnectionError& error) {
    EXPECT_NE(dynamic_cast<const TimeoutError*>(&error), nullptr);
  }
}

}  // namespace
}  // namespace retort::client::test
