// The engine over a small random model: what its thread promises, and that answers are bit-exact.
#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "engine/test_engine.h"

namespace retort::engine {
namespace {

TEST_F(EngineTest, AnswersAreTheSameBitsAloneTogetherChunkedParkedAndOnTwoThreads) {
  start();
  std::vector<SequenceRequest> requests;
  for (int i = 0; i < 8; ++i) requests.push_back(request(i));
  std::vector<std::string> alone;
  for (const SequenceRequest& one : requests) {
    const Answer answer = run({one}).front();
    EXPECT_EQ(answer.end, EndReason::length);
    alone.push_back(answer.line);
  }
  const auto expect_same = [&](const char* how) {
    const std::vector<Answer> answers = run(requests);
    for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i].line, alone[i]) << how;
  };
  expect_same("in a batch of 8");
  start({.scheduler = {.batch_sequences_max = 8, .step_tokens_max = 7}});
  expect_same("in steps of 7 tokens");
  start({.scheduler = {.batch_sequences_max = 8, .step_tokens_max = 64}, .kv_pages = 8});
  expect_same("parked for want of pages");
  start({.scheduler = {.batch_sequences_max = 3}}, 2);
  expect_same("in batches of 3, on 2 threads");
}

TEST_F(EngineTest, ChoicesOfOnePromptShareItAndAreTheSameBitsAsAlone) {
  start();
  std::vector<SequenceRequest> choices;
  std::vector<std::string> alone;
  for (std::uint32_t i = 0; i < 4; ++i) {
    choices.push_back(request(6));
    choices.back().prompt_group = 1;
    choices.back().sampling.choice = i;
    alone.push_back(run({choices.back()}).front().line);
  }
  EXPECT_NE(alone[0], alone[1]);
  start();  // with nothing in its cache
  const std::vector<Answer> together = run(choices);
  for (std::size_t i = 0; i < choices.size(); ++i) EXPECT_EQ(together[i].line, alone[i]);
  const std::size_t prompt = choices[0].prompt.size();
  ASSERT_TRUE(await_stats([](const EngineStats& stats) { return stats.running == 0; }));
  const std::size_t rest = prompt - (prompt - 1) / model::kPageTokens * model::kPageTokens;
  EXPECT_EQ(engine_->stats().prompt_tokens, prompt + 3 * rest);
}

TEST_F(EngineTest, ABeginningThatIsCachedChangesNoBit) {
  start();
  const Answer cold = run({request(7)}).front();
  ASSERT_TRUE(await_stats([](const EngineStats& stats) { return stats.running == 0; }));
  const std::uint64_t before = engine_->stats().prompt_tokens;
  EXPECT_EQ(run({request(7)}).front().line, cold.line);
  ASSERT_TRUE(await_stats([](const EngineStats& stats) { return stats.running == 0; }));
  EXPECT_LE(engine_->stats().prompt_tokens - before, model::kPageTokens);
  SequenceRequest salted = request(7);
  salted.cache_salt = "another's";
  EXPECT_EQ(run({salted}).front().line, cold.line);
  ASSERT_TRUE(await_stats([](const EngineStats& stats) { return stats.running == 0; }));
  EXPECT_GT(engine_->stats().prompt_tokens - before, salted.prompt.size());
}

TEST_F(ConstrainedEngineTest, TheAnswerIsInTheGrammarAndEndsWithIt) {
  start();
  ASSERT_GE(model_->config().vocab_size, 36);
  for (int number = 0; number < 6; ++number) {
    const Answer answer = run({constrained(number, {"house", "horse", "tree"})}).front();
    EXPECT_EQ(answer.end, EndReason::end_token);
    EXPECT_THAT(spell(answer), testing::MatchesRegex("(house|horse|tree)[0-9]+end"));
  }
}

TEST_F(ConstrainedEngineTest, ForcedTokensAreTheSameWithAndWithoutLogProbabilities) {
  start();
  const SequenceRequest with = constrained(3, {"abcdefghijkl", "mnopqrst"});
  SequenceRequest without = with;
  without.sampling.logprobs = false;
  SequenceRequest sampled = without;
  sampled.encode = nullptr;
  const std::uint64_t steps = engine_->stats().steps;
  const std::string forced = spell(run({without}).front());
  ASSERT_TRUE(await_stats([](const EngineStats& stats) { return stats.running == 0; }));
  EXPECT_LT(engine_->stats().steps - steps, forced.size());
  EXPECT_EQ(spell(run({with}).front()), forced);
  EXPECT_EQ(spell(run({sampled}).front()), forced);  // each token spells one byte here
}

TEST_F(ConstrainedEngineTest, StandsBesideOtherSequencesWithoutChangingThem) {
  start();
  const std::string alone = run({request(2)}).front().line;
  const std::string constrained_alone = run({constrained(4, {"house", "tree"})}).front().line;
  const std::vector<Answer> together = run({request(2), constrained(4, {"house", "tree"})});
  EXPECT_EQ(together[0].line, alone);
  EXPECT_EQ(together[1].line, constrained_alone);
}

TEST_F(ConstrainedEngineTest, AVocabularyThatCannotSpellTheGrammarEndsStuck) {
  start();
  SequenceRequest request = constrained(1, {"UPPER", "CASE"});
  EXPECT_EQ(run({request}).front().end, EndReason::stuck);
}

TEST_F(EngineTest, EndTokensEndTheSequenceAndAreNoPartOfIt) {
  start();
  SequenceRequest wanted = request(1);
  const std::string whole = run({wanted}).front().line;
  // The third token of the greedy answer becomes the end.
  std::size_t at = whole.find(' ');
  at = whole.find(' ', at + 1) + 1;
  const auto end_token = static_cast<TokenId>(std::stol(whole.substr(at)));
  wanted.end_tokens = {end_token};
  const Answer ended = run({wanted}).front();
  EXPECT_EQ(ended.end, EndReason::end_token);
  EXPECT_TRUE(whole.starts_with(ended.line));
  EXPECT_LE(ended.line.size(), at);

  wanted.min_tokens = 10;
  const Answer later = run({wanted}).front();
  EXPECT_GE(std::count(later.line.begin(), later.line.end(), ' '), 10);
  wanted.ignore_eos = true;
  EXPECT_EQ(run({wanted}).front().end, EndReason::length);
}

TEST_F(EngineTest, ACancelledSequenceIsGoneWithinAStep) {
  start();
  boost::asio::io_context context(1);
  {
    Result<TokenStream> stream = engine_->submit(request(2, 150), context.get_executor());
    ASSERT_TRUE(stream);
    EXPECT_TRUE(await_stats([](const EngineStats& stats) { return stats.generated_tokens > 2; }));
  }
  EXPECT_TRUE(await_stats(
      [](const EngineStats& stats) { return stats.running == 0 && stats.kv_pages_used == 0; }));
}

TEST_F(EngineTest, AReaderThatStopsReadingPausesItsOwnSequenceOnly) {
  start({.stream_events_max = 4});
  boost::asio::io_context context(1);
  Result<TokenStream> slow = engine_->submit(request(2, 100), context.get_executor());
  ASSERT_TRUE(slow);
  EXPECT_TRUE(await_stats([](const EngineStats& stats) { return stats.generated_tokens == 4; }));
  EXPECT_EQ(run({request(3, 50)}).front().end, EndReason::length);
  EXPECT_EQ(engine_->stats().generated_tokens, 54u);
  Answer answer;
  base::spawn(context.get_executor(), read(std::move(*slow), answer));
  context.run();
  EXPECT_EQ(answer.end, EndReason::length);
  EXPECT_EQ(std::count(answer.line.begin(), answer.line.end(), ' '), 100);
}

TEST_F(EngineTest, RefusesWhatDoesNotFitAndWhatIsTooMuch) {
  start({.scheduler = {.batch_sequences_max = 1}, .waiting_max = 2});
  boost::asio::io_context context(1);
  const Result<TokenStream> large = engine_->submit(request(0, 1'000), context.get_executor());
  ASSERT_FALSE(large.has_value());
  EXPECT_EQ(large.error().code(), "context_length_exceeded");
  // Nobody reads, so the first runs until it pauses, two wait, and the next is one too many.
  std::vector<TokenStream> streams;
  for (int i = 0; i < 3; ++i) {
    Result<TokenStream> stream = engine_->submit(request(i, 200), context.get_executor());
    ASSERT_TRUE(stream);
    streams.push_back(std::move(*stream));
    EXPECT_TRUE(await_stats([](const EngineStats& stats) { return stats.running == 1; }));
  }
  const Result<TokenStream> refused = engine_->submit(request(0, 10), context.get_executor());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().status(), 429);
  EXPECT_TRUE(refused.error().retry_after().has_value());
}

TEST_F(EngineTest, StoppingEndsEverySequence) {
  start();
  boost::asio::io_context context(1);
  Result<TokenStream> stream = engine_->submit(request(4, 150), context.get_executor());
  ASSERT_TRUE(stream);
  engine_.reset();
  Answer answer;
  base::spawn(context.get_executor(), read(std::move(*stream), answer));
  context.run();
  EXPECT_EQ(answer.end, EndReason::cancelled);
}

TEST_F(EngineTest, RefusesMemoryForLessThanOneContext) {
  start();
  EngineOptions options;
  options.context = 256;
  options.kv_pages = 7;
  const Result<std::unique_ptr<Engine>> engine = Engine::start(*model_, *pool_, log_, options);
  ASSERT_FALSE(engine.has_value());
  EXPECT_NE(engine.error().message().find("--kv-memory"), std::string::npos);
}

}  // namespace
}  // namespace retort::engine
